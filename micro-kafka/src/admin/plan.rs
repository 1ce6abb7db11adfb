//! Topics as they shall be, beside topics as they are.

use std::collections::BTreeMap;
use std::fmt;

use super::{AdminError, Created, KafkaAdmin, NewTopic};
use crate::client;

const GROW: &str = "add partitions to topic";
const CONFIGS: &str = "describe the configuration of topic";
const ALTER: &str = "alter the configuration of topic";

/// What would have to be done so that topics are as they are declared; nothing is ever taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicPlan {
    /// One entry for each thing to do or to know, in the order of the declarations.
    pub steps: Vec<TopicStep>,
}

/// One difference between a topic and its declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicStep {
    /// The topic does not exist: it is created.
    Create {
        /// As it was declared.
        topic: NewTopic,
    },
    /// It has fewer partitions: it is grown.
    Grow {
        /// Its name.
        topic: String,
        /// How many it has.
        from: u32,
        /// How many it is to have.
        to: u32,
    },
    /// It has more partitions than declared; Kafka takes none away, and so it stays as it is.
    Larger {
        /// Its name.
        topic: String,
        /// How many it has.
        has: u32,
        /// How many are declared.
        declared: u32,
    },
    /// A setting differs: it is altered where that is allowed (`modify-topic-configs`).
    Alter {
        /// Its name.
        topic: String,
        /// The setting, as in `retention.ms`.
        key: String,
        /// What it is now.
        from: Option<String>,
        /// What it is to be.
        to: String,
    },
}

impl fmt::Display for TopicStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { topic } => write!(f, "create topic `{}`", topic.name()),
            Self::Grow { topic, from, to } => {
                write!(f, "grow topic `{topic}` from {from} to {to} partitions")
            }
            Self::Larger {
                topic,
                has,
                declared,
            } => write!(
                f,
                "topic `{topic}` has {has} partitions and {declared} are declared: Kafka takes none \
                 away; declare {has}, or move to a new topic"
            ),
            Self::Alter {
                topic,
                key,
                from,
                to,
            } => {
                let from = from.as_deref().unwrap_or("nothing");
                write!(f, "alter {key} of topic `{topic}` from {from} to {to}")
            }
        }
    }
}

impl TopicPlan {
    /// Whether all topics are as they are declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn new_topics(&self) -> Vec<NewTopic> {
        let new = self.steps.iter().filter_map(|step| match step {
            TopicStep::Create { topic } => Some(topic.clone()),
            _ => None,
        });
        new.collect()
    }

    fn grown(&self) -> Vec<(String, u32)> {
        let grown = self.steps.iter().filter_map(|step| match step {
            TopicStep::Grow { topic, to, .. } => Some((topic.clone(), *to)),
            _ => None,
        });
        grown.collect()
    }

    fn altered(&self) -> BTreeMap<String, Vec<(String, String)>> {
        let mut altered: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for step in &self.steps {
            if let TopicStep::Alter { topic, key, to, .. } = step {
                altered
                    .entry(topic.clone())
                    .or_default()
                    .push((key.clone(), to.clone()));
            }
        }
        altered
    }
}

/// What a topic is, as far as a declaration can say.
struct Actual {
    partitions: u32,
    configs: BTreeMap<String, Option<String>>,
}

/// The differences between one topic and its declaration.
fn differences(declared: &NewTopic, actual: Option<&Actual>, steps: &mut Vec<TopicStep>) {
    let Some(actual) = actual else {
        steps.push(TopicStep::Create {
            topic: declared.clone(),
        });
        return;
    };
    let topic = declared.name().to_owned();
    let (has, wanted) = (actual.partitions, declared.partition_count());
    match wanted {
        Some(to) if to > has => steps.push(TopicStep::Grow {
            topic: topic.clone(),
            from: has,
            to,
        }),
        Some(declared) if declared < has => steps.push(TopicStep::Larger {
            topic: topic.clone(),
            has,
            declared,
        }),
        _ => {}
    }
    for (key, to) in declared.configs() {
        let from = actual.configs.get(key).cloned().flatten();
        if from.as_deref() != Some(to.as_str()) {
            let (topic, key, to) = (topic.clone(), key.clone(), to.clone());
            steps.push(TopicStep::Alter {
                topic,
                key,
                from,
                to,
            });
        }
    }
}

impl KafkaAdmin {
    /// What would have to be done so that these topics are as they are declared. Changes nothing.
    ///
    /// # Errors
    /// With the first topic that may not be described.
    pub async fn plan(&self, topics: &[NewTopic]) -> Result<TopicPlan, AdminError> {
        let names: Vec<&str> = topics.iter().map(NewTopic::name).collect();
        let counts = self.partition_counts(&names).await?;
        let count = |name: &str| counts.get(name).copied().flatten();
        let with_configs = topics.iter().filter(|topic| !topic.configs().is_empty());
        let asked: Vec<&str> = with_configs
            .map(NewTopic::name)
            .filter(|name| count(name).is_some())
            .collect();
        let mut configs = self.topic_configs(&asked).await?;
        let mut plan = TopicPlan::default();
        for topic in topics {
            let actual = count(topic.name()).map(|partitions| Actual {
                partitions,
                configs: configs.remove(topic.name()).unwrap_or_default(),
            });
            differences(topic, actual.as_ref(), &mut plan.steps);
        }
        Ok(plan)
    }

    /// Creates what is missing and grows what is too small, as Spring's
    /// `KafkaAdmin.createOrModifyTopics`; alters settings too if `modify_configs` says so. Returns
    /// what differed; what was larger than declared is in it, and was left alone.
    ///
    /// # Errors
    /// With the first topic for which something was refused; what was done before stays done.
    pub async fn create_or_modify(
        &self,
        topics: &[NewTopic],
        modify_configs: bool,
    ) -> Result<TopicPlan, AdminError> {
        let plan = self.plan(topics).await?;
        let created = self.create_topics(&plan.new_topics()).await?;
        for (topic, outcome) in created {
            if outcome == Created::Existing {
                tracing::debug!(topic, "another instance has just created the topic");
            }
        }
        self.grow(&plan.grown()).await?;
        if modify_configs {
            self.alter(&plan.altered()).await?;
        }
        Ok(plan)
    }

    /// The settings of topics, by their names, as in `retention.ms`.
    ///
    /// # Errors
    /// With the first topic whose settings may not be described.
    pub async fn topic_configs(
        &self,
        topics: &[&str],
    ) -> Result<BTreeMap<String, BTreeMap<String, Option<String>>>, AdminError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names = self.wire_names(topics.iter().copied());
        let wire: Vec<&str> = names.iter().map(String::as_str).collect();
        let request = |timeout| client::describe_topic_configs(self.client(), &wire, timeout);
        let answers = self.ask(CONFIGS, &names.join(", "), request).await?;
        let mut all = BTreeMap::new();
        for (name, answer) in answers {
            let configs = answer.map_err(|refusal| self.error(CONFIGS, name.clone(), refusal))?;
            all.insert(self.own_name(&name).into(), configs);
        }
        Ok(all)
    }

    async fn grow(&self, topics: &[(String, u32)]) -> Result<(), AdminError> {
        if topics.is_empty() {
            return Ok(());
        }
        let wire = topics
            .iter()
            .map(|(name, count)| (self.wire_name(name), *count));
        let wire: Vec<_> = wire.collect();
        let request = |timeout| client::create_partitions(self.client(), &wire, timeout);
        let answers = self
            .ask(GROW, &joined(wire.iter().map(|(name, _)| name)), request)
            .await?;
        self.all_done(GROW, answers)
    }

    async fn alter(
        &self,
        topics: &BTreeMap<String, Vec<(String, String)>>,
    ) -> Result<(), AdminError> {
        if topics.is_empty() {
            return Ok(());
        }
        let wire = topics
            .iter()
            .map(|(name, configs)| (self.wire_name(name), configs.clone()));
        let wire: Vec<_> = wire.collect();
        let request = |timeout| client::alter_topic_configs(self.client(), &wire, timeout);
        let answers = self
            .ask(ALTER, &joined(wire.iter().map(|(name, _)| name)), request)
            .await?;
        self.all_done(ALTER, answers)
    }

    fn all_done(
        &self,
        operation: &'static str,
        answers: Vec<(String, Result<(), client::Refusal>)>,
    ) -> Result<(), AdminError> {
        for (name, answer) in answers {
            answer.map_err(|refusal| self.error(operation, name, refusal))?;
        }
        Ok(())
    }
}

fn joined<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(declared: &NewTopic, actual: Option<(u32, &[(&str, &str)])>) -> Vec<String> {
        let actual = actual.map(|(partitions, configs)| Actual {
            partitions,
            configs: configs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())))
                .collect(),
        });
        let mut steps = Vec::new();
        differences(declared, actual.as_ref(), &mut steps);
        steps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_topic_is_created_grown_and_altered_but_never_shrunk() {
        let orders = NewTopic::new("orders")
            .partitions(6)
            .config("retention.ms", "60000");
        assert_eq!(steps(&orders, None), ["create topic `orders`"]);
        let same = (6, &[("retention.ms", "60000")][..]);
        assert!(steps(&orders, Some(same)).is_empty());
        assert_eq!(
            steps(&orders, Some((3, &[("retention.ms", "1")]))),
            [
                "grow topic `orders` from 3 to 6 partitions",
                "alter retention.ms of topic `orders` from 1 to 60000",
            ]
        );
        assert_eq!(
            steps(&orders, Some((12, same.1))),
            [
                "topic `orders` has 12 partitions and 6 are declared: Kafka takes none away; declare \
              12, or move to a new topic"
            ]
        );
    }

    #[test]
    fn what_is_not_declared_does_not_matter() {
        let any = NewTopic::new("orders");
        assert!(steps(&any, Some((9, &[("retention.ms", "1")]))).is_empty());
    }
}
