//! Reading partitions until there is enough to answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::response::current_leader;
use super::sessions::topic_ref;
use super::{AbortedTransaction, EpochEndOffset, FOLLOWERS_FROM, FetchRequest, PartitionData};
use crate::api::replica::{find_any_replica, find_replica};
use crate::api::{ErrorCode, RequestContext};
use crate::meta::Image;
use crate::partition::{FetchWait, FetchWaiter, Isolation, Partition, ReadRequest};
use crate::session::Wanted;
use crate::wire::Records;

/// A request with its limits applied.
pub(super) struct Fetch<'a> {
    pub(super) context: &'a RequestContext,
    /// What is read, in order.
    pub(super) wanted: Vec<Wanted>,
    isolation: Isolation,
    /// Whether the reader is a broker that follows.
    follower: bool,
    max_wait: Duration,
    min_bytes: usize,
    max_bytes: usize,
}

/// What one look at all partitions found.
struct Round {
    /// One for each that is wanted.
    found: Vec<PartitionData>,
    bytes: usize,
    /// Whether something must be told at once.
    urgent: bool,
    /// The partitions, with the end offset that was seen.
    seen: Vec<(Arc<Partition>, i64)>,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(
        request: &FetchRequest,
        wanted: Vec<Wanted>,
        context: &'a RequestContext,
    ) -> Self {
        let size = |bytes: i32| usize::try_from(bytes).unwrap_or(0);
        let most = context.broker.config().number("fetch.max.bytes");
        let max_bytes = size(request.max_bytes).min(usize::try_from(most).unwrap_or(usize::MAX));
        Self {
            context,
            wanted,
            isolation: Isolation::from_wire(request.isolation_level),
            follower: request.is_of_follower(),
            max_wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
            min_bytes: size(request.min_bytes).min(max_bytes),
            max_bytes,
        }
    }

    /// Reads until there is enough, something is urgent, or the time is up.
    pub(super) async fn until_enough(&self) -> Vec<PartitionData> {
        let broker = &self.context.broker;
        let until = broker.clock().now() + self.max_wait;
        loop {
            let image = broker.catalog().image();
            let round = self.read(&image);
            let enough = round.bytes >= self.min_bytes || round.seen.is_empty();
            if round.urgent || enough || !self.wait(&image, &round, until).await {
                return round.found;
            }
        }
    }

    /// Waits for more than was seen by this image; false when the time is up.
    async fn wait(&self, image: &Arc<Image>, round: &Round, until: Instant) -> bool {
        let clock = self.context.broker.clock();
        if clock.now() >= until {
            return false;
        }
        let waiter = FetchWaiter::new(self.min_bytes - round.bytes, self.isolation);
        let wait = FetchWait::register(waiter, round.seen.iter().cloned());
        // A leader that changed before nobody waited has woken nobody.
        if !Arc::ptr_eq(image, &self.context.broker.catalog().image()) {
            return true;
        }
        tokio::select! {
            biased;
            () = wait.woken() => true,
            // What came in the last moment is read once more.
            () = clock.sleep_until(until) => true,
        }
    }

    fn read(&self, image: &Image) -> Round {
        let mut round = Round {
            found: Vec::with_capacity(self.wanted.len()),
            bytes: 0,
            urgent: false,
            seen: Vec::new(),
        };
        for wanted in &self.wanted {
            let data = self.read_partition(image, wanted, &mut round);
            round.found.push(data);
        }
        round
    }

    fn read_partition(&self, image: &Image, wanted: &Wanted, round: &mut Round) -> PartitionData {
        let refused = |error_code, aborted_transactions| PartitionData {
            error_code,
            current_leader: current_leader(self.context, image, wanted, error_code),
            aborted_transactions,
            ..nothing(wanted)
        };
        let partition = match self.find(image, wanted) {
            Ok(partition) => partition,
            Err(error_code) => {
                round.urgent = true;
                return refused(error_code, Some(Vec::new()));
            }
        };
        // Kafka has no list where it looked into a log in vain, but an empty one where there is none.
        self.try_read(partition, wanted, round)
            .unwrap_or_else(|error_code| {
                round.urgent = true;
                refused(error_code, None)
            })
    }

    fn try_read(
        &self,
        partition: Arc<Partition>,
        wanted: &Wanted,
        round: &mut Round,
    ) -> Result<PartitionData, ErrorCode> {
        // Here, unlike in ListOffsets, any negative epoch stands for none.
        partition.check_epoch(wanted.interest.leader_epoch.max(-1))?;
        if let Some(diverging_epoch) = diverging(&partition, wanted)? {
            round.urgent = true;
            let glance = partition.glance();
            return Ok(PartitionData {
                diverging_epoch,
                high_watermark: glance.end_offset,
                last_stable_offset: glance.last_stable_offset,
                log_start_offset: glance.start_offset,
                aborted_transactions: None,
                ..nothing(wanted)
            });
        }
        let left = self.max_bytes.saturating_sub(round.bytes);
        let most = usize::try_from(wanted.interest.max_bytes).unwrap_or(0);
        let outcome = partition.read(ReadRequest {
            offset: wanted.interest.offset,
            max_bytes: most.min(left),
            at_least_one: round.bytes == 0,
            isolation: self.isolation,
        });
        let outcome = outcome?;
        let visible_end = outcome.visible_end(self.isolation);
        let records: Records = outcome.records.into_iter().collect();
        // As in Kafka, where the part of a batch is sent, too, and leaves no room for others.
        round.bytes += outcome.covered;
        round.seen.push((partition, visible_end));
        let aborted = outcome.aborted.iter().map(|aborted| AbortedTransaction {
            producer_id: aborted.producer_id,
            first_offset: aborted.first_offset,
        });
        Ok(PartitionData {
            high_watermark: outcome.high_watermark,
            last_stable_offset: outcome.last_stable_offset,
            log_start_offset: outcome.log_start_offset,
            aborted_transactions: self.aborted_transactions(aborted),
            records,
            ..nothing(wanted)
        })
    }

    /// A topic named by id that is gone may have a successor of the same name, which is another.
    fn find(&self, image: &Image, wanted: &Wanted) -> Result<Arc<Partition>, ErrorCode> {
        let index = wanted.key.index;
        let topic = topic_ref(&wanted.key.topic);
        let found = match self.context.version >= FOLLOWERS_FROM && !self.follower {
            true => find_any_replica(self.context, image, topic, index),
            false => find_replica(self.context, image, topic, index),
        };
        found
            .map(|(_, partition)| partition)
            .map_err(|error| match &wanted.name {
                Some(name) if error == ErrorCode::UNKNOWN_TOPIC_ID => {
                    let successor = image.topic(name).and_then(|topic| topic.partition(index));
                    match successor {
                        Some(_) => ErrorCode::INCONSISTENT_TOPIC_ID,
                        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    }
                }
                _ => error,
            })
    }

    /// Only whoever reads committed records is told a list.
    fn aborted_transactions(
        &self,
        aborted: impl IntoIterator<Item = AbortedTransaction>,
    ) -> Option<Vec<AbortedTransaction>> {
        (self.isolation == Isolation::ReadCommitted).then(|| aborted.into_iter().collect())
    }
}

fn nothing(wanted: &Wanted) -> PartitionData {
    PartitionData {
        partition_index: wanted.key.index,
        high_watermark: -1,
        ..PartitionData::default()
    }
}

/// Where the reader's log and this one part, if they do.
fn diverging(partition: &Partition, wanted: &Wanted) -> Result<Option<EpochEndOffset>, ErrorCode> {
    let (epoch, offset) = (wanted.interest.last_fetched_epoch, wanted.interest.offset);
    if epoch < 0 {
        return Ok(None);
    }
    let end = partition.epoch_end(epoch);
    if end.epoch < 0 {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    let parted = end.epoch < epoch || end.end_offset < offset;
    Ok(parted.then_some(EpochEndOffset {
        epoch: end.epoch,
        end_offset: end.end_offset,
    }))
}
