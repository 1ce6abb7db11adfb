//! AlterConfigs (key 33): replaces all settings of topics, brokers, groups and client metrics.
//!
//! Versions 0–2; 2 is flexible. Settings that are not named go back to their defaults.
//!
//! Deviations: none known.

use crate::api::config_resource::{Refused, alter, check_names, named_twice, repeated};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{ConfigChanges, ConfigOp};

api! {
    key 33, versions 0..=2, flexible 2;

    request AlterConfigsRequest {
        resources: Vec<AlterConfigsResource>,
        validate_only: bool,
    }

    response AlterConfigsResponse {
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
        value: Option<String>,
    }

    struct AlterConfigsResourceResponse {
        error_code: ErrorCode,
        error_message: Option<String>,
        resource_type: i8,
        resource_name: String,
    }
}

impl Handler for AlterConfigsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<AlterConfigsResponse> {
        let names = self
            .resources
            .iter()
            .map(|resource| (resource.resource_type, resource.resource_name.clone()));
        let twice = repeated(names);
        let mut responses = Vec::with_capacity(self.resources.len());
        for resource in self.resources {
            let key = (resource.resource_type, resource.resource_name);
            let outcome = match twice.contains(&key) {
                true => Err(named_twice()),
                false => replace(
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
        AlterConfigsResponse {
            responses,
            ..AlterConfigsResponse::default()
        }
        .into()
    }
}

fn replace(
    context: &RequestContext,
    resource: (i8, &str),
    configs: Vec<AlterableConfig>,
    validate_only: bool,
) -> Result<(), Refused> {
    let valued = |config: &AlterableConfig| config.value.is_some();
    check_names(configs.iter().map(|config| (&*config.name, valued(config))))?;
    let set =
        |config: AlterableConfig| (config.name, ConfigOp::Set(config.value.unwrap_or_default()));
    let changes = ConfigChanges {
        replace: true,
        ops: configs.into_iter().map(set).collect(),
    };
    alter(context, resource, &changes, validate_only)
}
