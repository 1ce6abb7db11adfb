//! IncrementalAlterConfigs (key 44): changes single settings of topics, brokers, groups
//! and client metrics.
//!
//! Versions 0–1; 1 is flexible. What is changed takes effect at once.
//!
//! Deviations: within another program, the log level is the program's and cannot be changed.

use crate::api::config_resource::{
    self, CLIENT_METRICS, GROUP, Refused, TOPIC, alter, check_names, named_twice, repeated,
};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{ConfigChanges, ConfigOp};

api! {
    key 44, versions 0..=1, flexible 1;

    request IncrementalAlterConfigsRequest {
        resources: Vec<AlterConfigsResource>,
        validate_only: bool,
    }

    response IncrementalAlterConfigsResponse {
        throttle_time_ms: i32,
        responses: Vec<AlterConfigsResourceResponse>,
    }

    struct AlterConfigsResource {
        resource_type: i8,
        resource_name: String,
        configs: Vec<AlterableConfig>,
    }

    struct AlterableConfig {
        name: String,
        config_operation: i8,
        value: Option<String>,
    }

    struct AlterConfigsResourceResponse {
        error_code: ErrorCode,
        error_message: Option<String>,
        resource_type: i8,
        resource_name: String,
    }
}

/// The operations.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

impl Handler for IncrementalAlterConfigsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<IncrementalAlterConfigsResponse> {
        let names = self
            .resources
            .iter()
            .map(|resource| (resource.resource_type, resource.resource_name.clone()));
        let twice = repeated(names);
        let fails = self
            .resources
            .iter()
            .any(AlterConfigsResource::fails_the_controller);
        let mut responses = Vec::with_capacity(self.resources.len());
        for resource in self.resources {
            let key = (resource.resource_type, resource.resource_name);
            let outcome = match twice.contains(&key) {
                true => Err(named_twice()),
                false if fails && forwarded(&key) => only_checked(&resource.configs),
                false => change(
                    context,
                    (key.0, &key.1),
                    resource.configs,
                    self.validate_only,
                ),
            };
            let (error_code, error_message) = outcome.err().unwrap_or_default();
            responses.push(AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type: key.0,
                resource_name: key.1,
            });
        }
        IncrementalAlterConfigsResponse {
            responses,
            ..IncrementalAlterConfigsResponse::default()
        }
        .into()
    }
}

impl AlterConfigsResource {
    /// Whether Kafka's controller stumbles over an operation that there is not, and with it over
    /// all that it was to change.
    fn fails_the_controller(&self) -> bool {
        let strange =
            |config: &AlterableConfig| !(SET..=SUBTRACT).contains(&config.config_operation);
        let key = (self.resource_type, self.resource_name.clone());
        forwarded(&key) && self.configs.iter().any(strange) && check(&self.configs).is_ok()
    }
}

/// Whether Kafka's broker leaves the change to the controller unseen.
fn forwarded((kind, name): &(i8, String)) -> bool {
    matches!(*kind, TOPIC | CLIENT_METRICS | GROUP) && !name.is_empty()
}

/// What is told of a change that the controller failed over.
fn only_checked(configs: &[AlterableConfig]) -> Result<(), Refused> {
    check(configs)?;
    Err((ErrorCode::UNKNOWN_SERVER_ERROR, None))
}

fn check(configs: &[AlterableConfig]) -> Result<(), Refused> {
    let valued =
        |config: &AlterableConfig| config.config_operation == DELETE || config.value.is_some();
    check_names(configs.iter().map(|config| (&*config.name, valued(config))))
}

fn change(
    context: &RequestContext,
    resource: (i8, &str),
    configs: Vec<AlterableConfig>,
    validate_only: bool,
) -> Result<(), Refused> {
    check(&configs)?;
    let mut ops = Vec::with_capacity(configs.len());
    for config in configs {
        let value = config.value.unwrap_or_default();
        let op = match config.config_operation {
            SET => ConfigOp::Set(value),
            DELETE => ConfigOp::Delete,
            APPEND => ConfigOp::Append(value),
            SUBTRACT => ConfigOp::Subtract(value),
            other => {
                let text = format!("Unknown operation type {other}");
                return Err(config_resource::refused(ErrorCode::INVALID_REQUEST, text));
            }
        };
        ops.push((config.name, op));
    }
    let changes = ConfigChanges {
        replace: false,
        ops,
    };
    alter(context, resource, &changes, validate_only)
}
