//! Behaviour of the settings as a whole.

mod bad_input;
mod declared;
mod explain;
mod folder;
mod guarding;
mod imports;
mod layering;
mod listener;
mod own_tables;
mod report;
mod secret_files;
mod secrets;
mod security;

use super::{Config, ConfigErrors};

/// Settings from one TOML text.
fn load(text: &str) -> Result<Config, ConfigErrors> {
    Config::builder().toml_str("application.toml", text).build()
}

/// The report of a text that must be refused.
fn refused(text: &str) -> String {
    match load(text) {
        Ok(config) => panic!("accepted: {text}\n{config:?}"),
        Err(errors) => errors.to_string(),
    }
}

/// Checks that a text is refused with one mistake whose report holds these parts.
#[track_caller]
fn assert_refused(text: &str, parts: &[&str]) {
    let report = refused(text);
    assert!(report.starts_with("1 mistake"), "{text}\n{report}");
    for part in parts {
        assert!(report.contains(part), "{text}\n{report}\nlacks {part}");
    }
}
