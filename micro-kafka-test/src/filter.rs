//! Which records are looked for.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

use crate::matcher::Matcher;
use crate::show;

type Test<'a> = Arc<dyn Fn(&OwnedRecord) -> bool + Send + Sync + 'a>;

/// Conditions that a record meets all together; none are met by every record.
#[derive(Clone, Default)]
pub(crate) struct Filter<'a>(Vec<(String, Test<'a>)>);

impl<'a> Filter<'a> {
    fn and(&self, what: String, test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a) -> Self {
        let mut more = self.clone();
        more.0.push((what, Arc::new(test)));
        more
    }

    pub(crate) fn key(&self, key: impl Matcher + 'a) -> Self {
        self.and(format!("key={}", key.describe()), move |record| {
            key.accepts(record.key.as_deref())
        })
    }

    pub(crate) fn value(&self, value: impl Matcher + 'a) -> Self {
        self.and(format!("payload={}", value.describe()), move |record| {
            value.accepts(record.payload.as_deref())
        })
    }

    pub(crate) fn header(&self, name: &str, value: impl Matcher + 'a) -> Self {
        let name = name.to_owned();
        self.and(format!("{name}={}", value.describe()), move |record| {
            let mut headers = record.headers.iter().rev();
            let header = headers.find(|header| header.name == name.as_bytes());
            header.is_some_and(|header| value.accepts(header.value.as_deref()))
        })
    }

    pub(crate) fn partition(&self, partition: i32) -> Self {
        self.and(format!("partition {partition}"), move |record| {
            record.partition == partition
        })
    }

    #[track_caller]
    pub(crate) fn matching(&self, test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a) -> Self {
        let line = Location::caller().line();
        self.and(format!("the condition of line {line}"), test)
    }

    pub(crate) fn found(&self, all: &[Arc<OwnedRecord>]) -> Vec<Arc<OwnedRecord>> {
        let found = all.iter().filter(|record| self.holds(record));
        found.cloned().collect()
    }

    pub(crate) fn count(&self, all: &[Arc<OwnedRecord>]) -> usize {
        all.iter().filter(|record| self.holds(record)).count()
    }

    fn holds(&self, record: &OwnedRecord) -> bool {
        self.0.iter().all(|(_, test)| test(record))
    }

    /// What was there, with a star before what was looked for.
    pub(crate) fn shown(&self, all: &[Arc<OwnedRecord>]) -> String {
        show::marked(all, |record| !self.0.is_empty() && self.holds(record))
    }

    /// What a failed count says.
    pub(crate) fn miscounted(
        &self,
        all: &[Arc<OwnedRecord>],
        (how, count): (&str, usize),
        topic: &str,
        time: &str,
    ) -> String {
        let expected = match count {
            0 => "no record".to_owned(),
            1 => format!("{how} 1 record"),
            _ => format!("{how} {count} records"),
        };
        let (found, shown) = (self.count(all), self.shown(all));
        format!("expected {expected} of topic `{topic}`{self}{time}, found {found}: {shown}")
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
