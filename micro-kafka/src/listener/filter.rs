//! Records that a listener does not want.

use std::fmt;
use std::sync::Arc;

use crate::record::Record;

/// Says which records a listener handles, as `Iterator::filter` does: those for which it is `true`.
/// All others count as done.
#[derive(Clone)]
pub struct Filter(Arc<dyn Fn(&Record) -> bool + Send + Sync>);

impl Filter {
    /// A filter by that function, which must not wait.
    #[must_use]
    pub fn new(keep: impl Fn(&Record) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(keep))
    }

    /// Whether the record is to be handled.
    #[must_use]
    pub fn keeps(&self, record: &Record) -> bool {
        (self.0)(record)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter")
    }
}
