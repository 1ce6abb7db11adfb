//! What is done to whom, and when: by a seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// How many processes there are.
pub(crate) const MEMBERS: usize = 3;

/// A stop that a session survives: it does no harm.
const SHORT: std::ops::Range<u64> = 200..1_200;
/// A stop that it does not survive.
const LONG: std::ops::Range<u64> = 6_500..9_000;

/// Something that is done to a process.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// `kill -9`, and a new process after a while.
    Kill { away: Duration },
    /// SIGTERM, which must do no harm, and a new process after a while.
    Terminate { away: Duration },
    /// SIGSTOP, and SIGCONT before the session ends.
    Pause(Duration),
    /// SIGSTOP, and SIGCONT when others have its partitions.
    Stop(Duration),
}

/// For each process, what is done to it, each after a wait.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) deeds: [Vec<(Duration, Deed)>; MEMBERS],
    /// How long records are sent.
    pub(crate) time: Duration,
}

impl Schedule {
    /// At random for so many seconds; each process begins with another deed, so that also a short
    /// trial has them all.
    pub(crate) fn random(seed: u64, seconds: u64) -> Self {
        let time = Duration::from_secs(seconds);
        let deeds = std::array::from_fn(|member| {
            let mut random = StdRng::seed_from_u64(seed.wrapping_mul(31) + member as u64);
            let mut deeds = Vec::new();
            let mut now = Duration::ZERO;
            while now < time {
                let wait = Duration::from_millis(random.random_range(500..2_500));
                let deed = match deeds.len() {
                    0 => first(member, &mut random),
                    _ => any(&mut random),
                };
                now += wait + deed.takes();
                if now < time || deeds.is_empty() {
                    deeds.push((wait, deed));
                }
            }
            deeds
        });
        Self { deeds, time }
    }

    /// Each process is killed twice, one after the other.
    pub(crate) fn kills(slower: u32) -> Self {
        let millis = Duration::from_millis;
        let away = Duration::ZERO;
        let kills = |first| {
            vec![
                (millis(first) * slower, Deed::Kill { away }),
                (millis(1_500) * slower, Deed::Kill { away }),
            ]
        };
        Self {
            deeds: [kills(2_000), kills(2_500), kills(3_000)],
            time: Duration::from_secs(1),
        }
    }
}

fn first(member: usize, random: &mut StdRng) -> Deed {
    match member {
        0 => Deed::Kill {
            away: millis(random, 0..2_000),
        },
        1 => Deed::Stop(millis(random, LONG)),
        _ => Deed::Terminate {
            away: millis(random, 0..1_000),
        },
    }
}

fn any(random: &mut StdRng) -> Deed {
    match random.random_range(0..10) {
        0..4 => Deed::Kill {
            away: millis(random, 0..2_000),
        },
        4..6 => Deed::Terminate {
            away: millis(random, 0..1_000),
        },
        6..8 => Deed::Pause(millis(random, SHORT)),
        _ => Deed::Stop(millis(random, LONG)),
    }
}

fn millis(random: &mut StdRng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(range))
}

impl Deed {
    fn takes(self) -> Duration {
        match self {
            Self::Kill { away } | Self::Terminate { away } => away,
            Self::Pause(time) | Self::Stop(time) => time,
        }
    }
}
