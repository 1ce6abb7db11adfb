//! What differs between two Kafkas by nature, replaced by names.

use regex::Regex;

/// Replaces what cannot be the same.
#[derive(Debug, Clone)]
pub(crate) struct Masks {
    /// What was learnt, with its name.
    names: Vec<(String, String)>,
    /// When the walk began; what is about as late is called `now`.
    began: i64,
    /// Fields with their defaults.
    noise: Regex,
    time: Regex,
    /// How often coordinators have moved, and on which partition a name falls.
    place: Regex,
    /// Members that have not been answered.
    member: Regex,
}

/// Times of records lie so long before the beginning.
const PAST: i64 = 6 * 3_600_000;

impl Masks {
    pub(crate) fn new() -> Self {
        let began = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        Self {
            names: Vec::new(),
            began: i64::try_from(began).unwrap(),
            noise: Regex::new(concat!(
                "(?:, )?(?:unknown_tagged_fields: \\{\\}|throttle_time_ms: 0",
                "|topic_id: 00000000-0000-0000-0000-000000000000|node_endpoints: \\[\\]",
                "|current_leader: LeaderIdAndEpoch \\{ leader_id: -1, leader_epoch: -1 \\}",
                "|diverging_epoch: EpochEndOffset \\{ epoch: -1, end_offset: -1 \\}",
                "|snapshot_id: SnapshotId \\{ end_offset: -1, epoch: -1 \\}",
                "|preferred_read_replica: -1|error_message: None|record_errors: \\[\\])",
            ))
            .unwrap(),
            time: Regex::new(r"\b1[0-9]{12}\b").unwrap(),
            place: Regex::new(
                r#"(coordinator_epoch: |__consumer_offsets", partitions: \[)[0-9]+(?:, [0-9]+)*"#,
            )
            .unwrap(),
            member: Regex::new(r"\b(test|i0|i9)(?:-[0-9a-f]+){5}\b").unwrap(),
        }
    }

    /// The time of a record.
    pub(crate) fn time(&self, nth: i64) -> i64 {
        self.began - PAST + nth
    }

    /// Calls what was learnt by a name from now on; false if it has one already.
    pub(crate) fn learn(&mut self, actual: impl Into<String>, name: impl Into<String>) -> bool {
        let actual = actual.into();
        let new = !self.names.iter().any(|(known, _)| *known == actual);
        if new {
            self.names.push((actual, name.into()));
            // What contains another one is replaced before it.
            self.names
                .sort_by_key(|(actual, _)| std::cmp::Reverse(actual.len()));
        }
        new
    }

    /// A text without what differs by nature.
    pub(crate) fn mask(&self, text: &str) -> String {
        let text = self.noise.replace_all(text, "");
        let text = self.place.replace_all(&text, "$1?");
        let mut text = self
            .time
            .replace_all(&text, |found: &regex::Captures<'_>| {
                let millis: i64 = found[0].parse().unwrap();
                let nth = millis - self.time(0);
                match nth {
                    0..=3_600_000 => format!("t{nth}"),
                    _ if (millis - self.began).abs() < PAST / 2 => "now".to_owned(),
                    _ => found[0].to_owned(),
                }
            })
            .into_owned();
        for (actual, name) in &self.names {
            text = text.replace(actual, name);
        }
        let text = self.member.replace_all(&text, "$1-?");
        text.replace("{ , ", "{ ").replace("{ }", "{}")
    }
}
