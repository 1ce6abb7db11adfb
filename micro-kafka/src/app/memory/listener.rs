//! What the share of a listener's consumers means for each of its partitions.
//!
//! Each consumer has one queue that its partitions share. A partition whose records are not handled
//! has four things more: a queue of its own, what a fetch has brought or is bringing, what was read
//! out of the queue, and, where records overtake one another, what lies behind its lowest unfinished
//! record. Each of these is one unit of the share. Half of a unit, or less, is for the records'
//! bytes: small records weigh more than their bytes.

use crate::listener::ListenerEndpoint;

const QUEUE: &str = "queued.max.messages.kbytes";
const QUEUED_RECORDS: &str = "queued.min.messages";
const FETCH: &str = "fetch.message.max.bytes";
/// What a record takes beside its bytes.
const ADMINISTRATION: u64 = 512;
/// The least unit that is worth a fetch.
const LEAST: u64 = 32 << 10;
/// As many records as librdkafka fetches ahead without a budget.
const MOST_RECORDS: u64 = 100_000;
/// How many units a fetch counts for each of its bytes: two of them may be there, small records take
/// several times their bytes, and compressed ones, too.
const OF_FETCH: u64 = 4;

/// How a share is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Division {
    consumers: u64,
    partitions: u64,
    overtakes: bool,
    /// Of a queue and of a fetch, if somebody wrote that.
    queue: Option<u64>,
    fetch: Option<u64>,
}

impl Division {
    /// `main` is the listener whose retry topics it reads: what was written, was written for that.
    pub(super) fn of(
        endpoint: &ListenerEndpoint,
        main: Option<&ListenerEndpoint>,
        partitions: u32,
    ) -> Self {
        let written = |name: &str| {
            let mut all = main.unwrap_or(endpoint).properties.iter().rev();
            let (_, text) = all.find(|(key, _)| key == name)?;
            text.trim().parse::<u64>().ok()
        };
        Self {
            consumers: u64::from(endpoint.concurrency.max(1)),
            partitions: u64::from(partitions.max(1)),
            overtakes: endpoint.order.overtakes(),
            queue: written(QUEUE).map(|kibibytes| kibibytes.saturating_mul(1_024)),
            fetch: written(FETCH),
        }
    }

    /// What was written, in all partitions and consumers.
    fn written(&self) -> u64 {
        let queues = self
            .queue
            .unwrap_or(0)
            .saturating_mul(self.consumers + self.partitions);
        let fetches = self
            .fetch
            .unwrap_or(0)
            .saturating_mul(OF_FETCH * self.partitions);
        queues.saturating_add(fetches)
    }

    fn units(&self) -> u64 {
        let (queued, fetched) = (self.queue.is_none(), self.fetch.is_none());
        let of_partition = 1 + u64::from(queued) + u64::from(fetched) + u64::from(self.overtakes);
        u64::from(queued) * self.consumers + of_partition * self.partitions
    }

    /// The least share.
    pub(super) fn least(&self) -> u64 {
        self.written().saturating_add(self.units() * LEAST)
    }

    /// Gives the listener that share; `false` if it is too small.
    pub(super) fn apply(&self, share: u64, endpoint: &mut ListenerEndpoint) -> bool {
        if share < self.least() {
            return false;
        }
        let unit = (share - self.written()) / self.units();
        let mut set = |name: &str, value: u64| {
            endpoint
                .properties
                .push((name.to_owned(), value.to_string()));
        };
        if self.queue.is_none() {
            set(QUEUE, unit / 2 / 1_024);
            set(
                QUEUED_RECORDS,
                (unit / 2 / ADMINISTRATION).clamp(1, MOST_RECORDS),
            );
        }
        if self.fetch.is_none() {
            set(FETCH, unit / OF_FETCH);
        }
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        endpoint.read_bytes = endpoint.read_bytes.min(bytes(unit / OF_FETCH));
        if self.overtakes {
            let records = bytes(unit / 2 / ADMINISTRATION);
            endpoint.max_uncommitted = endpoint.max_uncommitted.min(records);
            endpoint.max_uncommitted_bytes = endpoint.max_uncommitted_bytes.min(bytes(unit / 2));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIX: Division = Division {
        consumers: 1,
        partitions: 6,
        overtakes: true,
        queue: None,
        fetch: None,
    };

    #[test]
    fn a_share_is_divided_by_consumers_and_partitions() {
        assert_eq!(SIX.units(), 25);
        assert_eq!(SIX.least(), 25 * LEAST);
        let in_order = Division {
            overtakes: false,
            ..SIX
        };
        assert_eq!(in_order.units(), 19);
    }

    proptest! {
        #[test]
        fn what_is_written_counts_as_it_is(
            consumers in 1..20_u64,
            partitions in 1..200_u64,
            overtakes: bool,
            queue in prop::option::of(1_024..100_000_u64),
            fetch in prop::option::of(1..100_000_u64),
            more in 0..1_000_000_000_u64,
        ) {
            let division = Division { consumers, partitions, overtakes, queue, fetch };
            let share = division.least() + more;
            let unit = (share - division.written()) / division.units();
            prop_assert!(unit >= LEAST);
            let queue = queue.unwrap_or(unit);
            let fetched = fetch.map_or(unit, |fetch| OF_FETCH * fetch);
            let uncommitted = if overtakes { unit } else { 0 };
            let all = consumers * queue + partitions * (queue + fetched + unit + uncommitted);
            prop_assert!(all <= share, "{all} of {share}");
        }
    }
}
