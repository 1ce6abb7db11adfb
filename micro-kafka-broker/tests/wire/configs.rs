//! Configurations as administrators see them.

use crate::admin::{Admin, config, text, topic};

#[tokio::test]
async fn configurations_show_value_source_and_synonyms() {
    let mut admin = Admin::new().await;
    let name = admin.name("configured");
    let wanted = topic(&name, 1, 1).with_configs(vec![config("cleanup.policy", Some("compact"))]);
    admin.create(vec![wanted]).await;
    let keys = ["cleanup.policy", "retention.ms", "no.such.key"];
    let answer = admin.describe(2, &name, Some(&keys)).await;
    let result = &answer.results[0];
    assert_eq!(result.error_code, 0);
    assert_eq!(result.configs.len(), 2);
    let policy = result
        .configs
        .iter()
        .find(|c| c.name == text("cleanup.policy"))
        .unwrap();
    assert_eq!(policy.value.as_deref(), Some("compact"));
    assert_eq!((policy.config_source, policy.config_type), (1, 7));
    let sources: Vec<i8> = policy.synonyms.iter().map(|s| s.source).collect();
    assert_eq!(sources, [1, 5]);
    let retention = result
        .configs
        .iter()
        .find(|c| c.name == text("retention.ms"))
        .unwrap();
    assert_eq!(retention.value.as_deref(), Some("604800000"));
    assert_eq!((retention.config_source, retention.config_type), (5, 5));

    let all = admin.describe(2, &name, None).await;
    assert!(all.results[0].configs.len() > 20);
    let broker = admin.describe(4, "1", None).await;
    for needed in [
        "advertised.listeners",
        "num.partitions",
        "default.replication.factor",
    ] {
        let found = broker.results[0]
            .configs
            .iter()
            .find(|c| c.name == text(needed));
        assert!(found.is_some_and(|c| c.config_source > 0), "{needed}");
    }
    for (kind, name, code) in [
        (2, "no-such-topic", 3),
        (2, "a b", 17),
        (4, "99", 42),
        (4, "x", 42),
    ] {
        let answer = admin.describe(kind, name, None).await;
        assert_eq!(answer.results[0].error_code, code, "{kind} {name}");
    }
}
