//! The layers that are laid on one another: files, environment, program.

mod document;
mod environment;
mod files;
mod program;
mod property_tables;

pub(crate) use document::read_document;
pub(crate) use environment::{Environment, read_environment, variable};
pub(crate) use files::{Places, find_files, profile_names};
pub(crate) use program::insert_path;
pub(crate) use property_tables::{flatten_in, flatten_properties};

/// The one top-level table that is the framework's.
pub(crate) const ROOT: &str = "kafka";

/// Whether a top-level key is the framework's.
pub(crate) fn is_root(key: &str) -> bool {
    super::key::relaxed(key) == ROOT
}
