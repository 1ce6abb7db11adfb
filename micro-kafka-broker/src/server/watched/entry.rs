//! What a message says, read by the names of its fields.

use crate::api::ErrorCode;
use crate::fault::{ApiKey, Failure, Matcher, TopicView};
use crate::meta::{Image, TopicRef};
use crate::session::{FetchSessions, SessionTopic};
use crate::wire::{List, Node, Structure, Uuid};

/// Lists of topics, in requests and answers.
const TOPIC_LISTS: [&str; 9] = [
    "topics",
    "topic_data",
    "topic_names",
    "topic_partitions",
    "responses",
    "results",
    "results_by_topic",
    "topic_results",
    "replica_election_results",
];
/// Lists of partitions, in requests and answers.
const PARTITION_LISTS: [&str; 7] = [
    "partitions",
    "partition_data",
    "partition_indexes",
    "partition_responses",
    "results_by_partition",
    "partition_result",
    "partitions_indexes",
];

/// The name of an element that is no structure.
pub(super) const BARE: &str = "";

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf {
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Text(String),
    Id(Uuid),
    Error(ErrorCode),
}

/// A structure, or an element that is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) fields: Vec<(&'static str, Leaf)>,
    pub(super) lists: Vec<(&'static str, Vec<Self>)>,
}

impl Entry {
    /// Reads a message in its version.
    pub(super) fn read(structure: &mut dyn Structure, version: i16) -> Self {
        let mut entry = Self::default();
        structure.visit(version, &mut |name, node| entry.add(name, node, version));
        entry
    }

    /// Reads an element of a list.
    pub(super) fn of(node: Node<'_>, version: i16) -> Self {
        match node {
            Node::Structure(structure) => Self::read(structure, version),
            node => {
                let mut entry = Self::default();
                entry.add(BARE, node, version);
                entry
            }
        }
    }

    fn add(&mut self, name: &'static str, node: Node<'_>, version: i16) {
        let leaf = match node {
            Node::Byte(value) => Leaf::Byte(*value),
            Node::Short(value) => Leaf::Short(*value),
            Node::Int(value) => Leaf::Int(*value),
            Node::Long(value) => Leaf::Long(*value),
            Node::Text(value) => Leaf::Text(value.clone()),
            Node::MaybeText(Some(value)) => Leaf::Text(value.clone()),
            Node::Id(value) => Leaf::Id(*value),
            Node::Error(value) => Leaf::Error(*value),
            Node::List(list) => {
                let elements = (0..list.count()).map(|nth| Self::of(list.nth(nth), version));
                return self.lists.push((name, elements.collect()));
            }
            Node::Structure(structure) => {
                return self
                    .lists
                    .push((name, vec![Self::read(structure, version)]));
            }
            Node::MaybeText(None) | Node::Records(_) | Node::Other => return,
        };
        self.fields.push((name, leaf));
    }

    /// Adds the partitions that a fetch does not name, since its session knows them.
    pub(super) fn add_session(&mut self, sessions: &FetchSessions) {
        let (Some(Leaf::Int(id)), Some(Leaf::Int(1..))) =
            (self.field("session_id"), self.field("session_epoch"))
        else {
            return;
        };
        let topics = sessions.partitions_of(*id).into_iter().map(|key| {
            let topic = match key.topic {
                SessionTopic::Name(name) => ("topic", Leaf::Text(name.to_string())),
                SessionTopic::Id(id) => ("topic_id", Leaf::Id(id)),
            };
            let partition = Self {
                fields: vec![("partition", Leaf::Int(key.index))],
                lists: Vec::new(),
            };
            Self {
                fields: vec![topic],
                lists: vec![("partitions", vec![partition])],
            }
        });
        let topics = topics.collect();
        self.lists.push(("topics", topics));
    }

    /// What stands in a field.
    pub(super) fn field(&self, name: &str) -> Option<&Leaf> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, leaf)| leaf)
    }

    fn text(&self, names: &[&str]) -> Option<&str> {
        let texts = names.iter().filter_map(|name| self.field(name));
        let mut texts = texts.filter_map(|leaf| match leaf {
            Leaf::Text(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        });
        texts.next()
    }

    /// The topic that this is about, by name.
    pub(super) fn topic(&self, image: &Image) -> Option<String> {
        if let Some(name) = self.text(&["name", "topic", "topic_name", BARE]) {
            return Some(name.to_owned());
        }
        match self.field("topic_id") {
            Some(Leaf::Id(id)) if *id != Uuid::ZERO => {
                let found = image.find(TopicRef::Id(*id));
                Some(found.map_or_else(|| id.to_string(), |topic| topic.name.to_string()))
            }
            _ => None,
        }
    }

    fn partition(&self) -> Option<i32> {
        let names = [
            "partition",
            "partition_index",
            "index",
            "partition_id",
            BARE,
        ];
        let mut found = names.iter().filter_map(|name| self.field(name));
        found.find_map(|leaf| match leaf {
            Leaf::Int(index) => Some(*index),
            _ => None,
        })
    }

    fn partitions(&self) -> Option<&Vec<Self>> {
        let mut lists = self.lists.iter();
        let found = lists.find(|(name, _)| PARTITION_LISTS.contains(name));
        found.map(|(_, partitions)| partitions)
    }

    /// The topics that a request names.
    pub(super) fn topics(&self, image: &Image) -> Vec<TopicView> {
        let mut topics = Vec::new();
        for (name, entries) in &self.lists {
            for entry in entries {
                match entry.topic(image).filter(|_| TOPIC_LISTS.contains(name)) {
                    Some(topic) => {
                        let partitions = entry.partitions().into_iter().flatten();
                        let indexes = partitions.filter_map(Self::partition).collect();
                        topics.push(TopicView::new(topic, indexes));
                    }
                    None if *name != "forgotten_topics_data" => topics.extend(entry.topics(image)),
                    None => {}
                }
            }
        }
        topics
    }

    /// The ids in fields of that name, and in lists of names.
    pub(super) fn ids(&self, field: &str, lists: &[&str]) -> Vec<String> {
        let mut ids: Vec<_> = self.text(&[field]).map(str::to_owned).into_iter().collect();
        for (name, entries) in &self.lists {
            let bare = lists.contains(name);
            for entry in entries {
                let own = entry.text(&[BARE]).filter(|_| bare).map(str::to_owned);
                ids.extend(own);
                ids.extend(entry.ids(field, lists));
            }
        }
        ids
    }

    /// The group or transactional id that a coordinator is sought for.
    pub(super) fn sought(&self, api: ApiKey, kind: i8) -> Vec<String> {
        let group = Leaf::Byte(0);
        let of = self.field("key_type").unwrap_or(&group);
        if api != ApiKey::FindCoordinator || *of != Leaf::Byte(kind) {
            return Vec::new();
        }
        self.ids("key", &["coordinator_keys"])
    }

    /// The errors of an answer.
    pub(super) fn failures(&self, image: &Image) -> Vec<Failure> {
        let mut failures = Vec::new();
        self.add_failures(image, None, None, &mut failures);
        failures
    }

    fn add_failures(
        &self,
        image: &Image,
        topic: Option<&str>,
        partition: Option<i32>,
        failures: &mut Vec<Failure>,
    ) {
        for (_, leaf) in &self.fields {
            if let Leaf::Error(error) = leaf
                && !error.is_none()
            {
                failures.push(Failure {
                    topic: topic.map(str::to_owned),
                    partition,
                    error: *error,
                });
            }
        }
        for (name, entries) in &self.lists {
            for entry in entries {
                let own = entry.topic(image).filter(|_| TOPIC_LISTS.contains(name));
                let index = entry.partition().filter(|_| PARTITION_LISTS.contains(name));
                entry.add_failures(
                    image,
                    own.as_deref().or(topic),
                    index.or(partition),
                    failures,
                );
            }
        }
    }

    /// The part of a request that a matcher is about.
    pub(super) fn within(&self, matcher: &Matcher, image: &Image) -> Self {
        let lists = self.lists.iter().map(|(name, entries)| {
            let kept = entries.iter().filter_map(|entry| {
                match entry.topic(image).filter(|_| TOPIC_LISTS.contains(name)) {
                    Some(topic) => entry.partitions_within(&topic, matcher),
                    None => Some(entry.within(matcher, image)).filter(|kept| !kept.is_leaf()),
                }
            });
            (*name, kept.collect())
        });
        Self {
            fields: self.fields.clone(),
            lists: lists.collect(),
        }
    }

    fn is_leaf(&self) -> bool {
        self.lists.iter().all(|(_, entries)| entries.is_empty())
    }

    fn partitions_within(&self, topic: &str, matcher: &Matcher) -> Option<Self> {
        if self.partitions().is_none_or(Vec::is_empty) {
            return matcher.covers(topic, None).then(|| self.clone());
        }
        let mut kept = self.clone();
        for (name, entries) in &mut kept.lists {
            if PARTITION_LISTS.contains(name) {
                entries.retain(|entry| matcher.covers(topic, entry.partition()));
            }
        }
        let some = kept.partitions().is_some_and(|entries| !entries.is_empty());
        some.then_some(kept)
    }
}

/// Takes the part out of a request that a matcher is about; whether topics are left.
pub(super) fn strip(
    structure: &mut dyn Structure,
    version: i16,
    matcher: &Matcher,
    image: &Image,
) -> bool {
    let mut left = false;
    structure.visit(version, &mut |name, node| {
        let Node::List(list) = node else { return };
        for nth in (0..list.count()).rev() {
            let entry = Entry::of(list.nth(nth), version);
            let topic = entry.topic(image).filter(|_| TOPIC_LISTS.contains(&name));
            let keep = match (topic, list.nth(nth)) {
                (Some(topic), node) => strip_topic(node, version, &topic, matcher),
                (None, Node::Structure(inner)) => {
                    left |= strip(inner, version, matcher, image);
                    continue;
                }
                (None, _) => true,
            };
            match keep {
                true => left = true,
                false => list.take(nth),
            }
        }
    });
    left
}

/// Takes partitions out of a topic; whether it is to be kept.
fn strip_topic(node: Node<'_>, version: i16, topic: &str, matcher: &Matcher) -> bool {
    let mut counts = None;
    if let Node::Structure(structure) = node {
        structure.visit(version, &mut |name, node| {
            if let Node::List(list) = node
                && PARTITION_LISTS.contains(&name)
            {
                let before = list.count();
                strip_partitions(list, version, topic, matcher);
                counts = Some((before, list.count()));
            }
        });
    }
    match counts {
        Some((before, after)) if before > 0 => after > 0,
        _ => !matcher.covers(topic, None),
    }
}

fn strip_partitions(list: &mut dyn List, version: i16, topic: &str, matcher: &Matcher) {
    for nth in (0..list.count()).rev() {
        let index = Entry::of(list.nth(nth), version).partition();
        if matcher.covers(topic, index) {
            list.take(nth);
        }
    }
}

/// Visits the records of an answer's partitions that a matcher is about.
pub(super) fn each_records(
    structure: &mut dyn Structure,
    version: i16,
    matcher: &Matcher,
    image: &Image,
    visit: &mut dyn FnMut(&mut crate::wire::Records),
) {
    structure.visit(version, &mut |name, node| {
        let Node::List(list) = node else { return };
        for nth in 0..list.count() {
            let topic = Entry::of(list.nth(nth), version).topic(image);
            let (Some(topic), Node::Structure(inner)) = (topic, list.nth(nth)) else {
                continue;
            };
            if TOPIC_LISTS.contains(&name) {
                each_partition(inner, version, &topic, matcher, visit);
            }
        }
    });
}

fn each_partition(
    topic: &mut dyn Structure,
    version: i16,
    name: &str,
    matcher: &Matcher,
    visit: &mut dyn FnMut(&mut crate::wire::Records),
) {
    topic.visit(version, &mut |_, node| {
        let Node::List(list) = node else { return };
        for nth in 0..list.count() {
            let index = Entry::of(list.nth(nth), version).partition();
            let covered = matcher.covers(name, index);
            if let Node::Structure(partition) = list.nth(nth)
                && covered
            {
                partition.visit(version, &mut |_, node| {
                    if let Node::Records(records) = node {
                        visit(records);
                    }
                });
            }
        }
    });
}
