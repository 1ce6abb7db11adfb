//! Bodies, within bounds.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::Refused;

/// Most bytes of a body.
const MOST: usize = 256 * 1024;
/// Seconds for a body to come.
const WITHIN: u64 = 10;

/// Reads a whole body.
async fn read(body: Incoming) -> Result<Bytes, Refused> {
    let whole = Limited::new(body, MOST).collect();
    match timeout(Duration::from_secs(WITHIN), whole).await {
        Err(_) => Err(Refused::TooSlow(WITHIN)),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refused::TooLarge(MOST)),
        Ok(Err(error)) => Err(Refused::Bad(format!("the body cannot be read: {error}"))),
    }
}

/// Reads a body of JSON.
pub(super) async fn json<T: DeserializeOwned>(body: Incoming) -> Result<T, Refused> {
    parsed(&read(body).await?)
}

/// Reads a body of JSON, or takes the default where there is none.
pub(super) async fn json_or_default<T: DeserializeOwned + Default>(
    body: Incoming,
) -> Result<T, Refused> {
    let body = read(body).await?;
    match body.is_empty() {
        true => Ok(T::default()),
        false => parsed(&body),
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Bad(format!("the body: {error}")))
}
