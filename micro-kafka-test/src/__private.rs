//! For the macros' expansions only.

/// The first version of the expansions.
pub mod v1 {
    pub use std::boxed::Box;
    pub use std::option::Option;

    pub use crate::run::{Success, TestOptions, run, run_embedded};
}
