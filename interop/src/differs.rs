//! What a talk finds to be otherwise than it must be.

use std::fmt::Debug;

/// Whatever ends a talk.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Something is not what it must be.
#[derive(Debug, thiserror::Error)]
#[error("{what} is {found}, but must be {expected}")]
pub(crate) struct Differs {
    what: &'static str,
    found: String,
    expected: String,
}

/// Compares.
pub(crate) fn same<T: PartialEq + Debug>(
    what: &'static str,
    found: &T,
    expected: &T,
) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let differs = Differs {
        what,
        found: format!("{found:?}"),
        expected: format!("{expected:?}"),
    };
    Err(differs.into())
}
