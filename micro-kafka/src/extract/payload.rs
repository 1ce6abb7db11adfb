//! The payload.

use super::FromRecord;
use super::type_label::type_label;
use crate::codec::{DecodeError, FromPayload};
use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery};

/// A payload that is not what the handler takes.
#[derive(Debug, thiserror::Error)]
#[error("the payload cannot be read as `{type_label}`")]
pub struct PayloadRejection {
    type_label: String,
    source: DecodeError,
}

impl PayloadRejection {
    pub(super) fn listener_error<P>(source: DecodeError) -> ListenerError {
        match source {
            DecodeError::Pending(lookup) => ListenerError::pending(lookup),
            source => ListenerError::decode(Self {
                type_label: type_label::<P>(),
                source,
            }),
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn cause(&self) -> &DecodeError {
        &self.source
    }
}

impl<'r, P: FromPayload<'r>> FromRecord<'r> for P {
    #[inline]
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        read(delivery).map_err(PayloadRejection::listener_error::<P>)
    }

    fn check(boot: &mut BootCheck<'_>) {
        P::check_payload(boot);
    }
}

/// Reads a payload that is not larger than the listener allows.
#[inline]
pub(super) fn read<'r, P: FromPayload<'r>>(delivery: &'r Delivery) -> Result<P, DecodeError> {
    let source = delivery.source();
    source.check_size()?;
    P::from_source(&source)
}

/// `None` is a tombstone: a record whose payload is null.
impl<'r, P: FromPayload<'r>> FromRecord<'r> for Option<P> {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        match delivery.record().payload() {
            None => Ok(None),
            Some(_) => read(delivery)
                .map(Some)
                .map_err(PayloadRejection::listener_error::<P>),
        }
    }

    fn check(boot: &mut BootCheck<'_>) {
        P::check_payload(boot);
    }
}
