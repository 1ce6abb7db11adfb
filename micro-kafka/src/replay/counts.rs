//! Counts by name, of a bounded number of names.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

/// The most names that are told apart.
const MOST: usize = 1_000;

/// How many letters there are of each of something. Of more than 1,000 names, those that came later
/// are counted together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    by_name: BTreeMap<String, u64>,
    others: u64,
}

impl Counts {
    /// How many letters have that name.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.by_name.get(name).copied().unwrap_or(0)
    }

    /// All names with their counts, in the order of the names.
    pub fn iter(&self) -> Iter<'_, String, u64> {
        self.by_name.iter()
    }

    /// How many letters have names that are not told apart any more.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.others
    }

    pub(super) fn add(&mut self, name: &str) {
        if let Some(count) = self.by_name.get_mut(name) {
            *count += 1;
        } else if self.by_name.len() < MOST {
            self.by_name.insert(name.to_owned(), 1);
        } else {
            self.others += 1;
        }
    }
}

impl<'c> IntoIterator for &'c Counts {
    type Item = (&'c String, &'c u64);
    type IntoIter = Iter<'c, String, u64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_are_counted_together() {
        let mut counts = Counts::default();
        for n in 0..MOST + 5 {
            counts.add(&format!("{n}"));
        }
        counts.add("0");
        assert_eq!((counts.get("0"), counts.others()), (2, 5));
        assert_eq!(counts.iter().count(), MOST);
    }
}
