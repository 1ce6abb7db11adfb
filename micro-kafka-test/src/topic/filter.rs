//! Which records are looked for.

use std::fmt;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

type Test<'a> = Arc<dyn Fn(&OwnedRecord) -> bool + Send + Sync + 'a>;

/// Conditions that a record meets all together; none are met by every record.
#[derive(Clone, Default)]
pub(super) struct Filter<'a>(Vec<(String, Test<'a>)>);

impl<'a> Filter<'a> {
    pub(super) fn add(
        &mut self,
        what: String,
        test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a,
    ) {
        self.0.push((what, Arc::new(test)));
    }

    pub(super) fn holds(&self, record: &OwnedRecord) -> bool {
        self.0.iter().all(|(_, test)| test(record))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// ` with key=c1, source=web`
impl fmt::Display for Filter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what: Vec<&str> = self.0.iter().map(|(what, _)| what.as_str()).collect();
        match what.is_empty() {
            true => Ok(()),
            false => write!(f, " with {}", what.join(", ")),
        }
    }
}
