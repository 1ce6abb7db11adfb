//! The layers that are laid on one another: files, environment, program.

mod config_tree;
mod document;
mod environment;
mod files;
mod imports;
mod program;
mod property_tables;
mod spring_names;

pub(crate) use config_tree::read_config_tree;
pub(crate) use document::read_document;
pub(crate) use environment::{Environment, read_environment, variable};
pub(crate) use files::{Places, find_files, profile_file, profile_names, read_bounded};
pub(crate) use imports::{Import, imports, read_config_table};
pub(crate) use program::insert_path;
pub(crate) use property_tables::{flatten_in, flatten_properties};
pub(crate) use spring_names::lead_spring_names;

/// The one top-level table that is the framework's.
pub(crate) const ROOT: &str = "kafka";

/// Whether a top-level key is the framework's.
pub(crate) fn is_root(key: &str) -> bool {
    super::key::relaxed(key) == ROOT
}
