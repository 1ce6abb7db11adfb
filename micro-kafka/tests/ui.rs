//! What the compiler says of each mistake, and what must compile.
//!
//! Cases are named by the mistake. `TRYBUILD=overwrite cargo test -p micro-kafka --test ui` writes
//! the messages anew, with the compiler named below.

use std::process::Command;

use trybuild::TestCases;

/// Each compiler words its messages in its own way: they are compared with those of this one.
const WORDED_BY: &str = "rustc 1.95.";

// Failing cases are checked in one go only if no case of the set has to run: hence two sets.

#[test]
fn mistakes_are_explained() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if version.starts_with(WORDED_BY) {
        TestCases::new().compile_fail("tests/ui/*/fail/*.rs");
    } else {
        eprintln!("not compared: the messages are those of {WORDED_BY}*, this is {version}");
    }
}

#[test]
fn odd_but_valid_code_compiles_and_runs() {
    TestCases::new().pass("tests/ui/*/pass/*.rs");
}
