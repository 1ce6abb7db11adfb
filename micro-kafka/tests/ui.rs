//! What the compiler says of each mistake, and what must compile.
//!
//! Cases are named by the mistake. `TRYBUILD=overwrite cargo test -p micro-kafka --test ui` writes
//! the messages anew; they are those of the toolchain that the repository pins.

use trybuild::TestCases;

// Failing cases are checked in one go only if no case of the set has to run: hence two sets.

#[test]
fn mistakes_are_explained() {
    TestCases::new().compile_fail("tests/ui/*/fail/*.rs");
}

#[test]
fn odd_but_valid_code_compiles_and_runs() {
    TestCases::new().pass("tests/ui/*/pass/*.rs");
}
