//! FindCoordinator (key 10): which broker coordinates a group or a transactional id.
//!
//! Versions 0–6. 1 adds the type of key, 3 is flexible, 4 asks for several keys.
//!
//! Deviations: the internal topics are created when asked for, and the answer is at once a broker;
//! Apache Kafka has the client ask again.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::StateTopic;

api! {
    key 10, versions 0..=6, flexible 3;

    request FindCoordinatorRequest {
        key: String [..=3],
        key_type: i8 [1..],
        coordinator_keys: Vec<String> [4..],
    }

    response FindCoordinatorResponse {
        throttle_time_ms: i32 [1..],
        error_code: ErrorCode [..=3],
        error_message: Option<String> [1..=3],
        node_id: i32 [..=3],
        host: String [..=3],
        port: i32 [..=3],
        coordinators: Vec<Coordinator> [4..],
    }

    struct Coordinator {
        key: String,
        node_id: i32,
        host: String,
        port: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}

/// The kinds of key.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

impl Handler for FindCoordinatorRequest {
    async fn handle(self, context: &RequestContext) -> Answer<FindCoordinatorResponse> {
        if context.version >= 4 {
            let find = |key| coordinator(context, self.key_type, key);
            return FindCoordinatorResponse {
                coordinators: self.coordinator_keys.into_iter().map(find).collect(),
                ..FindCoordinatorResponse::default()
            }
            .into();
        }
        let found = coordinator(context, self.key_type, self.key);
        FindCoordinatorResponse {
            error_code: found.error_code,
            error_message: found.error_message,
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..FindCoordinatorResponse::default()
        }
        .into()
    }
}

fn coordinator(context: &RequestContext, key_type: i8, key: String) -> Coordinator {
    let nowhere = Coordinator {
        key,
        node_id: -1,
        port: -1,
        ..Coordinator::default()
    };
    if !matches!(key_type, GROUP | TRANSACTION) {
        return Coordinator {
            error_code: ErrorCode::INVALID_REQUEST,
            error_message: Some(format!(
                "key type {key_type} is not served; groups are {GROUP}, transactions {TRANSACTION}"
            )),
            ..nowhere
        };
    }
    let (which, created) = match key_type {
        GROUP => (StateTopic::Offsets, context.broker.groups().ensure_topic()),
        _ => (
            StateTopic::Transactions,
            context.broker.transactions().ensure_topic(),
        ),
    };
    let leader = created
        .ok()
        .and_then(|()| context.coordinator_of(which, &nowhere.key));
    let found = leader.and_then(|id| Some((id, context.endpoint_of(id)?)));
    match found {
        Some((node_id, endpoint)) => Coordinator {
            node_id,
            host: endpoint.host.clone(),
            port: endpoint.port.into(),
            ..nowhere
        },
        None => Coordinator {
            error_code: ErrorCode::COORDINATOR_NOT_AVAILABLE,
            ..nowhere
        },
    }
}
