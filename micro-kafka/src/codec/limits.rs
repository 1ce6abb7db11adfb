//! How large and how deep payloads may be.

/// The limits of a listener's payloads; what goes beyond them cannot be read, and is dead-lettered
/// at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadLimits {
    /// Bytes of a payload.
    pub max_bytes: usize,
    /// Objects, arrays and records within one another. JSON is never read deeper than 127 levels,
    /// Protobuf never deeper than 100, Avro (unions count) never deeper than 32.
    pub max_depth: usize,
}

impl Default for PayloadLimits {
    /// 64 MiB and 128 levels.
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_depth: 128,
        }
    }
}
