//! Which letters are replayed, and how.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::SystemTime;

use super::letter::DeadLetter;
use super::repair::{Repair, Repairer};
use super::report::{DryRun, ReplayReport};
use super::selection::{Selection, millis};
use super::target::{Audience, Target};
use super::{ReplayError, engine};
use crate::client::ConfigError;
use crate::clock::Clock;
use crate::config::Config;
use crate::record::OwnedRecord;
use crate::template::{KafkaTemplate, TemplateConfig};

/// How many samples a dry run takes unless something else is said.
const SAMPLES: usize = 10;

/// Dead letters that are to be counted, or sent back to where they failed.
///
/// Without a condition all letters of its topics are meant. Of several conditions of one kind any
/// may hold, as in `.error("Timeout").error("Busy")`; of different kinds all must.
///
/// A record goes back with its key, payload and headers byte for byte, to its topic and partition;
/// by its key, if the topic has no such partition any more. What the failure had added is taken
/// away; [`REPLAY_ID`](super::REPLAY_ID) and its like come to it. By them all groups of this
/// framework but the one that has failed pass the record over.
#[derive(Debug, Clone)]
#[must_use = "a replay does nothing until `dry_run` or `run`"]
pub struct Replay {
    pub(super) template: KafkaTemplate,
    /// Of its consumers.
    pub(super) properties: Vec<(String, String)>,
    pub(super) clock: Clock,
    /// As the broker knows them.
    pub(super) topics: Vec<String>,
    pub(super) selection: Selection,
    pub(super) target: Target,
    pub(super) audience: Audience,
    pub(super) rate: Option<NonZeroU32>,
    pub(super) repair: Option<Repairer>,
    pub(super) keeps_timestamps: bool,
    pub(super) samples: usize,
}

impl Replay {
    /// A replay without an application: by the brokers, the namespace and the properties of these
    /// settings; `topic` is one of dead letters, without namespace.
    ///
    /// # Errors
    /// If librdkafka does not know or accept a property.
    pub fn new(config: &Config, topic: &str) -> Result<Self, ConfigError> {
        let template = KafkaTemplate::at_first_use(TemplateConfig::from(config))?;
        Ok(Self::with(&template, config, &Clock::system(), topic))
    }

    /// A replay by that template.
    pub(crate) fn with(
        template: &KafkaTemplate,
        config: &Config,
        clock: &Clock,
        topic: &str,
    ) -> Self {
        let properties = config.consumer_properties();
        let properties = properties
            .iter()
            .filter(|(name, ..)| !matches!(*name, "group.id" | "group.instance.id"))
            .map(|(name, value, _)| (name.to_owned(), value.to_owned()));
        let replay = Self {
            template: template.clone(),
            properties: properties.collect(),
            clock: clock.clone(),
            topics: Vec::new(),
            selection: Selection::default(),
            target: Target::Origin,
            audience: Audience::Concerned,
            rate: None,
            repair: None,
            keeps_timestamps: false,
            samples: SAMPLES,
        };
        replay.topic(topic)
    }

    /// Another topic of dead letters, without namespace.
    pub fn topic(mut self, topic: &str) -> Self {
        let topic = self.wire_name(topic);
        if !self.topics.contains(&topic) {
            self.topics.push(topic);
        }
        self
    }

    /// Only letters with that `mk-fingerprint`.
    pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.selection.fingerprints.push(fingerprint.into());
        self
    }

    /// Only letters of that error: its variant, or the full path of its type.
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.selection.errors.push(error.into());
        self
    }

    /// Only letters that this listener gave up, by its id.
    pub fn listener(mut self, id: impl Into<String>) -> Self {
        self.selection.listeners.push(id.into());
        self
    }

    /// Only letters of records of that topic, without namespace.
    pub fn from_topic(mut self, topic: &str) -> Self {
        let topic = self.wire_name(topic);
        self.selection.origins.push(topic);
        self
    }

    /// Only letters that were written at this time or later.
    pub fn since(mut self, time: SystemTime) -> Self {
        self.selection.since = Some(millis(time));
        self
    }

    /// Only letters that were written before this time.
    pub fn until(mut self, time: SystemTime) -> Self {
        self.selection.until = Some(millis(time));
        self
    }

    /// Only letters with that key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.selection.keys.push(key.as_ref().to_vec());
        self
    }

    /// Only letters that have that header; of several, all must be there.
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        let header = (name.into(), value.as_ref().to_vec());
        self.selection.headers.push(header);
        self
    }

    /// Only letters whose record was replayed so often at most; 0 for those that never were. It ends
    /// the circle of records that fail each time.
    pub fn replayed_at_most(mut self, times: u32) -> Self {
        self.selection.most_replays = Some(times);
        self
    }

    /// Only letters for which this holds; the last one that is given counts.
    pub fn matching(mut self, holds: impl Fn(&DeadLetter) -> bool + Send + Sync + 'static) -> Self {
        self.selection.predicate = Some(Arc::new(holds));
        self
    }

    /// Sends records to that topic instead, without namespace, by their keys. There they are for all
    /// groups, unless [`for_group`](Self::for_group) names one.
    pub fn to_topic(mut self, topic: &str) -> Self {
        self.target = Target::Topic(self.wire_name(topic));
        self
    }

    /// Sends records for that group, without namespace, instead of the one that failed.
    pub fn for_group(mut self, group: &str) -> Self {
        self.audience = Audience::Group(self.wire_name(group));
        self
    }

    /// Sends records for all groups that read the topic.
    pub fn for_all_groups(mut self) -> Self {
        self.audience = Audience::All;
        self
    }

    /// Sends so many records a second at most; 0 (the default) as fast as it can.
    pub fn rate(mut self, per_second: u32) -> Self {
        self.rate = NonZeroU32::new(per_second);
        self
    }

    /// Lets a function see each letter and change the record that it was: key, payload, headers,
    /// topic (as the broker knows it) and partition, where -1 leaves it to the partitioner. A record
    /// whose key was changed goes by its key, unless the partition was changed as well.
    ///
    /// The function is called by dry runs, too. A run that did not come to its end may call it again
    /// for letters that it has seen; what was sent is not seen again.
    pub fn repair(
        mut self,
        function: impl Fn(&DeadLetter, &mut OwnedRecord) -> Repair + Send + Sync + 'static,
    ) -> Self {
        self.repair = Some(Repairer::new(function));
        self
    }

    /// Gives records the timestamps that they had; without this they get the time of the replay, so
    /// that retention does not delete them at once. A record for one group is up to 32 ms off: by its
    /// time readers see that it may be marked.
    pub fn keep_timestamps(mut self) -> Self {
        self.keeps_timestamps = true;
        self
    }

    /// How many letters a dry run returns; 10 by default.
    pub fn samples(mut self, count: usize) -> Self {
        self.samples = count;
        self
    }

    /// Counts what would be sent, from the first letter to the last one now. Nothing is sent, and no
    /// offset committed.
    ///
    /// # Errors
    /// If the topics do not exist or cannot be read.
    pub async fn dry_run(&self) -> Result<DryRun, ReplayError> {
        engine::dry_run(self, None).await
    }

    /// The same for an id: what it has sent or passed over already is left out.
    ///
    /// # Errors
    /// As [`dry_run`](Self::dry_run), and if that can be no id.
    pub async fn dry_run_of(&self, id: &str) -> Result<DryRun, ReplayError> {
        engine::dry_run(self, Some(id)).await
    }

    /// Sends the letters that are there now, each exactly once for that id: its progress is committed
    /// in the transactions that the records are sent in, as the offsets of the group `mk-replay-<id>`.
    /// Another run of the same id, also after a crash in the middle, sends the rest and then nothing.
    /// Of runs at the same time the later one goes on, and the earlier one fails.
    ///
    /// Letters that come while it runs are left to a later run; so is a record that it has sent and
    /// that has failed again, which needs another id.
    ///
    /// # Errors
    /// If the topics do not exist, or cannot be read or written.
    ///
    /// # Cancel safety
    /// Dropped, the transaction under way is committed or aborted as a whole; another run of the same
    /// id goes on behind it.
    pub async fn run(&self, id: &str) -> Result<ReplayReport, ReplayError> {
        engine::run(self, id).await
    }

    pub(super) fn wire_name(&self, name: &str) -> String {
        format!("{}{name}", self.template.namespace())
    }
}
