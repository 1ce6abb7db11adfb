//! Topics and their configurations: created, altered, deleted, and looked at.

mod configs;
mod create;
mod delete;
mod look;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse, MetadataRequest, MetadataResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::side::{Side, text, topic_name};

/// Names without the walk's prefix; a topic is made, grown and deleted under them.
const NAMES: [&str; 5] = ["t0", "t0", "t1", "t1", "t2"];
/// The kind of a configuration's resource.
const TOPIC: i8 = 2;
/// A topic whose changes tell that those before have come through.
const BARRIER: &str = "barrier";

/// What the walk knows of its topics.
#[derive(Debug, Default)]
struct Known {
    /// Ids that were made.
    ids: usize,
    barriers: usize,
}

pub(crate) async fn walk(side: &mut Side, mut rng: StdRng, steps: usize) {
    side.topic(BARRIER, 1, &[]).await;
    side.topic("stays", 3, &[("retention.ms", "1000")]).await;
    side.topic("also", 1, &[]).await;
    let mut known = Known::default();
    let rng = &mut rng;
    for _ in 0..steps {
        let changes = rng.random_range(0..40);
        match changes {
            0..=10 => create::topics(side, rng, &mut known).await,
            11..=14 => create::partitions(side, rng).await,
            15..=17 => delete::topics(side, rng).await,
            18..=22 => configs::alter_some(side, rng).await,
            23 | 24 => configs::alter_all(side, rng).await,
            25..=28 => configs::describe(side, rng).await,
            29..=34 => look::metadata(side, rng).await,
            35..=37 => look::partitions(side, rng).await,
            38 => look::elect(side, rng).await,
            _ => look::reassign(side, rng).await,
        }
        if changes < 25 {
            settle(side, &mut known).await;
            learn(side, &mut known).await;
        }
    }
}

/// Calls the ids of the topics that there are by names.
async fn learn(side: &mut Side, known: &mut Known) {
    let all = ["t0", "t1", "t2", "c.0", "c_0"];
    let topic =
        |name: &&str| MetadataRequestTopic::default().with_name(Some(topic_name(&side.name(name))));
    let request = MetadataRequest::default()
        .with_topics(Some(all.iter().map(topic).collect()))
        .with_allow_auto_topic_creation(false);
    let answer: MetadataResponse = side.send(ApiKey::Metadata, 12, &request).await.unwrap();
    for short in all {
        let name = topic_name(&side.name(short));
        let mut topics = answer.topics.iter();
        let found = topics.find(|topic| topic.name.as_ref() == Some(&name));
        if let Some(topic) = found.filter(|topic| !topic.topic_id.is_nil()) {
            known.learn(side, short, topic.topic_id);
        }
    }
}

impl Known {
    fn learn(&mut self, side: &mut Side, name: &str, id: Uuid) {
        side.topic_ids.insert(name.to_owned(), id);
        if side
            .masks
            .learn(id.to_string(), format!("ID({})", self.ids))
        {
            self.ids += 1;
        }
    }
}

/// Waits until what was changed is known to the broker that is asked: changes come to it in their
/// order, and a further one is waited for.
async fn settle(side: &mut Side, known: &mut Known) {
    known.barriers += 1;
    let value = (1_000_000 + known.barriers).to_string();
    let name = side.name(BARRIER);
    let config = AlterableConfig::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text(&value)));
    let resource = AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&name))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let altered: IncrementalAlterConfigsResponse = side
        .send(ApiKey::IncrementalAlterConfigs, 1, &request)
        .await
        .unwrap();
    assert_eq!(altered.responses[0].error_code, 0);
    let resource = DescribeConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&name))
        .with_configuration_keys(Some(vec![text("retention.ms")]));
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    loop {
        let answer: DescribeConfigsResponse = side
            .send(ApiKey::DescribeConfigs, 4, &request)
            .await
            .unwrap();
        if answer.results[0].configs[0].value.as_deref() == Some(value.as_str()) {
            return;
        }
        tokio::task::yield_now().await;
    }
}
