//! Random faults that can be repeated.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::{Action, ApiKey, Delay, ErrorCode, FaultHandle, Faults, Matcher, Rule, Schedule};

/// Names the seed that shall be used instead of a random one: `MICRO_KAFKA_CHAOS_SEED=42`.
pub const CHAOS_SEED: &str = "MICRO_KAFKA_CHAOS_SEED";

/// Random faults from a weighted list; the same for the same seed and the same requests.
///
/// ```
/// # use micro_kafka_broker::fault::{ApiKey, Chaos, Faults};
/// # let faults = Faults::default();
/// let chaos = Chaos::seeded(42)
///     .with_probability(0.02)
///     .on([ApiKey::Produce, ApiKey::Fetch])
///     .start(&faults);
/// assert_eq!(chaos.to_string(), "chaos with MICRO_KAFKA_CHAOS_SEED=42: 0 faults so far");
/// chaos.stop();
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is started"]
pub struct Chaos {
    seed: u64,
    probability: f64,
    apis: Vec<ApiKey>,
    client: Option<super::Pattern>,
    times: Option<u64>,
    weights: Vec<(u32, Kind)>,
}

/// A kind of fault that chaos throws dice for.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Of(Delay),
    Is(Action),
    /// An error that clients of the API must live with.
    Error,
}

/// Chaos that reigns; it ends when this is dropped.
#[derive(Debug)]
pub struct Reign {
    seed: u64,
    rule: FaultHandle,
}

impl Chaos {
    /// Chaos of this seed, or of that which [`CHAOS_SEED`] names: to repeat what was seen.
    ///
    /// Until something else is chosen, 5 of 100 requests of the APIs that clients use meet a fault
    /// that a client must survive: a delay of up to 100 ms, an error that passes, a broken
    /// connection before or after the request has its effect.
    pub fn seeded(seed: u64) -> Self {
        let named = std::env::var(CHAOS_SEED).ok();
        let named = named.and_then(|seed| seed.parse().ok());
        Self {
            seed: named.unwrap_or(seed),
            probability: 0.05,
            apis: EVERYDAY.to_vec(),
            client: None,
            times: None,
            weights: Self::survivable(),
        }
    }

    /// Chaos of a random seed, or of that which [`CHAOS_SEED`] names.
    pub fn random() -> Self {
        Self::seeded(rand::rng().random::<u32>().into())
    }

    fn survivable() -> Vec<(u32, Kind)> {
        let delay = Delay::from(Duration::from_millis(1)..=Duration::from_millis(100));
        vec![
            (4, Kind::Of(delay)),
            (3, Kind::Error),
            (2, Kind::Is(Action::Disconnect)),
            (2, Kind::Is(Action::ApplyThen(Box::new(Action::Disconnect)))),
            (1, Kind::Is(Action::CutAnswer(6))),
        ]
    }

    /// How many of the requests meet something, from 0 to 1.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Only requests of these APIs.
    pub fn on(mut self, apis: impl IntoIterator<Item = ApiKey>) -> Self {
        self.apis = apis.into_iter().collect();
        self
    }

    /// Only requests of clients that call themselves so.
    pub fn client(mut self, client_id: impl Into<super::Pattern>) -> Self {
        self.client = Some(client_id.into());
        self
    }

    /// At most so many faults.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only such faults as are named from here on.
    pub fn only(mut self) -> Self {
        self.weights.clear();
        self
    }

    /// This fault too, `weight` times as often as one of weight 1.
    pub fn or(mut self, weight: u32, action: Action) -> Self {
        self.weights.push((weight, Kind::Is(action)));
        self
    }

    /// Delays too, `weight` times as often as a fault of weight 1.
    pub fn or_delay(mut self, weight: u32, delay: impl Into<Delay>) -> Self {
        self.weights.push((weight, Kind::Of(delay.into())));
        self
    }

    /// Errors too that clients of an API must live with.
    pub fn or_errors(mut self, weight: u32) -> Self {
        self.weights.push((weight, Kind::Error));
        self
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Lets chaos reign, and says its seed on stderr, which tests show when they fail.
    #[allow(
        clippy::print_stderr,
        reason = "the seed must be seen where a test fails, whatever is logged"
    )]
    pub fn start(self, faults: &Faults) -> Reign {
        eprintln!("chaos with {CHAOS_SEED}={}", self.seed);
        let (seed, weights) = (self.seed, self.weights);
        let rule = Rule {
            matcher: Matcher {
                apis: self.apis,
                client: self.client,
                ..Matcher::default()
            },
            schedule: Schedule {
                times: self.times,
                probability: self.probability,
                seed: Some(seed),
                ..Schedule::default()
            },
            ..Rule::default()
        };
        let random = parking_lot::Mutex::new(StdRng::seed_from_u64(seed ^ u64::MAX));
        let hook = super::Hook::new(move |request| {
            let mut random = random.lock();
            throw(&weights, &mut random, request.api)
        });
        let rule = faults.add(Rule {
            action: Action::Hook(hook),
            ..rule
        });
        Reign { seed, rule }
    }
}

fn throw(weights: &[(u32, Kind)], random: &mut StdRng, api: ApiKey) -> Action {
    let total: u32 = weights.iter().map(|(weight, _)| *weight).sum();
    if total == 0 {
        return Action::Proceed;
    }
    let mut left = random.random_range(0..total);
    for (weight, kind) in weights {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => {
                return match kind {
                    Kind::Of(delay) => Action::Delay(*delay, Box::new(Action::Proceed)),
                    Kind::Is(action) => action.clone(),
                    Kind::Error => passing_error(random, api),
                };
            }
        }
    }
    Action::Proceed
}

/// The APIs of a client's everyday life.
const EVERYDAY: [ApiKey; 15] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::Heartbeat,
    ApiKey::InitProducerId,
    ApiKey::AddPartitionsToTxn,
    ApiKey::AddOffsetsToTxn,
    ApiKey::EndTxn,
    ApiKey::TxnOffsetCommit,
];

/// An error of an API that passes: clients ask again.
fn passing_error(random: &mut StdRng, api: ApiKey) -> Action {
    let errors: &[ErrorCode] = match api {
        ApiKey::Produce => &[
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::NOT_ENOUGH_REPLICAS,
            ErrorCode::REQUEST_TIMED_OUT,
        ],
        ApiKey::Fetch | ApiKey::ListOffsets => &[
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::LEADER_NOT_AVAILABLE,
        ],
        ApiKey::Metadata => &[ErrorCode::LEADER_NOT_AVAILABLE],
        ApiKey::FindCoordinator => &[ErrorCode::COORDINATOR_NOT_AVAILABLE],
        ApiKey::AddPartitionsToTxn | ApiKey::AddOffsetsToTxn => &[
            ErrorCode::CONCURRENT_TRANSACTIONS,
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        ],
        _ => &[
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ],
    };
    let nth = random.random_range(0..errors.len());
    errors
        .get(nth)
        .map_or(Action::Proceed, |error| Action::Answer(*error))
}

impl Reign {
    /// The seed, to repeat it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many requests have met something.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.rule.hits()
    }

    /// Ends it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Reign {
    #[allow(
        clippy::print_stderr,
        reason = "the seed must be seen where a test fails, whatever is logged"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{self}");
        }
        self.rule.remove();
    }
}

impl fmt::Display for Reign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "chaos with {CHAOS_SEED}={}: {} faults so far",
            self.seed,
            self.hits()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thrown(seed: u64) -> Vec<Action> {
        let weights = Chaos::seeded(seed).weights;
        let mut random = StdRng::seed_from_u64(seed);
        let kinds = EVERYDAY.iter().cycle().take(500);
        kinds
            .map(|api| throw(&weights, &mut random, *api))
            .collect()
    }

    #[test]
    fn a_seed_repeats_what_happened() {
        assert_eq!(thrown(7), thrown(7));
        assert_ne!(thrown(7), thrown(8));
    }

    #[test]
    fn every_kind_of_fault_has_its_turn() {
        let thrown = thrown(1);
        let some = |which: fn(&Action) -> bool| thrown.iter().any(which);
        assert!(some(|a| matches!(a, Action::Delay(..))));
        assert!(some(|a| matches!(a, Action::Answer(_))));
        assert!(some(|a| matches!(a, Action::Disconnect)));
        assert!(some(|a| matches!(a, Action::ApplyThen(_))));
        assert!(some(|a| matches!(a, Action::CutAnswer(_))));
    }
}
