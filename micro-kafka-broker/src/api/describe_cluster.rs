//! DescribeCluster (key 60): the brokers, for administrators.
//!
//! Versions 0–2, flexible from the start. 1 adds the type of endpoint, 2 fenced brokers.
//!
//! Deviations: the controller is always the first broker that runs.

use crate::api::{Answer, ErrorCode, Handler, Operations, RequestContext};
use crate::server::Endpoint;

api! {
    key 60, versions 0..=2, flexible 0;

    request DescribeClusterRequest {
        include_cluster_authorized_operations: bool,
        endpoint_type: i8 [1..] = 1,
        include_fenced_brokers: bool [2..],
    }

    response DescribeClusterResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
        endpoint_type: i8 [1..] = 1,
        cluster_id: String,
        controller_id: i32 = -1,
        brokers: Vec<DescribeClusterBroker>,
        cluster_authorized_operations: i32 = i32::MIN,
    }

    struct DescribeClusterBroker {
        broker_id: i32,
        host: String,
        port: i32,
        rack: Option<String>,
        is_fenced: bool [2..],
    }
}

/// The endpoint type of brokers; 2 stands for controllers, which have no listener of their own.
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Handler for DescribeClusterRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeClusterResponse> {
        let refusal = match self.endpoint_type {
            BROKERS => None,
            CONTROLLERS => Some((
                ErrorCode::MISMATCHED_ENDPOINT_TYPE,
                "The request was sent to an endpoint of type BROKER, \
                 but we wanted an endpoint of type CONTROLLER"
                    .to_owned(),
            )),
            other => Some((
                ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
                format!("Unsupported endpoint type {other}"),
            )),
        };
        if let Some((error_code, message)) = refusal {
            return DescribeClusterResponse {
                error_code,
                error_message: Some(message),
                ..DescribeClusterResponse::default()
            }
            .into();
        }
        let operations = Operations::CLUSTER.if_asked(self.include_cluster_authorized_operations);
        DescribeClusterResponse {
            cluster_id: context.broker.cluster_id().to_owned(),
            controller_id: context.controller(),
            brokers: context.brokers().map(described).collect(),
            cluster_authorized_operations: operations.bits(),
            ..DescribeClusterResponse::default()
        }
        .into()
    }
}

fn described((broker_id, endpoint): (i32, &Endpoint)) -> DescribeClusterBroker {
    DescribeClusterBroker {
        broker_id,
        host: endpoint.host.clone(),
        port: endpoint.port.into(),
        ..DescribeClusterBroker::default()
    }
}
