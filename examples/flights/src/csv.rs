//! The example's data files: comma-separated, without quotes, `NA` where a value is not known.

use std::str::FromStr;

/// Why a data file could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsvError {
    /// The first line does not name the columns that are read.
    #[error("line 1: the columns are `{found}`, but `{expected}` is read")]
    Columns {
        /// The first line.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A line has too few or too many columns.
    #[error("line {line}: {found} columns instead of {expected}")]
    Width {
        /// The line, from 1.
        line: usize,
        /// Its columns.
        found: usize,
        /// The columns named by the first line.
        expected: usize,
    },
    /// A value is not of its column's type.
    #[error("line {line}: `{value}` is no value of column `{column}`")]
    Value {
        /// The line, from 1.
        line: usize,
        /// The column's name.
        column: &'static str,
        /// What stands there.
        value: String,
    },
}

/// One line, read by the names of its columns.
#[derive(Debug)]
pub struct Row<'a> {
    line: usize,
    columns: &'static str,
    values: Vec<&'a str>,
}

/// Reads the lines of `text`, whose first line must be `columns`.
///
/// # Errors
/// When the columns are other ones, or a line has too few or too many.
pub fn rows<'a>(
    text: &'a str,
    columns: &'static str,
) -> Result<impl Iterator<Item = Result<Row<'a>, CsvError>>, CsvError> {
    let mut lines = text.lines().zip(1..);
    let head = lines.next().map_or("", |(head, _)| head);
    if head != columns {
        return Err(CsvError::Columns {
            found: head.to_owned(),
            expected: columns,
        });
    }
    let expected = columns.split(',').count();
    Ok(lines.map(move |(text, line)| {
        let values: Vec<&str> = text.split(',').collect();
        match values.len() {
            found if found == expected => Ok(Row {
                line,
                columns,
                values,
            }),
            found => Err(CsvError::Width {
                line,
                found,
                expected,
            }),
        }
    }))
}

impl<'a> Row<'a> {
    /// The text in `column`.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn text(&self, column: &'static str) -> Result<&'a str, CsvError> {
        let at = self.columns.split(',').position(|name| name == column);
        let value = at.and_then(|at| self.values.get(at)).copied();
        value.ok_or_else(|| self.wrong(column, "(no such column)"))
    }

    /// The value in `column`.
    ///
    /// # Errors
    /// When it is not of this type.
    pub fn value<T: FromStr>(&self, column: &'static str) -> Result<T, CsvError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.wrong(column, text))
    }

    /// The value in `column`, `None` for `NA`.
    ///
    /// # Errors
    /// When it is neither `NA` nor of this type.
    pub fn known<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, CsvError> {
        match self.text(column)? {
            "NA" => Ok(None),
            _ => self.value(column).map(Some),
        }
    }

    fn wrong(&self, column: &'static str, value: &str) -> CsvError {
        CsvError::Value {
            line: self.line,
            column,
            value: value.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Row<'_> {
        rows(text, "code,minutes").unwrap().next().unwrap().unwrap()
    }

    #[test]
    fn values_are_read_by_column() {
        let row = first("code,minutes\nUA,-4\n");
        assert_eq!(row.text("code"), Ok("UA"));
        assert_eq!(row.value("minutes"), Ok(-4));
    }

    #[test]
    fn unknown_values_are_none() {
        assert_eq!(
            first("code,minutes\nUA,NA\n").known::<i32>("minutes"),
            Ok(None)
        );
    }

    #[test]
    fn a_wrong_value_is_told_with_line_and_column() {
        let error = first("code,minutes\nUA,soon\n")
            .known::<i32>("minutes")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: `soon` is no value of column `minutes`"
        );
    }

    #[test]
    fn a_line_of_another_width_is_refused() {
        let second = rows("code,minutes\nUA,1\nUA\n", "code,minutes")
            .unwrap()
            .nth(1)
            .unwrap();
        assert_eq!(
            second.unwrap_err().to_string(),
            "line 3: 1 columns instead of 2"
        );
    }

    #[test]
    fn another_file_is_refused() {
        let error = rows("minutes\n", "code,minutes").map(drop).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("line 1: the columns are `minutes`"),
            "{error}"
        );
    }
}
