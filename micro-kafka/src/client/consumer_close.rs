//! How a consumer leaves its group.

use std::ffi::CStr;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_resp_err_t as Code;

use super::consumer::{KafkaConsumer, is_by_broker};
use super::handle::check_error;
use super::properties::property;
use super::{ClientError, RecordSource as _, SourceEvent};

/// How long a dropped consumer may take to leave its group.
const DROP_CLOSE: Duration = Duration::from_secs(2);
/// How long a consumer without partitions waits for the end of a rebalance, to leave its group then.
const REBALANCE: Duration = Duration::from_secs(3);

/// How far a consumer has got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It stays.
    #[default]
    No,
    /// It has unsubscribed, and librdkafka does so once the group's rebalance is over.
    Unsubscribed { until: Instant },
    /// It is being closed, and has given up what it had, or not yet.
    Closing { empty: bool },
    /// It is a member still. Its end is the client's, which asks the group for nothing.
    GivenUp,
}

impl KafkaConsumer {
    pub(super) fn begin_leaving(&mut self) -> Result<(), ClientError> {
        if self.holds_nothing() && self.client.fatal_error().is_none() {
            // A cooperative member without partitions is closed without a LeaveGroup, and its group
            // waits for it until its session times out. An unsubscription does leave.
            // SAFETY: the client is alive.
            unsafe { rdsys::rd_kafka_unsubscribe(self.client.raw()) };
            // In a rebalance it only waits for its turn. Closed now, a cooperative member would not
            // leave; and an error as the group's answer then has librdkafka leave by a coordinator
            // that it has let go of: it crashes (confluentinc/librdkafka#5347, mended in 2.14.2).
            if self.says_goodbye && self.cooperative && self.is_member() {
                let until = Instant::now() + REBALANCE;
                self.leaving = Leaving::Unsubscribed { until };
                return Ok(());
            }
        }
        self.close_group()
    }

    /// Goes on with leaving, now that these events were heard.
    pub(super) fn go_on_leaving(&mut self, events: &[SourceEvent]) {
        let Leaving::Unsubscribed { until } = self.leaving else {
            return;
        };
        // A closing consumer leaves with the answer to a rebalance, whatever that is.
        let is_asked = |event: &SourceEvent| {
            matches!(event, SourceEvent::Assign(_) | SourceEvent::Revoke { .. })
        };
        if events.iter().any(is_asked) || !self.is_member() {
            if let Err(error) = self.close_group() {
                tracing::debug!(%error, "the consumer is closed already");
                self.leaving = Leaving::GivenUp;
            }
        } else if Instant::now() >= until {
            tracing::warn!("a group that rebalances keeps its member until its session times out");
            self.leaving = Leaving::GivenUp;
        }
    }

    /// Whether a rebalance has to be answered. The first answer to a closing consumer's gives
    /// everything up; a later call may come when librdkafka has closed it, and would wait for ever.
    pub(super) fn answers(&mut self) -> bool {
        match &mut self.leaving {
            Leaving::Closing { empty } => !std::mem::replace(empty, true),
            _ => true,
        }
    }

    pub(super) fn has_left(&self) -> bool {
        // SAFETY: the client is alive.
        let closed = unsafe { rdsys::rd_kafka_consumer_closed(self.client.raw()) != 0 };
        closed || self.leaving == Leaving::GivenUp
    }

    fn close_group(&mut self) -> Result<(), ClientError> {
        self.leaving = Leaving::Closing { empty: false };
        // SAFETY: client and queue are alive.
        let error =
            unsafe { rdsys::rd_kafka_consumer_close_queue(self.client.raw(), self.queue.raw()) };
        check_error("rd_kafka_consumer_close_queue", error)
    }

    /// Whether a classic group knows it.
    fn is_member(&self) -> bool {
        // SAFETY: the client is alive; the text is ours.
        let Some(id) = NonNull::new(unsafe { rdsys::rd_kafka_memberid(self.client.raw()) }) else {
            return false;
        };
        // SAFETY: the text ends with a zero, and is released once, by whom it came from.
        unsafe {
            let named = !CStr::from_ptr(id.as_ptr()).is_empty();
            rdsys::rd_kafka_mem_free(self.client.raw(), id.as_ptr().cast());
            named
        }
    }

    fn holds_nothing(&self) -> bool {
        let mut list = std::ptr::null_mut();
        // SAFETY: the client is alive, and the out pointer is ours.
        let code = unsafe { rdsys::rd_kafka_assignment(self.client.raw(), &raw mut list) };
        let Some(list) = NonNull::new(list) else {
            return code == Code::RD_KAFKA_RESP_ERR_NO_ERROR;
        };
        // SAFETY: the list is ours, and not used afterwards.
        unsafe {
            let count = list.as_ref().cnt;
            rdsys::rd_kafka_topic_partition_list_destroy(list.as_ptr());
            count == 0
        }
    }

    fn leave(&mut self) {
        let deadline = Instant::now() + DROP_CLOSE;
        if self.leaving == Leaving::No && self.begin_leaving().is_err() {
            return;
        }
        let mut events = Vec::new();
        while !self.has_left() && Instant::now() < deadline {
            self.serve(10);
            self.poll_events(&mut events);
            for event in events.drain(..) {
                if let SourceEvent::Assign(slots) | SourceEvent::Revoke { slots, .. } = event {
                    let _ = self.unassign(&slots);
                }
            }
        }
    }
}

/// Whether a member leaves its group when it is closed, and is seen to have done so: a static one
/// stays, and one of a group that the broker assigns to (KIP-848) keeps its id.
pub(super) fn says_goodbye(properties: &[(String, String)]) -> bool {
    let is_static = property(properties, "group.instance.id").is_some_and(|id| !id.is_empty());
    !is_static && !is_by_broker(properties)
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        if !self.has_left() {
            self.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mock_cluster::MockCluster;
    use super::*;

    const SYNC_GROUP: i16 = 14;
    const LEAVE_GROUP: i16 = 13;
    const LATE: Duration = Duration::from_millis(500);
    const PATIENCE: Duration = Duration::from_secs(60);

    fn until(mut done: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < end, "in vain");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Closes a consumer whose group is about to tell it its partitions, and answers so.
    fn leave_while_syncing(answer: Code) {
        let cluster = MockCluster::start();
        cluster.create_topic("t", 1);
        cluster.answer_late(SYNC_GROUP, answer, LATE);
        cluster.track_requests();
        let settings = [
            ("bootstrap.servers", cluster.bootstrap_servers()),
            ("group.id", "g".to_owned()),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value));
        let mut consumer = KafkaConsumer::subscribe(&settings, &["t".to_owned()]).unwrap();
        let mut events = Vec::new();
        until(|| {
            consumer.poll_events(&mut events);
            cluster.requests(SYNC_GROUP) > 0
        });
        consumer.close().unwrap();
        // However slow this machine is.
        if let Leaving::Unsubscribed { until } = &mut consumer.leaving {
            *until += PATIENCE;
        }
        until(|| {
            consumer.poll_events(&mut events);
            for event in events.drain(..) {
                match event {
                    SourceEvent::Assign(slots) => drop(consumer.assign(&slots).unwrap()),
                    SourceEvent::Revoke { slots, .. } => consumer.unassign(&slots).unwrap(),
                    _ => {}
                }
            }
            consumer.is_closed()
        });
        assert_eq!(cluster.requests(LEAVE_GROUP), 1);
    }

    #[test]
    fn a_member_leaves_when_its_partitions_come_late() {
        leave_while_syncing(Code::RD_KAFKA_RESP_ERR_NO_ERROR);
    }

    #[test]
    fn a_member_leaves_when_another_rebalance_begins() {
        leave_while_syncing(Code::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    }

    #[test]
    fn a_group_that_does_not_come_to_rest_is_not_waited_for() {
        let cluster = MockCluster::start();
        cluster.create_topic("t", 1);
        cluster.answer_late(SYNC_GROUP, Code::RD_KAFKA_RESP_ERR_NO_ERROR, PATIENCE);
        cluster.track_requests();
        let settings = [
            ("bootstrap.servers", cluster.bootstrap_servers()),
            ("group.id", "g".to_owned()),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value));
        let mut consumer = KafkaConsumer::subscribe(&settings, &["t".to_owned()]).unwrap();
        until(|| {
            consumer.poll_events(&mut Vec::new());
            cluster.requests(SYNC_GROUP) > 0
        });
        consumer.close().unwrap();
        let Leaving::Unsubscribed { until } = &mut consumer.leaving else {
            panic!("not a member: {:?}", consumer.leaving);
        };
        *until = Instant::now();
        consumer.poll_events(&mut Vec::new());
        assert!(consumer.is_closed());
        assert_eq!(consumer.leaving, Leaving::GivenUp);
    }
}
