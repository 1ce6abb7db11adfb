//! The classic protocol: members that join, sync, beat and leave, with wrong generations and names
//! among them, and what is committed and fetched meanwhile.

mod admin;
mod members;
mod offsets;
mod seat;
mod table;

use kafka_protocol::messages::GroupId;
use rand::RngExt;
use rand::rngs::StdRng;

use self::seat::Seat;
use self::table::Table;
use crate::records::pick;
use crate::side::{Side, text};

/// The group, and one that only holds offsets.
const GROUP: &str = "g";
const OTHERS: [&str; 8] = [GROUP, GROUP, GROUP, GROUP, GROUP, GROUP, "h", "unknown"];
/// Nothing takes as long, so that no session ends within a walk.
const SESSION: i32 = 300_000;

fn group(side: &Side, s: &str) -> GroupId {
    GroupId(text(&side.name(s)))
}

/// As whom a request is sent.
#[derive(Debug, Clone)]
struct Identity {
    member: String,
    instance: Option<&'static str>,
    generation: i32,
    told: String,
}

impl Identity {
    /// Mostly a member as it knows itself, seldom one with a wrong generation, id or instance.
    fn drawn(rng: &mut StdRng, seats: &[Seat]) -> Self {
        let nth = rng.random_range(0..seats.len());
        let seat = &seats[nth];
        let mut identity = Self {
            member: seat.member.clone(),
            instance: seat.instance,
            generation: seat.generation,
            told: String::new(),
        };
        let how = match rng.random_range(0..16) {
            0 => {
                identity.generation -= 1;
                "older"
            }
            1 => {
                identity.generation += 1;
                "newer"
            }
            2 => {
                "nobody".clone_into(&mut identity.member);
                "nobody"
            }
            3 => {
                identity.member.clear();
                "nameless"
            }
            4 => {
                identity.instance = pick(rng, &[None, Some("i0"), Some("i9")]);
                "instance"
            }
            _ => "",
        };
        let Self {
            instance,
            generation,
            ..
        } = identity;
        identity.told = format!("s{nth} {how} {instance:?}/{generation}");
        identity
    }

    /// The instance, as far as the version has it.
    fn instance(&self, version: i16, from: i16) -> Option<kafka_protocol::protocol::StrBytes> {
        self.instance.filter(|_| version >= from).map(text)
    }
}

pub(crate) async fn walk(side: &mut Side, mut rng: StdRng, steps: usize) {
    side.topic("plain", 2, &[]).await;
    side.topic("other", 1, &[]).await;
    let mut table = Table::laid(side).await;
    let rng = &mut rng;
    for _ in 0..steps {
        match rng.random_range(0..40) {
            0..=8 => members::join(side, rng, &mut table).await,
            9..=16 => members::sync(side, rng, &mut table.seats).await,
            17..=20 => members::beat(side, rng, &table.seats).await,
            21..=23 => members::leave(side, rng, &mut table).await,
            24..=27 => offsets::commit(side, rng, &table.seats).await,
            28..=30 => offsets::fetch(side, rng).await,
            31 => offsets::delete(side, rng).await,
            32 => admin::delete(side, rng).await,
            33 | 34 => admin::list(side, rng).await,
            _ => admin::describe(side, rng).await,
        }
        seat::gather(side, &mut table).await;
    }
}
