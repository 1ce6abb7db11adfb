use clap::{CommandFactory as _, Parser as _};

use super::{Args, manual};

fn page() -> String {
    manual::page(Args::command()).render_long_help().to_string()
}

#[test]
fn the_manual_has_every_section_in_its_order() {
    let page = page();
    let mut rest = page.as_str();
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "HTTP PORT",
        "FILES",
        "ENVIRONMENT",
        "EXIT STATUS",
        "EXAMPLES",
    ] {
        let heading = format!("{section}\n");
        let at = rest.find(&heading);
        assert!(at.is_some(), "{section} is missing or misplaced:\n{page}");
        rest = &rest[at.unwrap_or_default()..];
    }
}

#[test]
fn every_flag_is_described_and_grouped() {
    let page = page();
    for flag in Args::command().get_arguments() {
        let id = flag.get_id().as_str();
        if ["help", "version"].contains(&id) {
            continue;
        }
        let long = format!("--{}", flag.get_long().unwrap());
        assert!(page.contains(&long), "{long}");
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.len() > 15, "{long} is not described");
        assert!(flag.get_help_heading().is_some(), "{long} is in no group");
    }
}

#[test]
fn no_line_of_the_manual_is_wider_than_a_terminal() {
    for line in page().lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// The broker's default is its own business, so that a file can set it.
#[test]
fn flags_that_are_not_given_leave_everything_to_the_file() {
    let args = Args::try_parse_from(["micro-kafka-broker"]).unwrap();
    assert!(args.listen.is_empty() && args.default_partitions.is_none() && args.flush.is_none());
}
