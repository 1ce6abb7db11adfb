use std::fmt;

use crate::history::RecordId;

/// Something that must not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anomaly {
    /// It was sent and never handled.
    Lost(RecordId),
    /// It was handled and never sent.
    Unknown(RecordId),
    /// It was handled for the first time after a later one of its key.
    OutOfOrder {
        /// Which one.
        record: RecordId,
        /// The later one.
        after: u64,
    },
    /// It was handled again though no harm was done to who had handled it.
    Repeated {
        /// Which one.
        record: RecordId,
        /// Who handled it before, and who did again: their places among the processes.
        processes: [usize; 2],
    },
    /// It was handled while another one of its key was.
    AtOnce {
        /// Which one.
        record: RecordId,
        /// The other one.
        with: u64,
        /// Who handled them: their places among the processes.
        processes: [usize; 2],
    },
}

impl Anomaly {
    /// The record.
    #[must_use]
    pub fn record(&self) -> &RecordId {
        match self {
            Self::Lost(record)
            | Self::Unknown(record)
            | Self::OutOfOrder { record, .. }
            | Self::Repeated { record, .. }
            | Self::AtOnce { record, .. } => record,
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(record) => write!(f, "{record}: lost"),
            Self::Unknown(record) => write!(f, "{record}: never sent"),
            Self::OutOfOrder { record, after } => {
                write!(f, "{record}: handled for the first time after {after}")
            }
            Self::Repeated {
                record,
                processes: [before, again],
            } => write!(
                f,
                "{record}: handled by process {before}, and without need again by {again}"
            ),
            Self::AtOnce {
                record,
                with,
                processes: [this, other],
            } => write!(
                f,
                "{record}: in process {this} at the same time as {with} in {other}"
            ),
        }
    }
}

/// What became of all records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records that were handled.
    pub handled: usize,
    /// Further times that records were handled, each explained by harm.
    pub repeated: usize,
    /// What must not have happened.
    pub anomalies: Vec<Anomaly>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let anomalies = self.anomalies.len();
        write!(
            f,
            "{} handled, {} times again after harm, {anomalies} anomalies",
            self.handled, self.repeated
        )?;
        for anomaly in self.anomalies.iter().take(SHOWN) {
            write!(f, "\n  {anomaly}")?;
        }
        if anomalies > SHOWN {
            write!(f, "\n  and {} more", anomalies - SHOWN)?;
        }
        Ok(())
    }
}
