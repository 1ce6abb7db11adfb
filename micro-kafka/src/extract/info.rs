//! What the listener's attribute or settings say of it.

use std::sync::Arc;

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::Delivery;

/// The text of the listener's `info`, so that one function can tell its listeners apart; empty if
/// there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info(pub Arc<str>);

impl FromRecord<'_> for Info {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let info = delivery.listener().info.clone();
        Ok(Self(info.unwrap_or_default()))
    }
}
