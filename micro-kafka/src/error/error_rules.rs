//! Which errors are worth another attempt, by their types.

use std::fmt;
use std::sync::Arc;

use super::{BackOff, ListenerError};
use crate::listener::Delivery;

type Matches = fn(&ListenerError) -> bool;
type Choose = dyn Fn(&Delivery, &ListenerError) -> Option<BackOff> + Send + Sync;

/// Which errors are worth another attempt, and how long they wait for it.
#[derive(Clone)]
pub(super) struct ErrorRules {
    types: Vec<(Matches, bool)>,
    /// Whether all others are.
    pub(super) default: bool,
    pub(super) back_off: Option<Arc<Choose>>,
}

impl Default for ErrorRules {
    fn default() -> Self {
        Self {
            types: Vec::new(),
            default: true,
            back_off: None,
        }
    }
}

impl ErrorRules {
    /// Of several rules about one error, the last one counts.
    pub(super) fn add(&mut self, matches: Matches, retries: bool) {
        self.types.push((matches, retries));
    }

    pub(super) fn retries(&self, error: &ListenerError) -> bool {
        let rule = self.types.iter().rev().find(|(matches, _)| matches(error));
        rule.map_or(self.default, |(_, retries)| *retries)
    }
}

impl fmt::Debug for ErrorRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorRules")
            .field("types", &self.types.len())
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}
