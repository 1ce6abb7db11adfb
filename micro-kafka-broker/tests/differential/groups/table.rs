//! All members of the walk, and which of them leads.

use std::collections::BTreeSet;

use kafka_protocol::messages::{ApiKey, JoinGroupResponse};

use super::Identity;
use super::seat::Seat;
use crate::side::Side;

/// What the ids of the static member begin with.
const STATIC: &str = "i0-";

/// The seats, and what is known of their group.
pub(super) struct Table {
    pub(super) seats: Vec<Seat>,
    /// Ids whose clients have forgotten them: they are expected until somebody removes them.
    pub(super) forgotten: Vec<String>,
    /// Who may lead: as it was told last, and who is next if that one has left.
    leaders: Vec<String>,
}

impl Table {
    pub(super) async fn laid(side: &Side) -> Self {
        let mut seats = Vec::new();
        for instance in [None, None, Some("i0"), Some("i0")] {
            seats.push(Seat::new(side, instance).await);
        }
        Self {
            seats,
            forgotten: Vec::new(),
            leaders: Vec::new(),
        }
    }

    /// Takes up who leads.
    pub(super) fn learn(&mut self, joined: &JoinGroupResponse) {
        if joined.error_code == 0 {
            self.leaders = vec![label(&joined.leader).to_owned()];
        }
    }

    /// Whether one of them waits for its assignment: Apache Kafka forgets the request of a member that
    /// leaves and never answers it; this broker does.
    pub(super) fn wait_for_assignments(&self, leaving: &[Identity]) -> bool {
        let syncing = |seat: &&Seat| matches!(seat.pending, Some((ApiKey::SyncGroup, _)));
        let mut waiting = self.seats.iter().filter(syncing);
        waiting.any(|seat| {
            let by_name = seat.asks_for.starts_with(STATIC);
            let same =
                |who: &Identity| who.member == seat.asks_for || by_name && who.member.is_empty();
            leaving.iter().any(same)
        })
    }

    /// Whether one of them may be the leader and leave two behind.
    ///
    /// Apache Kafka then has the first in the order of a hash map lead, and ids are random: a walk that
    /// goes the same way twice must not do so.
    pub(super) fn leave_the_choice(&mut self, leaving: &[Identity]) -> bool {
        let mut left = self.members();
        let mut hit = false;
        for who in leaving {
            // A static member is removed by its name too.
            let named = who.member.is_empty() && who.instance.is_some();
            let gone = if named { STATIC } else { label(&who.member) };
            hit |= self.leaders.iter().any(|leader| leader == gone);
            left.retain(|id| id != gone);
        }
        if hit && left.len() < 2 {
            // It is not told before the next answer, and the one that leads may not have left.
            self.leaders.extend(left);
            return false;
        }
        hit
    }

    /// All that may be members.
    fn members(&self) -> BTreeSet<String> {
        // Who waits with its first join is a member whose id is not known.
        let joining = |seat: &Seat| {
            let waits = matches!(seat.pending, Some((ApiKey::JoinGroup, _)));
            waits && seat.asks_for.is_empty()
        };
        let seats = self.seats.iter();
        let seats = seats.zip(["joins-0", "joins-1", STATIC, STATIC]);
        seats
            .map(|(seat, unnamed)| if joining(seat) { unnamed } else { &seat.member })
            .chain(self.forgotten.iter().map(String::as_str))
            .filter(|id| !id.is_empty())
            .map(|id| label(id).to_owned())
            .collect()
    }
}

/// A member's id; the static one's changes while it is the same member.
fn label(id: &str) -> &str {
    if id.starts_with(STATIC) { STATIC } else { id }
}
