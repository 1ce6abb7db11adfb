//! The port as a client sees it, a hostile one too.

mod refusals;
mod steering;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Broker;

const PATIENCE: Duration = Duration::from_secs(30);

/// ApiVersions version 0, correlation id 7, client id `x`.
const API_VERSIONS: [u8; 15] = [0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 7, 0, 1, b'x'];

async fn broker() -> Broker {
    let builder = Broker::builder().topic("orders", 2).http("127.0.0.1:0");
    builder.start().await.unwrap()
}

async fn connect(broker: &Broker) -> TcpStream {
    TcpStream::connect(broker.http_address().unwrap())
        .await
        .unwrap()
}

/// Sends bytes and reads until the broker closes the connection.
async fn exchange(broker: &Broker, request: &[u8]) -> String {
    let mut stream = connect(broker).await;
    // It may be refused before it is whole.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A reset comes where the broker has not read everything; what it said comes before.
    let _ = read.expect("the connection stays open");
    String::from_utf8(answer).unwrap()
}

async fn ask(broker: &Broker, method: &str, path: &str) -> (u16, Value) {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = exchange(broker, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    (status(head), body)
}

fn status(answer: &str) -> u16 {
    answer[9..12].parse().unwrap()
}

#[tokio::test]
async fn health_topics_groups_and_transactions_are_told_as_json() {
    let broker = broker().await;
    let (status, health) = ask(&broker, "GET", "/health").await;
    assert_eq!((status, &health["status"]), (200, &Value::from("ok")));
    assert_eq!(health["bootstrap_servers"][0], broker.bootstrap_servers());
    let (_, topics) = ask(&broker, "GET", "/topics").await;
    assert_eq!(topics[0]["name"], "orders");
    assert_eq!(topics[0]["partitions"][1]["end_offset"], 0);
    let (_, topic) = ask(&broker, "GET", "/topics/orders").await;
    assert_eq!(topic, topics[0]);
    for path in ["/groups", "/transactions"] {
        assert_eq!(
            ask(&broker, "GET", path).await,
            (200, Value::Array(Vec::new()))
        );
    }
    broker.stop().await;
}

async fn post(broker: &Broker, path: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = exchange(broker, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (status(head), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn topics_are_created_with_kafkas_checks() {
    let broker = broker().await;
    let wanted = r#"{"name": "new", "partitions": 3, "config": {"retention.ms": "5"}}"#;
    let (status, topic) = post(&broker, "/topics", wanted).await;
    assert_eq!(
        (status, topic["partitions"].as_array().unwrap().len()),
        (201, 3)
    );
    assert_eq!(topic["config"]["retention.ms"], "5");
    for (wanted, says) in [
        (wanted, "already exists"),
        (r#"{"name": "a b"}"#, "a b"),
        (
            r#"{"name": "x", "config": {"retention.ms": "soon"}}"#,
            "retention.ms",
        ),
        (
            r#"{"name": "x", "partitons": 3}"#,
            "unknown field `partitons`",
        ),
        ("{", "the body"),
    ] {
        let (status, body) = post(&broker, "/topics", wanted).await;
        let error = body["error"].as_str().unwrap();
        assert!(status == 400 && error.contains(says), "{error}");
    }
    broker.stop().await;
}

#[tokio::test]
async fn the_port_is_on_this_machine_only_and_free_after_the_stop() {
    let refused = Broker::builder().http("0.0.0.0:0").start().await;
    assert!(refused.unwrap_err().to_string().contains("loopback"));
    let broker = broker().await;
    let address = broker.http_address().unwrap();
    broker.stop().await;
    std::net::TcpListener::bind(address).unwrap();
}

/// Every sample belongs to the family above it, no family or sample comes twice.
fn check_format(text: &str) {
    let (mut families, mut samples, mut family) = (HashSet::new(), HashSet::new(), "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split(' ').next().unwrap();
            assert!(families.insert(family), "{family} comes twice");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        assert!(name.starts_with(family), "{line} is not in {family}");
        assert!(samples.insert(sample), "{line} comes twice");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn metrics_count_what_was_asked_and_are_well_formed() {
    let broker = broker().await;
    let mut client = TcpStream::connect(broker.bootstrap_servers())
        .await
        .unwrap();
    // ApiVersions in version 0, and in one that there is not.
    for version in [0, 99] {
        let request = [0, 0, 0, 11, 0, 18, 0, version, 0, 0, 0, 7, 0, 1, b'x'];
        client.write_all(&request).await.unwrap();
        let length = client.read_i32().await.unwrap();
        let mut answer = vec![0; usize::try_from(length).unwrap()];
        client.read_exact(&mut answer).await.unwrap();
    }
    let (status, text) = ask(&broker, "GET", "/metrics").await;
    let text = text.as_str().unwrap();
    assert_eq!(status, 200);
    check_format(text);
    for line in [
        "kafka_server_replicamanager_partitioncount 2",
        "kafka_server_brokertopicmetrics_messagesin_total{topic=\"orders\"} 0",
        "kafka_log_log_logendoffset{topic=\"orders\",partition=\"1\"} 0",
        "kafka_network_requestmetrics_requests_total{request=\"ApiVersions\",version=\"0\"} 1",
        "kafka_network_requestmetrics_errors_total{request=\"ApiVersions\",error=\"NONE\"} 1",
        "kafka_network_requestmetrics_errors_total{request=\"ApiVersions\",error=\"UNSUPPORTED_VERSION\"} 1",
        "kafka_network_requestmetrics_totaltimems_count{request=\"ApiVersions\"} 2",
        "kafka_server_socket_server_metrics_connection_count{listener=\"PLAINTEXT\"} 1",
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line} is not in {text}"
        );
    }
    broker.stop().await;
}
