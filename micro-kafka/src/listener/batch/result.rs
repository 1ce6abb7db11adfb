//! What a batch handler returns.

/// What became of each record of a batch; made by `Batch::settle`.
#[derive(Debug)]
#[must_use = "a handler returns it"]
pub struct BatchResult<E> {
    failures: Vec<(usize, E)>,
    /// Where results are missing, from the first of them on.
    told: usize,
    records: usize,
    /// Whether the handler says that it stopped at its last result.
    stopped: bool,
}

/// A record that its handler did not come to, because an earlier one failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler stopped at an earlier record of the batch")]
pub struct NotReached;

/// A record of whose fate the handler said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler gave {told} results for {records} records")]
pub struct MissingResult {
    /// How many results there are.
    pub told: usize,
    /// How many records there are.
    pub records: usize,
}

impl<E> BatchResult<E> {
    pub(crate) fn of(records: usize, results: impl IntoIterator<Item = Result<(), E>>) -> Self {
        let mut result = Self {
            failures: Vec::new(),
            told: 0,
            records,
            stopped: false,
        };
        for (index, each) in results.into_iter().take(records).enumerate() {
            result.told = index + 1;
            if let Err(error) = each {
                result.failures.push((index, error));
            }
        }
        result
    }

    pub(crate) fn failed_at(records: usize, index: usize, error: E) -> Self {
        let index = index.min(records.saturating_sub(1));
        Self {
            failures: vec![(index, error)],
            told: index + 1,
            records,
            stopped: true,
        }
    }

    /// Whether every record is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.failures.is_empty() && self.told == self.records
    }

    /// The failures, by the records' order.
    #[must_use]
    pub fn failures(&self) -> &[(usize, E)] {
        &self.failures
    }

    /// Each record's failure, `missing` where nothing was said, `not_reached` where that was meant.
    pub(crate) fn each<F>(
        self,
        failed: impl Fn(E) -> F,
        missing: impl Fn(MissingResult) -> F,
        not_reached: impl Fn(NotReached) -> F,
    ) -> Vec<Option<F>> {
        let (told, records, stopped) = (self.told, self.records, self.stopped);
        let mut each = Vec::with_capacity(records);
        each.resize_with(told, || None);
        for (index, error) in self.failures {
            each[index] = Some(failed(error));
        }
        each.resize_with(records, || {
            Some(match stopped {
                true => not_reached(NotReached),
                false => missing(MissingResult { told, records }),
            })
        });
        each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_stands_at_its_record_and_what_is_missing_failed() {
        let result = BatchResult::of(4, [Ok(()), Err("b")]);
        assert!(!result.is_done());
        assert_eq!(result.failures(), [(1, "b")]);
        let each = result.each(str::to_owned, |it| it.to_string(), |it| it.to_string());
        let missing = || Some("the handler gave 2 results for 4 records".to_owned());
        assert_eq!(each, [None, Some("b".to_owned()), missing(), missing()]);
        let stopped = BatchResult::failed_at(3, 1, "b");
        let each = stopped.each(str::to_owned, |it| it.to_string(), |_| "later".to_owned());
        let expected = [None, Some("b".to_owned()), Some("later".to_owned())];
        assert_eq!(each, expected);
        let beyond = BatchResult::failed_at(2, 7, "b");
        assert_eq!(beyond.failures(), [(1, "b")]);
        assert!(BatchResult::of(1, [Ok::<(), ()>(()), Err(())]).is_done());
    }
}
