//! The error codes that an answer tells.

/// How often each code stands in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErrorTally {
    /// Fields that say that there is no error.
    pub(crate) none: u64,
    /// The other codes; nearly always none.
    pub(crate) errors: Vec<(i16, u64)>,
}

impl ErrorTally {
    pub(super) fn add(&mut self, code: i16) {
        if code == 0 {
            self.none += 1;
            return;
        }
        match self.errors.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.errors.push((code, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted_apart() {
        let mut tally = ErrorTally::default();
        for code in [0, 3, 0, 6, 3] {
            tally.add(code);
        }
        assert_eq!(tally.none, 2);
        assert_eq!(tally.errors, [(3, 2), (6, 1)]);
    }
}
