//! Arguments that cannot be taken before something was fetched.

use std::future::Future;
use std::pin::Pin;

use crate::codec::{Lookup, LookupError};
use crate::error::ListenerError;
use crate::listener::Delivery;

/// What an argument of a call waits for.
#[inline]
pub fn awaited<T>(result: &Result<T, ListenerError>) -> Option<Lookup> {
    let error = result.as_ref().err()?;
    error.lookup().cloned()
}

/// Makes a call anew once what one of its arguments waits for was fetched. The handler itself has not
/// run then.
///
/// # Errors
/// Those of the call; if the lookup fails, or takes longer than the attempt may, an error that says
/// so and is tried again.
///
/// In a box, so that the futures of all handlers are not as large as the few of those that wait.
pub fn looked_up<T, F>(
    mut lookup: Lookup,
    delivery: &Delivery,
    call: impl Fn() -> F,
) -> Pin<Box<impl Future<Output = Result<T, ListenerError>>>>
where
    F: Future<Output = Result<T, ListenerError>>,
{
    Box::pin(async move {
        loop {
            fetch(delivery, lookup).await?;
            let result = call().await;
            match awaited(&result) {
                None => return result,
                Some(next) => lookup = next,
            }
        }
    })
}

/// In a box: hardly any record waits.
fn fetch(
    delivery: &Delivery,
    lookup: Lookup,
) -> Pin<Box<dyn Future<Output = Result<(), ListenerError>> + Send>> {
    let limit = delivery.limit.clone();
    Box::pin(async move {
        let fetched = match limit {
            None => lookup.fetch().await,
            Some(limit) => tokio::select! {
                biased;
                fetched = lookup.fetch() => fetched,
                () = limit.over() => Err(LookupError::Unavailable(Box::new(lookup.clone()))),
            },
        };
        fetched.map_err(ListenerError::lookup_failed)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::__private::v1::Detached;
    use crate::codec::{DecodeError, FromPayload};
    use crate::error::{ErrorKind, Policy};
    use crate::extract::FromRecord;
    use crate::listener::States;
    use crate::record::OwnedRecord;

    static FETCHED: AtomicU32 = AtomicU32::new(0);

    /// Read once something was fetched, if that can be had at all.
    #[derive(Debug)]
    struct Late(u8);

    impl FromPayload<'_> for Late {
        fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
            let fetch: fn() -> Result<(), LookupError> = match payload {
                Some(b"missing") => || Err(LookupError::Missing("no such schema".into())),
                Some(b"down") => || Err(LookupError::Unavailable("connection refused".into())),
                Some(b"late") if FETCHED.load(Ordering::Relaxed) < 2 => || {
                    FETCHED.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                },
                _ => return Ok(Self(7)),
            };
            Err(DecodeError::Pending(Lookup::new("schema 7", move || {
                Box::pin(async move { fetch() })
            })))
        }
    }

    fn taken<A: for<'r> FromRecord<'r>>(payload: &[u8]) -> Result<A, ListenerError> {
        let mut record = OwnedRecord::new("orders", 0, 1);
        record.payload = Some(payload.into());
        let delivery = Detached::new("test", "", States::default()).delivery(record, 1);
        let call = || async { A::from_record(&delivery) };
        let first = call().now_or_never().unwrap();
        match awaited(&first) {
            None => first,
            Some(lookup) => looked_up(lookup, &delivery, call).now_or_never().unwrap(),
        }
    }

    #[test]
    fn an_argument_is_taken_again_once_what_it_needs_was_fetched() {
        assert_eq!(taken::<Late>(b"late").unwrap().0, 7);
        assert_eq!(FETCHED.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_cannot_be_had_at_present_is_tried_for_ever_and_what_is_missing_never() {
        for error in [
            taken::<Late>(b"down").unwrap_err(),
            taken::<Option<Late>>(b"down").unwrap_err(),
            taken::<Result<Late, DecodeError>>(b"down").unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Lookup);
            assert!(
                matches!(
                    error.policy(),
                    Policy::Retry {
                        attempts: Some(u32::MAX),
                        ..
                    }
                ),
                "{error:?}"
            );
        }
        let error = taken::<Late>(b"missing").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.policy(), Policy::DeadLetter);
    }
}
