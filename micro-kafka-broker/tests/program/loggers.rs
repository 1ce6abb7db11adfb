//! Admin clients change the levels of the program's log.

use std::io::{BufRead as _, BufReader};

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::{
    ApiKey, DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::Program;
use super::client::Client;

const BROKER_LOGGER: i8 = 8;
const SET: i8 = 0;
const DELETE: i8 = 1;
const INVALID_CONFIG: i16 = 40;
const LOGGER: &str = "micro_kafka_broker::server";

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

async fn alter(client: &mut Client, logger: &str, operation: i8, level: Option<&str>) -> i16 {
    let config = AlterableConfig::default()
        .with_name(text(logger))
        .with_config_operation(operation)
        .with_value(level.map(text));
    let resource = AlterConfigsResource::default()
        .with_resource_type(BROKER_LOGGER)
        .with_resource_name(text("0"))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let key = ApiKey::IncrementalAlterConfigs;
    let answer: IncrementalAlterConfigsResponse = client.call(key, 1, &request).await;
    answer.responses[0].error_code
}

async fn level(client: &mut Client, logger: &str) -> String {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(BROKER_LOGGER)
        .with_resource_name(text("0"))
        .with_configuration_keys(Some(vec![text(logger)]));
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    let answer: DescribeConfigsResponse = client.call(ApiKey::DescribeConfigs, 4, &request).await;
    let value = answer.results[0].configs[0].value.clone();
    value.unwrap().to_string()
}

#[tokio::test]
async fn a_logger_says_more_once_it_is_told_to() {
    let (mut program, address) = Program::start(&[]);
    let mut client = Client::connect(&address).await;
    assert_eq!(level(&mut client, "root").await, "WARN");
    assert_eq!(level(&mut client, LOGGER).await, "WARN");
    let told = alter(&mut client, "no::such", SET, Some("INFO")).await;
    assert_eq!(told, INVALID_CONFIG);
    assert_eq!(alter(&mut client, LOGGER, SET, Some("TRACE")).await, 0);
    assert_eq!(level(&mut client, LOGGER).await, "TRACE");
    assert_eq!(level(&mut client, "root").await, "WARN");
    // The requests of the two questions are logged now.
    let mut log = BufReader::new(program.0.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(LOGGER) {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the log ended");
    }
    assert_eq!(alter(&mut client, LOGGER, DELETE, None).await, 0);
    assert_eq!(level(&mut client, LOGGER).await, "WARN");
}
