//! When records reach the disk.

/// When a broker with a data directory waits for the disk.
///
/// What the system was told to write survives the end of the process in any case; a flush makes it
/// survive the end of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FlushPolicy {
    /// The system writes when it likes to, as with Apache Kafka's defaults.
    #[default]
    Never,
    /// Every second.
    Interval,
    /// Before records are acknowledged.
    Every,
}

impl FlushPolicy {
    /// Kafka's configurations that say so.
    pub(super) fn config(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Never => Vec::new(),
            Self::Interval => vec![("log.flush.interval.ms", "1000")],
            Self::Every => vec![("log.flush.interval.messages", "1")],
        }
    }
}
