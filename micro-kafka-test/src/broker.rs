//! The embedded broker itself: what it holds, its time, its crash.

use std::panic::Location;

use micro_kafka_broker::inspect::{
    AbortedTransaction, GroupView, MemberView, PartitionView, ProducerView, StoredRecord,
    TransactionView,
};
use micro_kafka_broker::{Broker, BrokerNode, Restart};

use crate::deadline::fail;
use crate::embedded::EmbeddedKafka;
use crate::show;
use crate::target::Target;
use crate::wait::{Span, span};

impl EmbeddedKafka {
    /// The broker of this test, for what its other methods do not say.
    ///
    /// # Panics
    /// If the test runs on another Kafka, or on a broker that it shares with others.
    #[track_caller]
    #[must_use]
    pub fn broker(&self) -> &Broker {
        self.own_broker("the broker itself", Location::caller())
    }

    /// One of the test's brokers (`#[kafka_test(brokers = 3)]`), counted from 0, as in
    /// `kafka.node(1).kill().await`.
    ///
    /// # Panics
    /// If there is no such broker, or the test does not have brokers of its own.
    #[track_caller]
    #[must_use]
    pub fn node(&self, id: i32) -> BrokerNode<'_> {
        let place = Location::caller();
        let broker = self.own_broker("`node`", place);
        let known = broker.node_ids();
        broker
            .node(id)
            .unwrap_or_else(|| fail(place, &format!("there is no broker {id}, only {known:?}")))
    }

    /// The broker, if it is this test's alone.
    pub(crate) fn own_broker(&self, what: &str, place: &Location<'_>) -> &Broker {
        match &self.inner.target {
            Target::Embedded(broker) => broker,
            Target::Shared { .. } => fail(
                place,
                &format!(
                    "{what} needs a broker of its own, but this test shares one: others would \
                     notice; leave `shared` out"
                ),
            ),
            Target::External { bootstrap, .. } => fail(place, &needs_embedded(what, bootstrap)),
        }
    }

    /// The broker, if it is an embedded one.
    fn any_broker(&self, what: &str, place: &Location<'_>) -> &Broker {
        match &self.inner.target {
            Target::Embedded(broker) => broker,
            Target::Shared { broker, .. } => broker,
            Target::External { bootstrap, .. } => fail(place, &needs_embedded(what, bootstrap)),
        }
    }

    /// Moves the broker's time, as in `"10m"`: sessions, transactions, records and offsets end whose
    /// time has come. The applications' clock is another: [`EmbeddedKafka::advance`].
    ///
    /// # Panics
    /// If `time` is none, or the test does not have a broker of its own.
    #[track_caller]
    pub fn advance_broker(&self, time: impl Span) {
        let place = Location::caller();
        let time = span(time, place);
        let broker = self.own_broker("`advance_broker`", place);
        broker.clock().advance(time);
    }

    /// Ends the broker as a power cut would. Its port stays its own and refuses connections, until
    /// [`EmbeddedKafka::restart`].
    ///
    /// # Panics
    /// If the test does not have a broker of its own.
    #[track_caller]
    pub fn crash(&self) -> impl Future<Output = ()> + '_ {
        self.own_broker("`crash`", Location::caller()).crash()
    }

    /// Starts the broker again, on its port: with all that it had stored, or with nothing. One that
    /// runs crashes first.
    ///
    /// # Panics
    /// If it does not start, or the test does not have a broker of its own.
    #[track_caller]
    pub fn restart(&self, with: Restart) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        let broker = self.own_broker("`restart`", place);
        async move {
            if let Err(error) = broker.restart(with).await {
                fail(place, &show::chain(&error));
            }
        }
    }

    /// The records that a partition keeps: markers, and those of aborted transactions too.
    ///
    /// # Panics
    /// If there is no such partition, or the test does not run on the embedded broker.
    #[track_caller]
    #[must_use]
    pub fn stored(&self, topic: &str, partition: i32) -> Vec<StoredRecord> {
        let place = Location::caller();
        let records = self
            .any_broker("`stored`", place)
            .records(&self.wire_name(topic), partition);
        records.unwrap_or_else(|error| fail(place, &error.to_string()))
    }

    /// The offsets of a partition.
    ///
    /// # Panics
    /// If there is no such partition, or the test does not run on the embedded broker.
    #[track_caller]
    #[must_use]
    pub fn offsets(&self, topic: &str, partition: i32) -> PartitionView {
        let place = Location::caller();
        let view = self
            .any_broker("`offsets`", place)
            .partition(&self.wire_name(topic), partition);
        view.unwrap_or_else(|error| fail(place, &error.to_string()))
    }

    /// The members of a group, with what is assigned to them; none if there is no such group.
    ///
    /// # Panics
    /// If the test does not run on the embedded broker.
    #[track_caller]
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<MemberView> {
        let broker = self.any_broker("`members`", Location::caller());
        let group: Option<GroupView> = broker.group(&self.wire_name(group));
        group.map(|group| group.members).unwrap_or_default()
    }

    /// Ends a member's session now; it is named by its member id, `client.id` or
    /// `group.instance.id`.
    ///
    /// # Panics
    /// If there is no such member, or the test does not run on the embedded broker.
    #[track_caller]
    pub fn expire_member(&self, group: &str, member: &str) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        let broker = self.any_broker("`expire_member`", place);
        let (group, member) = (self.wire_name(group), member.to_owned());
        async move {
            if let Err(error) = broker.expire_member(&group, &member).await {
                fail(place, &error.to_string());
            }
        }
    }

    /// The idempotent producers that a partition remembers.
    ///
    /// # Panics
    /// If there is no such partition, or the test does not run on the embedded broker.
    #[track_caller]
    #[must_use]
    pub fn producers(&self, topic: &str, partition: i32) -> Vec<ProducerView> {
        let place = Location::caller();
        let producers = self
            .any_broker("`producers`", place)
            .producers(&self.wire_name(topic), partition);
        producers.unwrap_or_else(|error| fail(place, &error.to_string()))
    }

    /// The aborted transactions of a partition.
    ///
    /// # Panics
    /// If there is no such partition, or the test does not run on the embedded broker.
    #[track_caller]
    #[must_use]
    pub fn aborted_transactions(&self, topic: &str, partition: i32) -> Vec<AbortedTransaction> {
        let place = Location::caller();
        let aborted = self
            .any_broker("`aborted_transactions`", place)
            .aborted_transactions(&self.wire_name(topic), partition);
        aborted.unwrap_or_else(|error| fail(place, &error.to_string()))
    }

    /// All transactional ids that the broker knows.
    ///
    /// # Panics
    /// If the test does not run on the embedded broker.
    #[track_caller]
    #[must_use]
    pub fn transactions(&self) -> Vec<TransactionView> {
        let broker = self.any_broker("`transactions`", Location::caller());
        broker.transactions()
    }
}

fn needs_embedded(what: &str, bootstrap: &str) -> String {
    format!(
        "{what} needs the embedded broker, but MICRO_KAFKA_TEST names {bootstrap}: a test that \
         shall not run there says why, by `#[kafka_test(embedded = \"…\")]`"
    )
}
