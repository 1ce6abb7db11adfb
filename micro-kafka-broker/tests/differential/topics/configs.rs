//! DescribeConfigs, IncrementalAlterConfigs, AlterConfigs.

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, ApiKey, DescribeConfigsRequest,
    DescribeConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    alter_configs_request, incremental_alter_configs_request,
};
use rand::RngExt;
use rand::rngs::StdRng;

use super::TOPIC;
use crate::records::pick;
use crate::side::{Side, text};

/// An operation that there is not.
const STRANGE: i8 = 9;

/// A setting of topics, right or wrong.
pub(super) fn setting(rng: &mut StdRng) -> (&'static str, Option<&'static str>) {
    let settings: [(&str, &[Option<&str>]); 14] = [
        (
            "retention.ms",
            &[Some("1000"), Some("-1"), Some("-2"), Some("x"), None],
        ),
        (
            "cleanup.policy",
            &[
                Some("compact"),
                Some("delete"),
                Some("compact,delete"),
                Some(""),
                Some("nothing"),
                Some("delete,delete"),
            ],
        ),
        (
            "max.message.bytes",
            &[Some("100"), Some("-1"), Some("2147483648"), Some(" 7 ")],
        ),
        (
            "compression.type",
            &[Some("gzip"), Some("zstd"), Some("none"), Some("GZIP")],
        ),
        (
            "min.cleanable.dirty.ratio",
            &[Some("0.3"), Some("1.5"), Some("x"), Some("1e-1")],
        ),
        (
            "message.timestamp.type",
            &[Some("LogAppendTime"), Some("Now")],
        ),
        ("segment.bytes", &[Some("1048576"), Some("1")]),
        ("preallocate", &[Some("true"), Some("FALSE"), Some("maybe")]),
        ("min.insync.replicas", &[Some("1"), Some("0"), Some("2")]),
        (
            "follower.replication.throttled.replicas",
            &[Some("*"), Some("0:1"), Some("x"), Some("")],
        ),
        ("remote.storage.enable", &[Some("true"), Some("false")]),
        ("retention.bytes", &[Some("5"), Some("1.5")]),
        (
            "gzip.compression.level",
            &[Some("1"), Some("0"), Some("-1")],
        ),
        ("no.such.setting", &[Some("1"), None]),
    ];
    let (name, values) = pick(rng, &settings);
    (name, pick(rng, values))
}

/// A resource of configurations; told without its prefix.
fn resource(side: &Side, rng: &mut StdRng) -> (i8, String, String) {
    let (kind, s) = pick(
        rng,
        &[
            (TOPIC, "t0"),
            (TOPIC, "t0"),
            (TOPIC, "t1"),
            (TOPIC, "stays"),
            (TOPIC, "stays"),
            (TOPIC, "stays"),
            (TOPIC, "missing"),
            (TOPIC, ""),
            (4, "x"),
            (4, "99"),
            (32, "group"),
            (77, "odd"),
            (0, "none"),
        ],
    );
    let name = match kind {
        TOPIC if !s.is_empty() => side.name(s),
        32 => side.name(s),
        _ => s.to_owned(),
    };
    (kind, name, format!("{kind}:{s}"))
}

/// A resource that can be altered: what Kafka finds wrong first where it cannot is another matter.
fn alterable(side: &Side, rng: &mut StdRng) -> (i8, String, String) {
    let s = pick(rng, &["stays", "stays", "also"]);
    (TOPIC, side.name(s), format!("{TOPIC}:{s}"))
}

pub(super) async fn alter_some(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(0..=1);
    let validate = rng.random_bool(0.3);
    let mut told = format!("validate={validate}");
    let mut resources = Vec::new();
    for _ in 0..pick(rng, &[1, 1, 1, 2]) {
        let (kind, name, short) = alterable(side, rng);
        told += &format!(" {short}");
        let mut configs = Vec::new();
        let count = pick(rng, &[1, 1, 1, 2, 0]);
        for _ in 0..count {
            let (key, value) = setting(rng);
            let operation = match pick(rng, &[0, 0, 0, 0, 1, 1, 2, 3, STRANGE]) {
                // Apache Kafka goes through them in the order of a hash map, up to the first fault.
                STRANGE if count > 1 => 0,
                drawn => drawn,
            };
            told += &format!(" {key}({operation})={value:?}");
            configs.push(
                incremental_alter_configs_request::AlterableConfig::default()
                    .with_name(text(key))
                    .with_config_operation(operation)
                    .with_value(value.map(text)),
            );
        }
        resources.push(
            incremental_alter_configs_request::AlterConfigsResource::default()
                .with_resource_type(kind)
                .with_resource_name(text(&name))
                .with_configs(configs),
        );
    }
    let request = IncrementalAlterConfigsRequest::default()
        .with_resources(resources)
        .with_validate_only(validate);
    let sort = |answer: &mut IncrementalAlterConfigsResponse| {
        answer.responses.sort_by(|a, b| {
            (a.resource_type, &a.resource_name).cmp(&(b.resource_type, &b.resource_name))
        });
        String::new()
    };
    side.ask_with(
        &told,
        ApiKey::IncrementalAlterConfigs,
        version,
        &request,
        sort,
    )
    .await;
}

pub(super) async fn alter_all(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(0..=2);
    let validate = rng.random_bool(0.3);
    let (kind, name, short) = alterable(side, rng);
    let mut told = format!("validate={validate} {short}");
    let mut configs = Vec::new();
    for _ in 0..pick(rng, &[1, 1, 2, 0]) {
        let (key, value) = setting(rng);
        told += &format!(" {key}={value:?}");
        configs.push(
            alter_configs_request::AlterableConfig::default()
                .with_name(text(key))
                .with_value(value.map(text)),
        );
    }
    let resource = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(&name))
        .with_configs(configs);
    let request = AlterConfigsRequest::default()
        .with_resources(vec![resource])
        .with_validate_only(validate);
    let _: Option<AlterConfigsResponse> = side
        .ask(&told, ApiKey::AlterConfigs, version, &request)
        .await;
}

pub(super) async fn describe(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(1..=4);
    let (kind, name, short) = resource(side, rng);
    let (synonyms, documented) = (rng.random_bool(0.5), version >= 3 && rng.random_bool(0.3));
    let keys: Option<&[&str]> = pick(
        rng,
        &[
            None,
            Some(&["retention.ms", "cleanup.policy"][..]),
            Some(&["compression.type", "no.such.setting"]),
            Some(&[]),
        ],
    );
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(&name))
        .with_configuration_keys(keys.map(|keys| keys.iter().map(|key| text(key)).collect()));
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_synonyms(synonyms)
        .with_include_documentation(documented);
    let sort = |answer: &mut DescribeConfigsResponse| {
        for result in &mut answer.results {
            // Apache Kafka's cluster has its own value for this one.
            result
                .configs
                .retain(|config| &*config.name != "min.insync.replicas");
            result.configs.sort_by(|a, b| a.name.cmp(&b.name));
            for config in &mut result.configs {
                // What a setting is for, this broker says in its own words.
                let told = config.documentation.take();
                config.documentation =
                    told.map(|words| text(if words.is_empty() { "" } else { "words" }));
            }
        }
        String::new()
    };
    let what = format!("{short} {keys:?} synonyms={synonyms} documented={documented}");
    side.ask_with(&what, ApiKey::DescribeConfigs, version, &request, sort)
        .await;
}
