//! DescribeConfigs (key 32): settings of topics, brokers, groups and client metrics.
//!
//! Versions 1–4. 1 adds synonyms, 3 types and documentation, 4 is flexible.
//!
//! Deviations: loggers are the broker's modules; of a broker within another program only the root.

use crate::api::broker_loggers;
use crate::api::config_resource::{
    BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, Refused, TOPIC, refused,
};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{ConfigEntry, ResourceKind, TopicRef, check_topic_name, describe_topic};

api! {
    key 32, versions 1..=4, flexible 4;

    request DescribeConfigsRequest {
        resources: Vec<DescribeConfigsResource>,
        include_synonyms: bool,
        include_documentation: bool [3..],
    }

    response DescribeConfigsResponse {
        throttle_time_ms: i32,
        results: Vec<DescribeConfigsResult>,
    }

    struct DescribeConfigsResource {
        resource_type: i8,
        resource_name: String,
        configuration_keys: Option<Vec<String>>,
    }

    struct DescribeConfigsResult {
        error_code: ErrorCode,
        error_message: Option<String>,
        resource_type: i8,
        resource_name: String,
        configs: Vec<DescribeConfigsResourceResult>,
    }

    struct DescribeConfigsResourceResult {
        name: String,
        value: Option<String>,
        read_only: bool,
        config_source: i8 = -1,
        is_sensitive: bool,
        synonyms: Vec<DescribeConfigsSynonym>,
        config_type: i8 [3..],
        documentation: Option<String> [3..],
    }

    struct DescribeConfigsSynonym {
        name: String,
        value: Option<String>,
        source: i8,
    }
}

impl Handler for DescribeConfigsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeConfigsResponse> {
        let show = Show {
            synonyms: self.include_synonyms,
            documentation: self.include_documentation,
        };
        // One kind that there is not refuses all, as in Kafka.
        let kinds = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];
        let mut asked = self.resources.iter();
        let known = asked.all(|resource| kinds.contains(&resource.resource_type));
        let describe = |resource| match known {
            true => describe(context, resource, show),
            false => malformed(resource),
        };
        let results = self.resources.into_iter().map(describe).collect();
        DescribeConfigsResponse {
            results,
            ..DescribeConfigsResponse::default()
        }
        .into()
    }
}

/// Kafka's words for any request that is none.
const MALFORMED: &str = "This most likely occurs because of a request being malformed by the \
    client library or the message was sent to an incompatible broker. See the broker logs for more \
    details.";

/// What the client wants to see beyond names and values.
#[derive(Debug, Clone, Copy)]
struct Show {
    synonyms: bool,
    documentation: bool,
}

fn describe(
    context: &RequestContext,
    resource: DescribeConfigsResource,
    show: Show,
) -> DescribeConfigsResult {
    let entries = entries(context, resource.resource_type, &resource.resource_name);
    // No keys named: all, whether the list is null or empty.
    let keys = resource.configuration_keys.filter(|keys| !keys.is_empty());
    let wanted = |entry: &ConfigEntry| keys.as_ref().is_none_or(|keys| keys.contains(&entry.name));
    let (error_code, error_message, configs) = match entries {
        Ok(entries) => {
            let shown = entries.into_iter().filter(wanted).map(|e| show.entry(e));
            // Kafka has an empty text, not none.
            (ErrorCode::NONE, Some(String::new()), shown.collect())
        }
        Err((code, message)) => (code, message, Vec::new()),
    };
    DescribeConfigsResult {
        error_code,
        error_message,
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        configs,
    }
}

/// The refusal of a resource that cannot be asked for.
fn malformed(resource: DescribeConfigsResource) -> DescribeConfigsResult {
    DescribeConfigsResult {
        error_code: ErrorCode::INVALID_REQUEST,
        error_message: Some(MALFORMED.to_owned()),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        configs: Vec::new(),
    }
}

type Entries = Result<Vec<ConfigEntry>, Refused>;

fn entries(context: &RequestContext, kind: i8, name: &str) -> Entries {
    let (config, catalog) = (context.broker.config(), context.broker.catalog());
    let needed = |what: &str| {
        let text = format!("{what} must not be empty");
        refused(ErrorCode::INVALID_REQUEST, text)
    };
    match kind {
        TOPIC => topic_entries(context, name),
        BROKER if name.is_empty() => Ok(config.describe_default()),
        BROKER => check_broker(context, name, " or empty string,").map(|()| own_entries(context)),
        BROKER_LOGGER if name.is_empty() => Err(needed("Broker id")),
        BROKER_LOGGER => {
            check_broker(context, name, "").map(|()| broker_loggers::describe(context))
        }
        CLIENT_METRICS if name.is_empty() => Err(needed("Client metrics subscription name")),
        CLIENT_METRICS => Ok(catalog.describe_resource(ResourceKind::ClientMetrics, name)),
        GROUP if name.is_empty() => Err(needed("Group name")),
        GROUP => Ok(catalog.describe_resource(ResourceKind::Group, name)),
        other => {
            let text = format!("Unexpected resource type {other} for resource {name}");
            Err(refused(ErrorCode::INVALID_REQUEST, text))
        }
    }
}

/// What the broker that was asked is configured with: several have all but their addresses in common.
fn own_entries(context: &RequestContext) -> Vec<ConfigEntry> {
    let mut entries = context.broker.config().describe();
    let mut nodes = context.broker.nodes().iter();
    let own = nodes.find(|node| node.id == context.node);
    for (name, value) in own.into_iter().flat_map(|node| &node.config) {
        for entry in entries.iter_mut().filter(|entry| entry.name == *name) {
            entry.value = Some(value.clone());
            for synonym in &mut entry.synonyms {
                synonym.value = Some(value.clone());
            }
        }
    }
    entries
}

fn topic_entries(context: &RequestContext, name: &str) -> Entries {
    check_topic_name(name).map_err(|error| refused(ErrorCode::from(&error), error.to_string()))?;
    let catalog = context.broker.catalog();
    match catalog.image().find(TopicRef::Name(name)) {
        Some(topic) => Ok(describe_topic(topic, catalog.config())),
        // Kafka has an empty text there, not none.
        None => Err(refused(
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            String::new(),
        )),
    }
}

fn check_broker(context: &RequestContext, name: &str, or: &str) -> Result<(), Refused> {
    let own = context.node;
    let problem = match name.parse::<i32>() {
        Ok(id) if id == own => return Ok(()),
        Ok(id) => format!("Unexpected broker id, expected {own}{or} but received {id}"),
        Err(_) => format!("Broker id must be an integer, but it is: {name}"),
    };
    Err(refused(ErrorCode::INVALID_REQUEST, problem))
}

impl Show {
    fn entry(self, entry: ConfigEntry) -> DescribeConfigsResourceResult {
        let synonyms = if self.synonyms {
            entry.synonyms
        } else {
            Vec::new()
        };
        let shown = |value: Option<String>| match (entry.kind, value) {
            (Some(kind), Some(value)) => Some(kind.shown(value)),
            (_, value) => value,
        };
        let synonyms = synonyms.into_iter().map(|synonym| DescribeConfigsSynonym {
            name: synonym.name,
            value: shown(synonym.value),
            source: synonym.source as i8,
        });
        DescribeConfigsResourceResult {
            name: entry.name,
            value: shown(entry.value),
            read_only: entry.read_only,
            config_source: entry.source as i8,
            is_sensitive: entry.sensitive,
            synonyms: synonyms.collect(),
            config_type: entry.kind.map_or(0, |kind| kind as i8),
            documentation: self.documentation.then(|| entry.documentation.to_owned()),
        }
    }
}
