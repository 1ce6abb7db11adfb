//! `[kafka.claim-check]`: large payloads that go to a store.

use std::path::PathBuf;

use super::section::Section;
use super::values::{size, text};

/// Where large payloads go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimCheckSettings {
    /// `above`: payloads of more bytes go to the store; default: none do.
    pub above: Option<u64>,
    /// `directory`: the folder of a store in files, shared by all instances, unless the program gives
    /// another store.
    pub directory: Option<PathBuf>,
}

impl ClaimCheckSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            above: section.read("above", size),
            directory: section.read("directory", text).map(PathBuf::from),
        };
        section.refuse_unknown();
        settings
    }
}
