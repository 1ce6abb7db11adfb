//! Settings of groups and of subscriptions to client metrics, which are there by name alone.

use kafka_protocol::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};

use super::*;

const CLIENT_METRICS: i8 = 16;

const SESSION: &str = "consumer.session.timeout.ms";

impl Kafka {
    async fn is_listed(&mut self, kind: i8, name: &str) -> bool {
        let request = ListConfigResourcesRequest::default().with_resource_types(vec![kind]);
        let key = ApiKey::ListConfigResources;
        let answer: ListConfigResourcesResponse = self.client.call(key, 1, &request).await;
        assert_eq!(answer.error_code, 0);
        let mut listed = answer.config_resources.iter();
        listed.any(|r| r.resource_type == kind && r.resource_name.as_str() == name)
    }

    async fn until_listed(&mut self, kind: i8, name: &str, listed: bool) {
        while self.is_listed(kind, name).await != listed {
            tokio::task::yield_now().await;
        }
    }

    async fn replace(&mut self, kind: i8, name: &str, config: (&str, &str)) -> (i16, String) {
        let config = ReplacedConfig::default()
            .with_name(text(config.0))
            .with_value(Some(text(config.1)));
        let resource = ReplacedResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configs(vec![config]);
        let request = AlterConfigsRequest::default().with_resources(vec![resource]);
        let mut answer: AlterConfigsResponse =
            self.client.call(ApiKey::AlterConfigs, 2, &request).await;
        let outcome = answer.responses.remove(0);
        let message = outcome.error_message.unwrap_or_default();
        (outcome.error_code, message.to_string())
    }
}

#[tokio::test]
async fn a_group_is_configured_before_it_exists() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let described = kafka.described(GROUP, &group, &[]).await;
    assert_eq!((described.error_code, described.configs.len()), (0, 17));
    let explained = |config: &DescribeConfigsResourceResult| {
        let documentation = config.documentation.as_ref();
        documentation.is_some_and(|text| !text.is_empty())
            && !config.read_only
            && !config.is_sensitive
    };
    assert!(described.configs.iter().all(explained));
    assert!(!kafka.is_listed(GROUP, &group).await);

    let reset = "share.auto.offset.reset";
    let changes = [
        (SESSION, SET, Some("50000")),
        (reset, SET, Some("earliest")),
    ];
    kafka.alter_one(GROUP, &group, &changes).await;
    let config = kafka.until(GROUP, &group, SESSION, "50000").await;
    let own = (SESSION.to_owned(), 8);
    let of_broker = ("group.consumer.session.timeout.ms".to_owned(), 5);
    assert_eq!((config.config_type, config.config_source), (3, 8));
    assert_eq!(sources(&config), [own, of_broker]);
    let config = kafka.until(GROUP, &group, reset, "earliest").await;
    let (own, default) = ((reset.to_owned(), 8), (reset.to_owned(), 5));
    assert_eq!(sources(&config), [own, default]);
    kafka.until_listed(GROUP, &group, true).await;

    let replaced = kafka.replace(GROUP, &group, (SESSION, "47000")).await;
    assert_eq!(replaced, (0, String::new()));
    kafka.until(GROUP, &group, SESSION, "47000").await;
    let config = kafka.until(GROUP, &group, reset, "latest").await;
    assert_eq!(config.config_source, 5);

    kafka
        .alter_one(GROUP, &group, &[(SESSION, DELETE, None)])
        .await;
    kafka.until(GROUP, &group, SESSION, "45000").await;
    kafka.until_listed(GROUP, &group, false).await;
}

#[tokio::test]
async fn impossible_settings_of_groups_are_refused() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let heartbeat = "consumer.heartbeat.interval.ms";
    let too_small =
        format!("{SESSION} must be greater than or equal to group.consumer.min.session.timeout.ms");
    let too_large = format!(
        "{heartbeat} must be less than or equal to group.consumer.max.heartbeat.interval.ms"
    );
    let no_reset = "Invalid value soon for configuration share.auto.offset.reset: \
        Invalid value `soon` for configuration share.auto.offset.reset. The value must be either \
        'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.";
    let invalid = |name: &str, value: &str, why: &str| {
        format!("Invalid value {value} for configuration {name}: {why}")
    };
    for (name, operation, value, code, message) in [
        ("nope", SET, Some("1"), INVALID_CONFIG, "Unknown group config name: nope".to_owned()),
        (SESSION, SET, Some("0"), INVALID_CONFIG, invalid(SESSION, "0", "Value must be at least 1")),
        (SESSION, SET, Some("x"), INVALID_CONFIG, invalid(SESSION, "x", "Not a number of type INT")),
        (SESSION, SET, Some("44999"), INVALID_CONFIG, too_small),
        (heartbeat, SET, Some("15001"), INVALID_CONFIG, too_large),
        ("streams.num.standby.replicas", SET, Some("3"), INVALID_CONFIG,
            "streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas".to_owned()),
        ("share.auto.offset.reset", SET, Some("soon"), INVALID_CONFIG, no_reset.to_owned()),
        ("share.isolation.level", SET, Some("none"), INVALID_CONFIG,
            invalid("share.isolation.level", "none", "String must be one of: read_committed, read_uncommitted")),
        ("share.renew.acknowledge.enable", SET, Some("yes"), INVALID_CONFIG,
            invalid("share.renew.acknowledge.enable", "yes", "Expected value to be either true or false")),
        (SESSION, APPEND, Some("1"), INVALID_CONFIG,
            format!("Can't APPEND to key {SESSION} because its type is not LIST.")),
        (SESSION, SET, None, INVALID_REQUEST, format!("Null value not supported for : {SESSION}")),
    ] {
        let changed = resource(GROUP, &group, &[(name, operation, value)]);
        let refused = kafka.alter(vec![changed], false).await;
        assert_eq!(refused, [(code, message)]);
    }
    for reset in [
        "by_duration:PT1H",
        "by_duration:p1dt0.5s",
        "by_duration:+PT0S",
    ] {
        let changed = resource(
            GROUP,
            &group,
            &[("share.auto.offset.reset", SET, Some(reset))],
        );
        assert_eq!(
            kafka.alter(vec![changed], true).await,
            [(0, String::new())],
            "{reset}"
        );
    }
    let unnamed = "Default group resources are not allowed.".to_owned();
    let changed = resource(GROUP, "", &[(SESSION, SET, Some("50000"))]);
    assert_eq!(
        kafka.alter(vec![changed], false).await,
        [(INVALID_REQUEST, unnamed.clone())]
    );
    let replaced = kafka.replace(GROUP, "", (SESSION, "50000")).await;
    assert_eq!(replaced, (INVALID_REQUEST, unnamed));
    let deleted = resource(GROUP, &group, &[("nope", DELETE, None)]);
    assert_eq!(
        kafka.alter(vec![deleted], false).await,
        [(0, String::new())]
    );
    assert!(!kafka.is_listed(GROUP, &group).await);
}

#[tokio::test]
async fn a_subscription_to_client_metrics_is_configured() {
    let mut kafka = Kafka::start().await;
    let name = kafka.name("m");
    let described = kafka.described(CLIENT_METRICS, &name, &[]).await;
    let values = described.configs.iter();
    let mut values: Vec<_> = values
        .map(|c| {
            (
                c.name.as_str(),
                c.value.as_deref().unwrap(),
                c.config_source,
            )
        })
        .collect();
    values.sort_unstable();
    let defaults = [
        ("interval.ms", "300000", 5),
        ("match", "", 5),
        ("metrics", "", 5),
    ];
    assert_eq!(values, defaults);
    let changes = [
        ("interval.ms", SET, Some(" 200 ")),
        ("metrics", SET, Some("a.b, c")),
        ("match", SET, Some("client_id=x.*")),
    ];
    kafka.alter_one(CLIENT_METRICS, &name, &changes).await;
    kafka
        .until(CLIENT_METRICS, &name, "interval.ms", "200")
        .await;
    let config = kafka.until(CLIENT_METRICS, &name, "metrics", "a.b,c").await;
    assert_eq!((config.config_type, config.config_source), (7, 7));
    assert_eq!(sources(&config), [("metrics".to_owned(), 7)]);
    kafka.until_listed(CLIENT_METRICS, &name, true).await;
    for (key, value, code, message) in [
        (
            "nope",
            "1",
            INVALID_REQUEST,
            "Unknown client metrics configuration: nope",
        ),
        (
            "interval.ms",
            "99",
            INVALID_REQUEST,
            "Invalid value 99 for interval.ms, interval must be between 100 and 3600000 (1 hour)",
        ),
        (
            "interval.ms",
            "x",
            INVALID_CONFIG,
            "Invalid value x for configuration interval.ms: Not a number of type INT",
        ),
        (
            "match",
            "a=b",
            INVALID_CONFIG,
            "Illegal client matching pattern: a=b",
        ),
    ] {
        let changed = resource(CLIENT_METRICS, &name, &[(key, SET, Some(value))]);
        let refused = kafka.alter(vec![changed], false).await;
        assert_eq!(refused, [(code, message.to_owned())]);
    }
    let deleted = changes.map(|(key, _, _)| (key, DELETE, None));
    kafka.alter_one(CLIENT_METRICS, &name, &deleted).await;
    kafka.until_listed(CLIENT_METRICS, &name, false).await;
}
