//! Counts what is asked and how long it takes, around the way to the handler.

use bytes::Bytes;

use super::connection::Peer;
use super::dispatch::dispatch;
use super::refusal::Refusal;
use super::reply::Reply;

/// Answers one frame, as [`dispatch`], and counts it.
///
/// # Errors
/// As [`dispatch`].
pub(super) async fn dispatch_metered(peer: &Peer, frame: Bytes) -> Result<Reply, Refusal> {
    let asked = api_and_version(&frame);
    let begin = peer.broker.clock().now();
    let reply = dispatch(peer, frame).await;
    if let Some((key, version)) = asked
        && let Some(meter) = peer.broker.meters().api(key)
    {
        let took = peer.broker.clock().now().saturating_duration_since(begin);
        meter.served(version, took);
        if let Ok(reply) = &reply {
            meter.answered(&reply.codes);
        }
    }
    reply
}

fn api_and_version(frame: &[u8]) -> Option<(i16, i16)> {
    let (key, rest) = frame.split_first_chunk()?;
    let (version, _) = rest.split_first_chunk()?;
    Some((i16::from_be_bytes(*key), i16::from_be_bytes(*version)))
}
