//! ListConfigResources (key 74): what has configurations.
//!
//! Versions 0–1, flexible from the start. 0 lists the subscriptions to client metrics, 1 any kind.
//! A group or a subscription is listed while something is set for it.
//!
//! Deviations: none known.

use crate::api::config_resource::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::ResourceKind;

api! {
    key 74, versions 0..=1, flexible 0;

    request ListConfigResourcesRequest {
        resource_types: Vec<i8> [1..],
    }

    response ListConfigResourcesResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        config_resources: Vec<ConfigResource>,
    }

    struct ConfigResource {
        resource_name: String,
        resource_type: i8 [1..] = CLIENT_METRICS,
    }
}

/// All kinds, in the order in which they are listed.
const KINDS: [i8; 5] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

impl Handler for ListConfigResourcesRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ListConfigResourcesResponse> {
        let asked = match (context.version, self.resource_types) {
            (0, _) => vec![CLIENT_METRICS],
            (_, kinds) if kinds.is_empty() => KINDS.to_vec(),
            (_, kinds) => kinds,
        };
        if asked.iter().any(|kind| !KINDS.contains(kind)) {
            return ListConfigResourcesResponse {
                error_code: ErrorCode::UNSUPPORTED_VERSION,
                ..ListConfigResourcesResponse::default()
            }
            .into();
        }
        let listed = KINDS.into_iter().filter(|kind| asked.contains(kind));
        ListConfigResourcesResponse {
            config_resources: listed.flat_map(|kind| of_kind(context, kind)).collect(),
            ..ListConfigResourcesResponse::default()
        }
        .into()
    }
}

fn of_kind(context: &RequestContext, kind: i8) -> Vec<ConfigResource> {
    let broker = &context.broker;
    let names: Vec<String> = match kind {
        TOPIC => {
            let image = broker.catalog().image();
            image.topics().map(|topic| topic.name.to_string()).collect()
        }
        BROKER | BROKER_LOGGER => broker.nodes().iter().map(|n| n.id.to_string()).collect(),
        GROUP => broker.catalog().resources().names(ResourceKind::Group),
        _ => broker
            .catalog()
            .resources()
            .names(ResourceKind::ClientMetrics),
    };
    names
        .into_iter()
        .map(|resource_name| ConfigResource {
            resource_name,
            resource_type: kind,
        })
        .collect()
}
