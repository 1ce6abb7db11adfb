//! Every served request gets an answer that its client can read.

use std::time::Duration;

use bytes::{Buf, Bytes};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::peer;
use crate::server::connection::Peer;
use crate::server::dispatch::{dispatch, read_answer, sample_request, served_apis};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;
use crate::wire::{Frame, HeaderStart, Reader, Uuid};

fn bytes_of(mut frame: Frame) -> Bytes {
    frame.copy_to_bytes(frame.remaining())
}

/// A request that its client sees an answer to: some make-believe ones want none, or have their
/// connection closed.
async fn answer_to(peer: &Peer, start: HeaderStart, rng: &mut StdRng) -> Bytes {
    for _ in 0..100 {
        let mut frame = sample_request(start, rng).unwrap();
        frame.advance(4);
        // Some requests wait for others; time is virtual.
        let answer = tokio::time::timeout(
            Duration::from_secs(86_400 * 365),
            dispatch(peer, bytes_of(frame)),
        );
        match answer.await.expect("an answer") {
            Ok(Reply {
                frame: Some(answer),
                ..
            }) => return bytes_of(answer),
            Ok(Reply { frame: None, .. }) | Err(Refusal::Closed { .. }) => {}
            Err(refusal) => panic!("{start:?}: {refusal}"),
        }
    }
    panic!("{start:?} is never answered")
}

#[tokio::test(start_paused = true)]
async fn every_version_of_every_api_is_answered_readably() {
    let mut rng = StdRng::seed_from_u64(7);
    let peer = peer();
    for api in served_apis() {
        for version in api.min..=api.max {
            let start = HeaderStart {
                key: api.key,
                version,
                correlation_id: i32::from(version) + 1000,
            };
            let mut answer = answer_to(&peer, start, &mut rng).await;
            assert_eq!(usize::try_from(answer.get_i32()).unwrap(), answer.len());
            assert_eq!(answer.get_i32(), start.correlation_id);
            let left = read_answer(start, Reader::new(answer)).unwrap();
            assert_eq!(left, 0, "{} {version} leaves bytes over", api.name);
        }
    }
}

#[tokio::test]
async fn an_unknown_version_of_api_versions_is_answered_in_version_0_with_the_list() {
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff]);
    let answer = dispatch(&peer(), frame).await.unwrap().frame.unwrap();
    let mut answer = bytes_of(answer);
    answer.advance(4);
    assert_eq!(answer.get_i32(), 5);
    assert_eq!(answer.get_i16(), 35);
    let count = usize::try_from(answer.get_i32()).unwrap();
    assert_eq!(count, served_apis().len());
    assert_eq!(answer.remaining(), count * 6);
}

#[test]
fn the_table_is_in_the_order_of_its_keys() {
    assert!(served_apis().is_sorted_by_key(|api| api.key));
}

#[test]
fn topic_ids_are_random() {
    assert_ne!(Uuid::random(), Uuid::random());
}
