//! Settings as nobody should write them; the numbers are those of the list of bad inputs that the
//! project keeps. Each is refused with its place, its key and what to write instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod clients;
mod files;
mod topics;
mod values;

use micro_kafka::config::Config;

/// What a service is told that has these settings.
fn report(settings: &str) -> String {
    let config = Config::builder().toml_str("application.toml", settings);
    config.build().expect_err(settings).to_string()
}

/// Checks that settings are refused with this one line.
#[track_caller]
fn refused(settings: &str, line: &str) {
    let expected = format!("1 mistake in the configuration:\n  application.toml:{line}");
    assert_eq!(report(settings), expected, "{settings}");
}

/// Checks that settings are refused, by a line that begins and goes on so.
#[track_caller]
fn refused_by(settings: &str, begins: &str, goes_on: &str) {
    let report = report(settings);
    let begins = format!("application.toml:{begins}");
    let mut lines = report.lines().map(str::trim);
    let told = lines.any(|line| line.starts_with(&begins) && line.contains(goes_on));
    assert!(told, "no line with {begins} and {goes_on}:\n{report}");
}

fn accepted(settings: &str) -> Config {
    let config = Config::builder().toml_str("application.toml", settings);
    config.build().expect(settings)
}
