//! The HTTP port of the program, beside a real client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use super::{PATIENCE, Program};

/// The body of an answer with status 200.
fn get(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Starts the program with a port, and reads its two lines.
fn start() -> (Program, String, String) {
    let mut child = super::program(&[
        "--listen=127.0.0.1:0",
        "--http=127.0.0.1:0",
        "--topic=orders",
    ])
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let (address, url) = (line(), line());
    (Program(child), address, url)
}

fn client(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address)
        .set("group.id", "readers")
        .set("enable.auto.commit", "false");
    config
}

#[test]
fn what_a_client_sent_and_read_is_counted() {
    let (_program, address, url) = start();
    let producer: BaseProducer = client(&address).create().unwrap();
    for _ in 0..3 {
        let record = BaseRecord::<(), _>::to("orders").payload("a record");
        producer.send(record).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let consumer: BaseConsumer = client(&address).create().unwrap();
    let mut from_start = TopicPartitionList::new();
    from_start
        .add_partition_offset("orders", 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&from_start).unwrap();
    for offset in 0..3 {
        let record = consumer.poll(PATIENCE).unwrap().unwrap();
        assert_eq!(record.offset(), offset);
    }
    let mut done = TopicPartitionList::new();
    done.add_partition_offset("orders", 0, Offset::Offset(2))
        .unwrap();
    consumer.commit(&done, CommitMode::Sync).unwrap();
    let metrics = get(&url, "/metrics");
    for line in [
        "kafka_server_brokertopicmetrics_messagesin_total{topic=\"orders\"} 3",
        "kafka_log_log_logendoffset{topic=\"orders\",partition=\"0\"} 3",
        "kafka_coordinator_group_groupmetadatamanager_numgroups 1",
        "kafka_coordinator_group_groupmetadatamanager_numoffsets 1",
        "kafka_server_brokertopicmetrics_failedproducerequests_total 0",
    ] {
        assert!(
            metrics.lines().any(|known| known == line),
            "{line} is not in {metrics}"
        );
    }
    let counted = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    let topic = |part| {
        counted(&format!(
            "kafka_server_brokertopicmetrics_{part}_total{{topic=\"orders\""
        ))
    };
    assert!(topic("bytesin") > 0);
    assert!(topic("bytesout") >= topic("bytesin"));
    assert!(counted("kafka_network_requestmetrics_requests_total{request=\"Produce\"") > 0);
    let group = get(&url, "/groups/readers");
    for part in ["\"offset\":2", "\"lag\":1", "\"topic\":\"orders\""] {
        assert!(group.contains(part), "{group}");
    }
    assert!(get(&url, "/health").contains("\"status\":\"ok\""));
}
