use super::*;
use crate::meta::{BrokerConfig, NewTopic};

fn catalog() -> Catalog {
    let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
    let new = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication_factor: 1,
        ..NewTopic::default()
    };
    catalog.create_topic(&new, false).unwrap();
    catalog
}

fn changes(ops: &[(&str, ConfigOp)]) -> ConfigChanges {
    ConfigChanges {
        replace: false,
        ops: ops
            .iter()
            .map(|(name, op)| ((*name).to_owned(), op.clone()))
            .collect(),
    }
}

fn set(name: &str, value: &str) -> ConfigChanges {
    changes(&[(name, ConfigOp::Set(value.to_owned()))])
}

fn policy(catalog: &Catalog) -> Option<String> {
    let image = catalog.image();
    image
        .topic("t")
        .unwrap()
        .overrides
        .get("cleanup.policy")
        .cloned()
}

#[test]
fn lists_grow_from_their_default_and_shrink() {
    let catalog = catalog();
    let alter = |op: ConfigOp| catalog.alter_topic("t", &changes(&[("cleanup.policy", op)]), false);
    alter(ConfigOp::Append("compact".to_owned())).unwrap();
    assert_eq!(policy(&catalog).as_deref(), Some("delete,compact"));
    alter(ConfigOp::Append("compact".to_owned())).unwrap();
    assert_eq!(policy(&catalog).as_deref(), Some("delete,compact"));
    alter(ConfigOp::Subtract("delete".to_owned())).unwrap();
    assert_eq!(policy(&catalog).as_deref(), Some("compact"));
    assert!(
        catalog
            .image()
            .topic("t")
            .unwrap()
            .settings
            .rules
            .keys_needed
    );
    alter(ConfigOp::Delete).unwrap();
    assert_eq!(policy(&catalog), None);
    let refused = catalog
        .alter_topic(
            "t",
            &changes(&[("retention.ms", ConfigOp::Append("5".to_owned()))]),
            false,
        )
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Can't APPEND to key retention.ms because its type is not LIST."
    );
}

#[test]
fn replacing_resets_what_is_not_named() {
    let catalog = catalog();
    catalog
        .alter_topic("t", &set("cleanup.policy", "compact"), false)
        .unwrap();
    let mut replacing = set("retention.ms", "5");
    replacing.replace = true;
    catalog.alter_topic("t", &replacing, true).unwrap();
    assert_eq!(policy(&catalog).as_deref(), Some("compact"), "only checked");
    catalog.alter_topic("t", &replacing, false).unwrap();
    assert_eq!(policy(&catalog), None);
}

#[test]
fn what_a_broker_is_told_reaches_the_topics_that_have_none_of_their_own() {
    let catalog = catalog();
    let most = |catalog: &Catalog| {
        let image = catalog.image();
        image.topic("t").unwrap().settings.rules.max_batch_bytes
    };
    let alter = |scope, value| catalog.alter_broker(scope, &set("message.max.bytes", value), false);
    alter(BrokerScope::Default, "1000").unwrap();
    assert_eq!(most(&catalog), 1000);
    alter(BrokerScope::Own, "2000").unwrap();
    assert_eq!(most(&catalog), 2000);
    catalog
        .alter_topic("t", &set("max.message.bytes", "3000"), false)
        .unwrap();
    alter(BrokerScope::Own, "2500").unwrap();
    assert_eq!(most(&catalog), 3000);
    assert_eq!(catalog.config().number("message.max.bytes"), 2500);
}

#[test]
fn a_broker_refuses_what_is_fixed_or_wrong_and_keeps_what_it_does_not_know() {
    let catalog = catalog();
    let alter = |name, value| catalog.alter_broker(BrokerScope::Own, &set(name, value), false);
    assert_eq!(
        alter("num.partitions", "5").unwrap_err(),
        CatalogError::InvalidRequest(
            "Cannot update these configs dynamically: [num.partitions]".to_owned()
        )
    );
    assert!(matches!(
        alter("message.max.bytes", "-1"),
        Err(CatalogError::InvalidRequest(_))
    ));
    alter("my.plugin.switch", "on").unwrap();
    let entries = catalog.config().describe();
    assert!(entries.iter().any(|entry| entry.name == "my.plugin.switch"));
}
