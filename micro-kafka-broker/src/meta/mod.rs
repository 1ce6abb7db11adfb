//! What the cluster knows: topics, their partitions and configurations.
//!
//! [`Catalog`] changes it; everybody reads an [`Image`], which never changes and is had without
//! waiting. Replicas and groups follow as [`CatalogObserver`]s.

mod broker_config;
mod catalog;
mod config;
mod error;
mod image;
mod name;
mod settings;
mod store;
mod topic_config;

pub(crate) use broker_config::BrokerConfig;
pub(crate) use catalog::{Catalog, CatalogObserver, NewTopic};
pub(crate) use config::ConfigEntry;
pub(crate) use error::{CatalogError, ConfigError};
pub(crate) use image::{Image, PartitionInfo, Topic, TopicRef};
pub(crate) use name::check_topic_name;
pub(crate) use settings::TopicSettings;
pub(crate) use store::{StoreError, TopicStore};
pub(crate) use topic_config::describe_topic;

/// A topic's id.
pub(crate) type TopicId = crate::wire::Uuid;
