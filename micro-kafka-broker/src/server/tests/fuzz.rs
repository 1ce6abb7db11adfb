//! Mutated requests of every API: each is answered or refused, none does harm, and all together
//! stay within a gibibyte of address space.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::confined::confined;
use super::peer;
use crate::server::connection::Peer;
use crate::server::dispatch::{dispatch, sample_request, served_apis};
use crate::server::inbox::{Inbox, Received};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;
use crate::wire::{HeaderStart, encode_response};

/// Requests of a test run; `cargo xtask proof` asks for a million.
const FRAMES: usize = 100_000;
const FRAMES_VARIABLE: &str = "MICRO_KAFKA_FUZZ_FRAMES";
const POOL: usize = 1_500;
const LIMIT: usize = 1 << 20;

/// Real requests of every API and version, with their length prefix.
fn real_requests(rng: &mut StdRng) -> Vec<Vec<u8>> {
    let mut pool = Vec::with_capacity(POOL);
    while pool.len() < POOL {
        for api in served_apis() {
            let start = HeaderStart {
                key: api.key,
                version: rng.random_range(api.min..=api.max),
                correlation_id: rng.random(),
            };
            let mut frame = sample_request(start, rng).unwrap();
            pool.push(frame.copy_to_bytes(frame.remaining()).to_vec());
        }
    }
    pool
}

/// Changes a frame in one to three places; its length prefix is mostly set right again, so that
/// the body is reached.
fn mutate(frame: &mut Vec<u8>, pool: &[Vec<u8>], rng: &mut StdRng) {
    const EXTREMES: [i64; 10] = [
        0,
        -1,
        -2,
        1,
        0x7f,
        0x80,
        0x7fff,
        0x7fff_ffff,
        -0x8000_0000,
        i64::MAX,
    ];
    for _ in 0..*[1, 1, 1, 2, 3].choose(rng).unwrap() {
        let at = rng.random_range(4..frame.len().max(5)).min(frame.len());
        match rng.random_range(0..7) {
            0 => frame.truncate(at),
            1 => {
                if let Some(byte) = frame.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8);
                }
            }
            2 => {
                if let Some(byte) = frame.get_mut(at) {
                    *byte = rng.random();
                }
            }
            3 => {
                let extreme = EXTREMES.choose(rng).unwrap().to_be_bytes();
                let width = *[1, 2, 4, 8].choose(rng).unwrap();
                for (byte, new) in frame.iter_mut().skip(at).zip(&extreme[8 - width..]) {
                    *byte = *new;
                }
            }
            4 => {
                let len = rng.random_range(0..16);
                let noise: Vec<u8> = (0..len).map(|_| rng.random()).collect();
                frame.splice(at..at, noise);
            }
            5 => {
                let end = rng.random_range(at..=frame.len());
                frame.drain(at..end);
            }
            _ => {
                let other = pool.choose(rng).unwrap();
                let from = rng.random_range(0..other.len());
                frame.truncate(at);
                frame.extend_from_slice(&other[from..]);
            }
        }
    }
    if frame.len() < 4 {
        frame.resize(4, 0);
    }
    if rng.random_ratio(19, 20) {
        let length = i32::try_from(frame.len() - 4).unwrap();
        frame[..4].copy_from_slice(&length.to_be_bytes());
    } else {
        let length: i32 = rng.random();
        frame[..4].copy_from_slice(&(length >> rng.random_range(0..32)).to_be_bytes());
    }
}

#[derive(Debug, Default)]
struct Outcomes {
    answered: usize,
    silent: usize,
    refused: usize,
    no_frame: usize,
    waiting: usize,
    /// The keys of which something came through, and of which something was refused.
    through: BTreeSet<i16>,
    turned_away: BTreeSet<i16>,
}

impl Outcomes {
    /// The mutations must not be so wild that nothing comes through, nor so tame that all does.
    fn check(&self, frames: usize) {
        assert!(self.answered > frames / 20, "{self:?}");
        assert!(self.refused > frames / 20, "{self:?}");
        assert!(self.no_frame > frames / 1000, "{self:?}");
        for api in served_apis() {
            let both = self.through.contains(&api.key) && self.turned_away.contains(&api.key);
            assert!(both, "{}: {self:?}", api.name);
        }
    }

    /// Sends the frame that has come, and sees to it that an answer is one.
    async fn send(&mut self, peer: &Peer, frame: Bytes, place: &str) {
        let key = frame
            .first_chunk()
            .map_or(-1, |key| i16::from_be_bytes(*key));
        let correlation = frame.get(4..8).map(Bytes::copy_from_slice);
        // Long waits pass at once: time is virtual.
        let limit = Duration::from_secs(86_400 * 365);
        match tokio::time::timeout(limit, dispatch(peer, frame)).await {
            Ok(Ok(Reply {
                frame: Some(mut answer),
                ..
            })) => {
                self.answered += 1;
                let answer = answer.copy_to_bytes(answer.remaining());
                assert_eq!(answer.get(4..8), correlation.as_deref(), "{place}");
            }
            Ok(Ok(Reply { frame: None, .. })) => self.silent += 1,
            Ok(Err(Refusal::Answer { api, source })) => {
                panic!("{api} wrote no answer: {source} ({place})")
            }
            Ok(Err(_)) => {
                self.refused += 1;
                self.turned_away.insert(key);
                return;
            }
            Err(_) => self.waiting += 1,
        }
        self.through.insert(key);
    }
}

async fn send_mutated(frames: usize) {
    let seed = 0x6d6b_6166_6b61;
    let mut rng = StdRng::seed_from_u64(seed);
    let pool = real_requests(&mut rng);
    let mut outcomes = Outcomes::default();
    let mut peer = peer();
    for nth in 0..frames {
        if nth % 1000 == 0 {
            // Topics and groups of earlier requests would only slow this down.
            peer = super::peer();
        }
        let mut bytes = pool.choose(&mut rng).unwrap().clone();
        mutate(&mut bytes, &pool, &mut rng);
        let mut inbox = Inbox::new(LIMIT);
        let cut = rng.random_range(0..=bytes.len());
        inbox.room().put_slice(&bytes[..cut]);
        let early = inbox.is_ready();
        inbox.room().put_slice(&bytes[cut..]);
        assert!(!early || inbox.is_ready());
        match inbox.take() {
            Ok(Some(Received { frame, .. })) => {
                let place = format!("seed {seed}, request {nth}");
                outcomes.send(&peer, frame, &place).await;
            }
            Ok(None) | Err(_) => outcomes.no_frame += 1,
        }
    }
    outcomes.check(frames);
}

#[test]
fn mutated_requests_are_answered_or_refused_within_a_gibibyte() {
    let name = "fuzz::mutated_requests_are_answered_or_refused_within_a_gibibyte";
    let frames = std::env::var(FRAMES_VARIABLE).map_or(FRAMES, |frames| frames.parse().unwrap());
    confined(name, || send_mutated(frames));
}

#[tokio::test(start_paused = true)]
async fn random_bytes_are_refused() {
    let mut rng = StdRng::seed_from_u64(1);
    let peer = peer();
    for _ in 0..10_000 {
        let frame: Bytes = (0..rng.random_range(0..64))
            .map(|_| rng.random::<u8>())
            .collect();
        let limit = Duration::from_secs(86_400 * 365);
        let answer = tokio::time::timeout(limit, dispatch(&peer, frame)).await;
        if let Ok(Ok(Reply {
            frame: Some(answer),
            ..
        })) = answer
        {
            assert!(answer.remaining() >= 8);
        }
    }
}

#[test]
fn an_answer_too_long_for_its_field_is_refused_not_cut() {
    use crate::api::ErrorCode;
    use crate::api::find_coordinator::FindCoordinatorResponse;
    let start = HeaderStart {
        key: 10,
        version: 2,
        correlation_id: 1,
    };
    let response = FindCoordinatorResponse {
        error_code: ErrorCode::INVALID_REQUEST,
        error_message: Some("x".repeat(40_000)),
        ..FindCoordinatorResponse::default()
    };
    assert!(encode_response(start, &response, 2).is_err());
    assert!(encode_response(start, &response, 3).is_ok());
}
