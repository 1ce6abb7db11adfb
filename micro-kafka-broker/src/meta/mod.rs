//! What the cluster knows: topics, their partitions and configurations, users and their rights.
//!
//! [`Catalog`] changes it; everybody reads an [`Image`], which never changes and is had without
//! waiting. Replicas and groups follow as [`CatalogObserver`]s.

pub(crate) mod acl;
mod alter;
mod broker_config;
mod broker_config_table;
mod catalog;
mod client_metrics_config;
mod config;
mod error;
mod features;
mod group_config;
mod image;
mod iso_duration;
mod leadership;
mod name;
mod resource_config;
mod security_store;
mod settings;
mod state_topic;
mod store;
mod topic_config;
mod topic_config_table;
pub(crate) mod users;

pub(crate) use alter::{ConfigChanges, ConfigOp};
pub(crate) use broker_config::{BrokerConfig, BrokerScope};
pub(crate) use catalog::{Catalog, CatalogObserver, NewTopic};
pub(crate) use config::{ConfigEntry, ConfigSource};
pub(crate) use error::{CatalogError, ConfigError};
pub(crate) use features::{FeatureUpdate, Features, Upgrade};
pub(crate) use image::{Image, PartitionInfo, Topic, TopicRef};
pub(crate) use leadership::{Election, NO_LEADER, NoElection};
pub(crate) use name::check_topic_name;
pub(crate) use resource_config::ResourceKind;
pub(crate) use security_store::SecurityStore;
pub(crate) use settings::{Cleanup, TopicSettings};
pub(crate) use state_topic::StateTopic;
pub(crate) use store::{StoreError, TopicStore};
pub(crate) use topic_config::describe_topic;

/// A topic's id.
pub(crate) type TopicId = crate::wire::Uuid;
