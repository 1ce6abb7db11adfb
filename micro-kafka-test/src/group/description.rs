//! The state and the members of a group.

use std::fmt;
use std::time::Duration;

use micro_kafka::admin::TopicPartition;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::groups::{GroupInfo, GroupMemberInfo};

/// How long a coordinator may be on its way.
const PAUSE: Duration = Duration::from_millis(20);

/// A group's state and members.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupDescription {
    /// The name of the state in Kafka; `Dead` if there is no such group.
    pub state: String,
    /// How the partitions are shared out, as in `range`; empty without members.
    pub assignor: String,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMember {
    /// The id that the broker gave it.
    pub id: String,
    /// The client's own id.
    pub client_id: String,
    /// Its partitions, the topics without the test's namespace.
    pub partitions: Vec<TopicPartition>,
}

impl GroupDescription {
    /// Asks the broker; blocks.
    pub(super) fn ask(
        bootstrap: &str,
        group: &str,
        namespace: &str,
        within: Duration,
    ) -> Result<Self, KafkaError> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("reconnect.backoff.ms", "20")
            .create()?;
        let began = std::time::Instant::now();
        loop {
            let left = within.saturating_sub(began.elapsed()).max(PAUSE);
            match client.fetch_group_list(Some(group), left) {
                Ok(list) => {
                    let found = list.groups().iter().find(|info| info.name() == group);
                    return Ok(found.map_or_else(Self::dead, |info| Self::of(info, namespace)));
                }
                // Its coordinator is not there yet.
                Err(error) if may_pass(&error) && began.elapsed() + PAUSE < within => {
                    tokio::runtime::Handle::current().block_on(tokio::time::sleep(PAUSE));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn dead() -> Self {
        Self {
            state: "Dead".to_owned(),
            assignor: String::new(),
            members: Vec::new(),
        }
    }

    fn of(info: &GroupInfo, namespace: &str) -> Self {
        let mut members: Vec<_> = info
            .members()
            .iter()
            .map(|member| GroupMember::of(member, namespace))
            .collect();
        members.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        Self {
            state: info.state().to_owned(),
            assignor: info.protocol().to_owned(),
            members,
        }
    }
}

impl GroupMember {
    fn of(info: &GroupMemberInfo, namespace: &str) -> Self {
        let mut partitions = partitions(info.assignment().unwrap_or_default()).unwrap_or_default();
        for partition in &mut partitions {
            if let Some(own) = partition.topic.strip_prefix(namespace) {
                partition.topic = own.to_owned();
            }
        }
        Self {
            id: info.id().to_owned(),
            client_id: info.client_id().to_owned(),
            partitions,
        }
    }
}

impl fmt::Display for GroupDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it is {} with {} members",
            self.state,
            self.members.len()
        )?;
        for member in &self.members {
            write!(f, "\n  {} ({}):", member.client_id, member.id)?;
            for partition in &member.partitions {
                write!(f, " {partition}")?;
            }
        }
        Ok(())
    }
}

fn may_pass(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::NotCoordinator
        )
    )
}

/// The partitions in an assignment of the consumer protocol: a version, then each topic with its
/// numbers.
fn partitions(assignment: &[u8]) -> Option<Vec<TopicPartition>> {
    let mut rest = assignment.get(2..)?;
    let mut partitions = Vec::new();
    for _ in 0..number(&mut rest)? {
        let (length, name) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let topic = std::str::from_utf8(name.get(..length)?).ok()?;
        rest = name.get(length..)?;
        for _ in 0..number(&mut rest)? {
            partitions.push(TopicPartition::new(topic, number(&mut rest)?));
        }
    }
    Some(partitions)
}

fn number(bytes: &mut &[u8]) -> Option<i32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_a_damaged_one_is_none() {
        let whole = b"\0\x01\0\0\0\x01\0\x01a\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0";
        let expected = [TopicPartition::new("a", 0), TopicPartition::new("a", 3)];
        assert_eq!(partitions(whole).unwrap(), expected);
        for end in 0..whole.len() - 4 {
            assert_eq!(partitions(&whole[..end]), None, "{end}");
        }
        assert_eq!(partitions(b"\0\0\xff\xff\xff\xff"), Some(Vec::new()));
    }
}
