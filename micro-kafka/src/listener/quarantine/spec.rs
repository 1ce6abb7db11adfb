//! When a record is held to be what kills its process.

/// When a record goes to the dead-letter topic because processes die of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineSpec {
    /// After so many deaths in a row at the same offset, records run one at a time; the one that is
    /// at work at the next death is quarantined. Default 2.
    pub after: u32,
}

impl Default for QuarantineSpec {
    fn default() -> Self {
        Self { after: 2 }
    }
}
