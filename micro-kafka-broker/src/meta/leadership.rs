//! Which replica of a partition leads, as brokers come and go.
//!
//! All replicas of a partition are one log here, so a broker that comes back is in sync at once.

use std::sync::Arc;

use super::{Catalog, Image, PartitionInfo, Topic};

/// Stands for no leader.
pub(crate) const NO_LEADER: i32 = -1;

/// What an election is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Election {
    /// The first replica leads again.
    Preferred,
    /// A partition without a leader gets one, in sync or not.
    Unclean,
}

/// Why there is no election; the texts are Kafka's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoElection {
    /// There is no such partition.
    #[error("This server does not host this topic-partition.")]
    UnknownPartition,
    /// The partition is led as it is to be.
    #[error("Leader election not needed for topic partition.")]
    NotNeeded,
    /// The first replica does not run, or is not in sync.
    #[error("The preferred leader was not available.")]
    PreferredNotAvailable,
    /// No replica runs.
    #[error("Eligible topic partition leaders are not available.")]
    NoneEligible,
}

impl PartitionInfo {
    /// A new partition, of whose replicas those are in sync whose brokers run.
    pub(super) fn placed(replicas: Vec<i32>, live: &[i32]) -> Self {
        let isr: Vec<_> = replicas
            .iter()
            .copied()
            .filter(|id| live.contains(id))
            .collect();
        Self {
            leader: isr.first().copied().unwrap_or(NO_LEADER),
            leader_epoch: 0,
            // Where none runs, the first one is waited for.
            isr: match isr.is_empty() {
                true => replicas.iter().copied().take(1).collect(),
                false => isr,
            },
            replicas,
        }
    }

    /// Takes in that a broker has ended. As in Kafka the last one in sync stays so, and with it the
    /// partition has no leader.
    fn lose(&mut self, broker: i32, live: &[i32]) {
        if self.isr.contains(&broker) && self.isr.len() > 1 {
            self.isr.retain(|id| *id != broker);
        }
        if self.leader == broker {
            self.lead_by(self.candidate(live).unwrap_or(NO_LEADER));
        }
    }

    /// Takes in that a broker runs again. With a leader all replicas that run are in sync.
    fn regain(&mut self, broker: i32, live: &[i32]) {
        if self.leader == NO_LEADER && self.isr.contains(&broker) {
            self.lead_by(broker);
        }
        if self.leader != NO_LEADER {
            let behind = |id: &&i32| live.contains(id) && !self.isr.contains(id);
            let behind: Vec<_> = self.replicas.iter().filter(behind).copied().collect();
            self.isr.extend(behind);
        }
    }

    /// The first replica that is in sync and runs.
    fn candidate(&self, live: &[i32]) -> Option<i32> {
        let mut replicas = self.replicas.iter();
        let found = replicas.find(|id| self.isr.contains(id) && live.contains(id));
        found.copied()
    }

    fn lead_by(&mut self, leader: i32) {
        self.leader = leader;
        self.leader_epoch += 1;
    }

    fn elect(&mut self, election: Election, live: &[i32]) -> Result<(), NoElection> {
        let preferred = self.replicas.first().copied().unwrap_or(NO_LEADER);
        match election {
            Election::Preferred if self.leader == preferred => Err(NoElection::NotNeeded),
            Election::Preferred => {
                if !self.isr.contains(&preferred) || !live.contains(&preferred) {
                    return Err(NoElection::PreferredNotAvailable);
                }
                self.lead_by(preferred);
                Ok(())
            }
            Election::Unclean if self.leader != NO_LEADER => Err(NoElection::NotNeeded),
            Election::Unclean => {
                let running = self.replicas.iter().filter(|id| live.contains(id));
                let running: Vec<_> = running.copied().collect();
                let leader = *running.first().ok_or(NoElection::NoneEligible)?;
                self.isr = running;
                self.lead_by(leader);
                Ok(())
            }
        }
    }
}

impl Catalog {
    /// Places a partition: brokers take turns, and those that do not run come last.
    pub(super) fn spread(&self, index: usize, factor: usize) -> PartitionInfo {
        let image = self.image();
        let (live, ended): (Vec<i32>, Vec<i32>) =
            self.brokers().iter().partition(|id| image.is_live(**id));
        let turns = |brokers: &[i32]| -> Vec<i32> {
            let turns = brokers.iter().cycle().skip(index % brokers.len().max(1));
            turns.take(brokers.len()).copied().collect()
        };
        let mut replicas = [turns(&live), turns(&ended)].concat();
        replicas.truncate(factor);
        PartitionInfo::placed(replicas, &live)
    }

    /// Takes in that a broker runs, or has ended: partitions get leaders, and replicas fall out of
    /// sync or come back. What follows from that may take long, and blocks.
    pub(crate) fn set_live(&self, broker: i32, is_live: bool) {
        let _changing = self.changing.lock();
        let image = self.image();
        if image.is_live(broker) == is_live || !self.brokers().contains(&broker) {
            return;
        }
        let live: Vec<_> = self
            .brokers()
            .iter()
            .copied()
            .filter(|id| match *id == broker {
                true => is_live,
                false => image.is_live(*id),
            })
            .collect();
        let mut next = Image::clone(&image);
        next.set_live(live.clone());
        self.lead_anew(&image, next, |info| match is_live {
            true => info.regain(broker, &live),
            false => info.lose(broker, &live),
        });
    }

    /// Holds an election for a partition.
    ///
    /// # Errors
    /// [`NoElection`] with Kafka's text.
    pub(crate) fn elect(
        &self,
        topic: &str,
        partition: i32,
        election: Election,
    ) -> Result<(), NoElection> {
        let live = self.image().live().to_vec();
        self.change_leader(topic, partition, |info| info.elect(election, &live))
    }

    /// Gives a partition to the next of its replicas that is in sync; false if there is no other.
    pub(crate) fn move_leader(&self, topic: &str, partition: i32) -> bool {
        let live = self.image().live().to_vec();
        let moved = self.change_leader(topic, partition, |info| {
            let at = info.replicas.iter().position(|id| *id == info.leader);
            let turns = info.replicas.iter().cycle().skip(at.map_or(0, |at| at + 1));
            let mut others = turns.take(info.replicas.len());
            let next =
                others.find(|id| **id != info.leader && info.isr.contains(id) && live.contains(id));
            let next = *next.ok_or(NoElection::NoneEligible)?;
            info.lead_by(next);
            Ok(())
        });
        moved.is_ok()
    }

    fn change_leader(
        &self,
        topic: &str,
        partition: i32,
        change: impl FnOnce(&mut PartitionInfo) -> Result<(), NoElection>,
    ) -> Result<(), NoElection> {
        let _changing = self.changing.lock();
        let image = self.image();
        let unknown = NoElection::UnknownPartition;
        let mut topic = Topic::clone(image.topic(topic).ok_or(unknown)?);
        let index = usize::try_from(partition).map_err(|_| unknown)?;
        change(topic.partitions.get_mut(index).ok_or(unknown)?)?;
        let topic = Arc::new(topic);
        self.publish(&image, &topic);
        self.tell_of_leaders(&topic, &[partition]);
        Ok(())
    }

    /// Publishes one image with all partitions changed, and tells of new leaders.
    fn lead_anew(&self, before: &Image, mut next: Image, change: impl Fn(&mut PartitionInfo)) {
        let mut moved = Vec::new();
        for topic in before.topics() {
            let mut altered = Topic::clone(topic);
            altered.partitions.iter_mut().for_each(&change);
            if altered.partitions == topic.partitions {
                continue;
            }
            let pairs = (0..).zip(altered.partitions.iter().zip(&topic.partitions));
            let indexes = pairs.filter(|(_, (now, before))| now.leader != before.leader);
            let indexes: Vec<i32> = indexes.map(|(index, _)| index).collect();
            let altered = Arc::new(altered);
            for observer in self.observers.read().iter() {
                observer.topic_changed(&altered);
            }
            next.insert(Arc::clone(&altered));
            moved.push((altered, indexes));
        }
        self.replace(next);
        for (topic, indexes) in moved.iter().filter(|(_, indexes)| !indexes.is_empty()) {
            self.tell_of_leaders(topic, indexes);
        }
    }

    fn tell_of_leaders(&self, topic: &Arc<Topic>, partitions: &[i32]) {
        // Whoever follows may look at the observers' own topics.
        let observers: Vec<_> = self.observers.read().clone();
        for observer in observers {
            observer.leaders_changed(topic, partitions);
        }
    }
}

#[cfg(test)]
#[path = "leadership_tests.rs"]
mod tests;
