//! The airlines' names.

use std::collections::BTreeMap;

use crate::csv::{self, CsvError};

const AIRLINES: &str = include_str!("../data/airlines.csv");

/// Airlines by code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Airlines(BTreeMap<String, String>);

impl Airlines {
    /// The airlines that left New York in 2013.
    ///
    /// # Errors
    /// When the data was damaged.
    pub fn of_2013() -> Result<Self, CsvError> {
        let rows = csv::rows(AIRLINES, "carrier,name")?;
        rows.map(|row| row.and_then(|row| Ok((row.value("carrier")?, row.value("name")?))))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The name behind a code; the code itself when it is not known.
    #[must_use]
    pub fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.get(code).map_or(code, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_stands_for_itself() {
        let airlines = Airlines::of_2013().unwrap();
        assert_eq!(airlines.name("UA"), "United Air Lines Inc.");
        assert_eq!(airlines.name("XX"), "XX");
    }
}
