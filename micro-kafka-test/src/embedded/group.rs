//! The consumer groups of a test's Kafka: what they committed, and whether they are in place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

use micro_kafka::listener::{ListenerContainer, PartitionProgress};

use super::{EmbeddedKafka, POLL};
use crate::group::TestGroup;
use crate::wait::Wait;

impl EmbeddedKafka {
    /// A consumer group as the broker sees it.
    pub fn group(&self, name: &str) -> TestGroup<'_> {
        TestGroup::new(self, name)
    }

    /// The offsets that a group has committed for a topic, by partition.
    ///
    /// # Panics
    /// If the broker does not answer.
    #[track_caller]
    pub fn committed(&self, group: &str, topic: &str) -> Wait<'_, BTreeMap<i32, i64>> {
        self.group(group).committed(topic)
    }

    /// Waits until all partitions of a listener's topics are assigned to this test's consumers:
    /// while they move from one to another, nobody has them.
    pub(crate) async fn whole(&self, container: &ListenerContainer) {
        while !self.is_whole(container).await {
            tokio::time::sleep(POLL).await;
        }
    }

    async fn is_whole(&self, container: &ListenerContainer) -> bool {
        let endpoint = container.endpoint();
        let admin = self.admin().with_wire_names();
        let topics: Vec<&str> = endpoint.topics.iter().map(String::as_str).collect();
        let Ok(counts) = admin.partition_counts(&topics).await else {
            return false;
        };
        let by_hand = endpoint.topic_partitions.iter();
        let by_hand = by_hand.map(|own| own.partitions.len()).sum::<usize>();
        let there: usize = match by_hand {
            0 => counts.values().flatten().map(|count| *count as usize).sum(),
            by_hand => by_hand,
        };
        let apps: Vec<_> = self
            .inner
            .apps
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let members = apps.iter().flat_map(|app| app.containers());
        let group: Vec<_> = members
            .filter(|member| member.endpoint().group_id == endpoint.group_id)
            .collect();
        let assigned = group
            .iter()
            .flat_map(|member| member.assignment().borrow().clone());
        let assigned = assigned
            .filter(|partition| topics.contains(&&*partition.topic))
            .count();
        assigned >= there && (topics.len() > 1 || all_have_joined(&group, there))
    }

    /// Waits until a listener has nothing left to do but what waits, with its whole group in place
    /// before and after; how far it was then.
    pub(crate) async fn group_quiet(
        &self,
        container: &ListenerContainer,
    ) -> Vec<PartitionProgress> {
        loop {
            self.whole(container).await;
            let before = container.assignment().borrow().clone();
            let quiet = container.quiet().await;
            if self.is_whole(container).await && *container.assignment().borrow() == before {
                return quiet;
            }
        }
    }
}

/// Whether each consumer has one of the topic's partitions, as far as they go round: who has none
/// is still to come, and will have some taken from the others.
fn all_have_joined(group: &[&ListenerContainer], partitions: usize) -> bool {
    let running = group.iter().filter(|member| member.is_running());
    let (mut consumers, mut busy) = (0, 0);
    for member in running {
        consumers += member.endpoint().concurrency as usize;
        let assigned = member.assignment().borrow().clone();
        let holders: BTreeSet<u32> = assigned.iter().map(|part| part.consumer).collect();
        busy += holders.len();
    }
    busy >= consumers.min(partitions)
}
