use std::fs;

use super::*;
use crate::log::disk::temporary::TemporaryDir;
use crate::log::disk::{Checkpoint, Offsets};
use crate::meta::{BrokerConfig, ConfigChanges, ConfigOp, NewTopic};

fn catalog() -> Catalog {
    Catalog::new(BrokerConfig::default(), vec![3])
}

fn load(dir: &TemporaryDir) -> Result<Catalog, StoreError> {
    let data = DataDir::open(dir.path(), 3).unwrap();
    let catalog = catalog();
    let store = TopicStore::load(&data, &catalog)?;
    catalog.observe(store);
    Ok(catalog)
}

fn new(name: &str) -> NewTopic {
    NewTopic {
        name: name.to_owned(),
        partitions: 2,
        replication_factor: 1,
        configs: vec![("retention.ms".to_owned(), Some("5".to_owned()))],
        ..NewTopic::default()
    }
}

#[test]
fn topics_come_back_with_ids_and_configurations_and_new_leader_epochs() {
    let dir = TemporaryDir::new();
    let first = load(&dir).unwrap();
    let created = first.create_topic(&new("a"), false).unwrap();
    first.create_topic(&new("b"), false).unwrap();
    first.grow_topic("a", 3, None, false).unwrap();
    first
        .delete_topic(crate::meta::TopicRef::Name("b"))
        .unwrap();
    let again = load(&dir).unwrap();
    let image = again.image();
    assert_eq!(image.topics().count(), 1);
    let topic = image.topic("a").unwrap();
    assert_eq!((topic.id, topic.partitions.len()), (created.id, 3));
    assert_eq!(topic.overrides, created.overrides);
    assert_eq!(topic.partitions[0].leader_epoch, 1);
    assert_eq!(topic.partitions[0].leader, 3);
    let epoch = load(&dir).unwrap().image().topic("a").unwrap().partitions[2].leader_epoch;
    assert_eq!(epoch, 2);
}

#[test]
fn what_a_broker_was_told_comes_back_and_its_topics_follow() {
    let dir = TemporaryDir::new();
    let first = load(&dir).unwrap();
    first.create_topic(&new("a"), false).unwrap();
    let told = |value: &str| ConfigChanges {
        replace: false,
        ops: vec![(
            "message.max.bytes".to_owned(),
            ConfigOp::Set(value.to_owned()),
        )],
    };
    first
        .alter_broker(BrokerScope::Default, &told("5"), false)
        .unwrap();
    let most = |catalog: &Catalog| {
        let topic = Arc::clone(catalog.image().topic("a").unwrap());
        (
            catalog.config().number("message.max.bytes"),
            topic.settings.rules.max_batch_bytes,
        )
    };
    let again = load(&dir).unwrap();
    assert_eq!(most(&again), (5, 5));
    again
        .alter_broker(BrokerScope::Own, &told("6"), false)
        .unwrap();
    assert_eq!(most(&load(&dir).unwrap()), (6, 6));
}

#[test]
fn directories_of_others_become_topics() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 3).unwrap();
    let id = TopicId::random();
    for index in [0, 2] {
        let partition = data.partition("found", index);
        partition.create(id).unwrap();
        partition.store_epochs(&[(7, 0)]).unwrap();
    }
    fs::create_dir(dir.path().join("nobodys-0")).unwrap();
    drop(data);
    let catalog = load(&dir).unwrap();
    let image = catalog.image();
    let topic = image.topic("found").unwrap();
    assert_eq!((topic.id, topic.partitions.len()), (id, 3));
    let epochs: Vec<_> = topic.partitions.iter().map(|p| p.leader_epoch).collect();
    assert_eq!(epochs, [8, 0, 8]);
    assert!(image.topic("nobodys").is_none());
}

#[test]
fn a_topic_with_the_name_of_a_deleted_one_begins_at_zero() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 3).unwrap();
    let noted = Offsets::from([(("a".to_owned(), 0), 500)]);
    data.store(Checkpoint::LogStart, &noted).unwrap();
    drop(data);
    let data = DataDir::open(dir.path(), 3).unwrap();
    assert_eq!(data.log_start("a", 0), 500);
    TopicStore::load(&data, &catalog()).unwrap();
    assert_eq!(data.log_start("a", 0), 0);
}

#[test]
fn a_file_that_cannot_be_understood_is_named() {
    for content in ["{", r#"{"version":2,"topics":{}}"#] {
        let dir = TemporaryDir::new();
        fs::write(dir.path().join(NAME), content).unwrap();
        let error = load(&dir).unwrap_err();
        assert!(error.to_string().contains(NAME), "{error}");
    }
}

#[test]
fn the_brokers_own_topics_are_found_as_such() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 3).unwrap();
    let partition = data.partition("__consumer_offsets", 49);
    partition.create(TopicId::random()).unwrap();
    drop(data);
    let catalog = load(&dir).unwrap();
    let image = catalog.image();
    let topic = image.topic("__consumer_offsets").unwrap();
    assert!(topic.internal);
    assert_eq!(topic.partitions.len(), 50);
    assert!(topic.settings.cleanup.compact && !topic.settings.cleanup.delete);
}

#[test]
fn what_was_set_for_a_group_comes_back() {
    let dir = TemporaryDir::new();
    let first = load(&dir).unwrap();
    let alter = |catalog: &Catalog, op: ConfigOp| {
        let name = "consumer.session.timeout.ms".to_owned();
        let changes = ConfigChanges {
            replace: false,
            ops: vec![(name, op)],
        };
        let kind = ResourceKind::Group;
        catalog.alter_resource(kind, "g", &changes, false).unwrap();
    };
    alter(&first, ConfigOp::Set("50000".to_owned()));
    let again = load(&dir).unwrap();
    assert_eq!(again.resources().names(ResourceKind::Group), ["g"]);
    assert!(
        again
            .resources()
            .names(ResourceKind::ClientMetrics)
            .is_empty()
    );
    alter(&again, ConfigOp::Delete);
    let last = load(&dir).unwrap();
    assert!(last.resources().names(ResourceKind::Group).is_empty());
}
