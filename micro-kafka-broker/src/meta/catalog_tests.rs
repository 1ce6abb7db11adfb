use super::*;

fn catalog() -> Catalog {
    Catalog::new(BrokerConfig::default(), vec![1, 2, 3])
}

fn new(name: &str, partitions: i32, replication_factor: i16) -> NewTopic {
    NewTopic {
        name: name.to_owned(),
        partitions,
        replication_factor,
        ..NewTopic::default()
    }
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl CatalogObserver for Log {
    fn topic_changed(&self, topic: &Arc<Topic>) {
        self.0
            .lock()
            .push(format!("{} has {}", topic.name, topic.partitions.len()));
    }
    fn topic_deleted(&self, topic: &Arc<Topic>) {
        self.0.lock().push(format!("{} is gone", topic.name));
    }
}

#[test]
fn a_topic_is_found_by_name_and_id_until_it_is_deleted() {
    let catalog = catalog();
    let log = Arc::new(Log::default());
    catalog.observe(Arc::<Log>::clone(&log));
    let topic = catalog.create_topic(&new("orders", 6, 1), false).unwrap();
    let image = catalog.image();
    assert_eq!(image.topic("orders").unwrap().id, topic.id);
    assert_eq!(&*image.topic_by_id(topic.id).unwrap().name, "orders");
    catalog.grow_topic("orders", 8, None, false).unwrap();
    catalog.delete_topic(TopicRef::Id(topic.id)).unwrap();
    assert!(catalog.image().topic("orders").is_none());
    assert!(image.topic("orders").is_some(), "an image never changes");
    assert_eq!(
        *log.0.lock(),
        ["orders has 6", "orders has 8", "orders is gone"]
    );
    assert_eq!(
        catalog.delete_topic(TopicRef::Name("orders")).unwrap_err(),
        CatalogError::UnknownTopic
    );
}

#[test]
fn impossible_topics_are_refused() {
    let catalog = catalog();
    catalog.create_topic(&new("a.b", 1, 1), false).unwrap();
    let refused = |new: &NewTopic| catalog.create_topic(new, false).unwrap_err();
    assert!(matches!(
        refused(&new("a.b", 1, 1)),
        CatalogError::Exists(_)
    ));
    assert!(matches!(
        refused(&new("a_b", 1, 1)),
        CatalogError::InvalidName(_)
    ));
    assert!(matches!(
        refused(&new("", 1, 1)),
        CatalogError::InvalidName(_)
    ));
    assert!(matches!(
        refused(&new("x", 0, 1)),
        CatalogError::InvalidPartitions(_)
    ));
    assert!(matches!(
        refused(&new("x", -2, 1)),
        CatalogError::InvalidPartitions(_)
    ));
    assert!(matches!(
        refused(&new("x", i32::MAX, 1)),
        CatalogError::InvalidPartitions(_)
    ));
    assert!(matches!(
        refused(&new("x", 1, 4)),
        CatalogError::InvalidReplicationFactor(_)
    ));
    assert!(matches!(
        refused(&new("x", 1, 0)),
        CatalogError::InvalidReplicationFactor(_)
    ));
    let mut odd = new("x", 1, 1);
    odd.configs
        .push(("no.such".to_owned(), Some("1".to_owned())));
    assert!(matches!(refused(&odd), CatalogError::Config(_)));
}

#[test]
fn minus_one_means_the_brokers_default() {
    let config =
        BrokerConfig::new([("num.partitions", "4"), ("default.replication.factor", "2")]).unwrap();
    let catalog = Catalog::new(config, vec![1, 2, 3]);
    let topic = catalog.create_topic(&new("x", -1, -1), false).unwrap();
    assert_eq!(topic.partitions.len(), 4);
    let leaders: Vec<_> = topic.partitions.iter().map(|p| p.leader).collect();
    assert_eq!(leaders, [1, 2, 3, 1]);
    assert_eq!(topic.partitions[2].replicas, [3, 1]);
}

#[test]
fn manual_assignments_are_checked() {
    let catalog = catalog();
    let with = |assignments: &[(i32, &[i32])]| NewTopic {
        assignments: assignments.iter().map(|(i, b)| (*i, b.to_vec())).collect(),
        ..new("x", -1, -1)
    };
    let bad: [&[(i32, &[i32])]; 5] = [
        &[(1, &[1])],
        &[(0, &[])],
        &[(0, &[1, 1])],
        &[(0, &[9])],
        &[(0, &[1, 2]), (1, &[1])],
    ];
    for assignments in bad {
        let refused = catalog.create_topic(&with(assignments), false).unwrap_err();
        assert!(
            matches!(refused, CatalogError::InvalidAssignment(_)),
            "{assignments:?}"
        );
    }
    let topic = catalog
        .create_topic(&with(&[(1, &[3, 1]), (0, &[2, 3])]), false)
        .unwrap();
    assert_eq!(topic.partitions[0].replicas, [2, 3]);
}

#[test]
fn validating_changes_nothing() {
    let catalog = catalog();
    catalog.create_topic(&new("x", 2, 1), true).unwrap();
    assert!(catalog.image().topic("x").is_none());
    catalog.create_topic(&new("x", 2, 1), false).unwrap();
    catalog.grow_topic("x", 3, None, true).unwrap();
    assert_eq!(catalog.image().topic("x").unwrap().partitions.len(), 2);
}

#[test]
fn topics_only_grow() {
    let catalog = catalog();
    catalog.create_topic(&new("x", 2, 1), false).unwrap();
    let refused = |count| catalog.grow_topic("x", count, None, false).unwrap_err();
    assert!(matches!(refused(2), CatalogError::InvalidPartitions(_)));
    assert!(matches!(refused(1), CatalogError::InvalidPartitions(_)));
    let grown = catalog.grow_topic("x", 3, Some(&[vec![2]]), false).unwrap();
    assert_eq!(grown.partitions[2].leader, 2);
    assert!(catalog.grow_topic("x", 5, Some(&[vec![2]]), false).is_err());
}
