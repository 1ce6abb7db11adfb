//! Values of the application.

use super::FromRecord;
use super::type_label::type_label;
use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery};

/// A clone of a value that the application was given by `KafkaApp::builder().state(…)`.
///
/// Wrap what is dear to clone in an `Arc`. A missing value is found at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State<T>(pub T);

/// No value of that type; found at boot, unless the handler was run without an application.
#[derive(Debug, thiserror::Error)]
#[error("no value for `State<{type_label}>`: call `.state(…)` on the builder")]
pub struct StateRejection {
    type_label: String,
}

impl StateRejection {
    fn new<T>() -> Self {
        Self {
            type_label: type_label::<T>(),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> FromRecord<'_> for State<T> {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let state = delivery.listener().states.get::<T>();
        state
            .cloned()
            .map(Self)
            .ok_or_else(|| ListenerError::decode(StateRejection::new::<T>()))
    }

    fn check(boot: &mut BootCheck<'_>) {
        if boot.states().get::<T>().is_none() {
            boot.problem(StateRejection::new::<T>().to_string());
        }
    }
}
