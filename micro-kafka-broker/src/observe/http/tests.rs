//! The port as a client sees it, a hostile one too.

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
async fn a_body_that_is_too_large_is_not_read() {
    let broker = broker().await;
    let (status, _) = post(&broker, "/topics", &" ".repeat(300_000)).await;
    assert_eq!(status, 413);
    broker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_given_up() {
    let broker = broker().await;
    let head = b"POST /topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{";
    let answer = exchange(&broker, head).await;
    assert_eq!(status(&answer), 408, "{answer}");
    broker.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_explained() {
    let broker = broker().await;
    for (method, path, expected, says) in [
        ("GET", "/helth", 404, "/health"),
        ("GET", "/topics/none", 404, "topic `none`"),
        ("GET", "/groups/a%2Fb", 404, "group `a/b`"),
        ("GET", "/topics/%zz", 400, "not encoded"),
        ("POST", "/health", 405, "GET"),
        ("DELETE", "/metrics", 405, "GET"),
        ("BREW", "/topics", 405, "BREW is not allowed"),
    ] {
        let (status, body) = ask(&broker, method, path).await;
        assert_eq!(status, expected, "{method} {path}: {body}");
        let error = body["error"].as_str().unwrap();
        assert!(error.contains(says), "{error}");
    }
    broker.stop().await;
}

#[tokio::test]
async fn web_pages_and_other_names_for_this_machine_are_refused() {
    let broker = broker().await;
    for headers in [
        "Host: evil.example\r\n",
        "",
        "Host: localhost\r\nOrigin: https://evil.example\r\n",
    ] {
        let request = format!("GET /topics HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        let answer = exchange(&broker, request.as_bytes()).await;
        let status = status(&answer);
        assert!(status == 403 || status == 400, "{headers:?}: {answer}");
        assert!(!answer.contains("orders"));
        assert!(!answer.to_lowercase().contains("access-control"));
    }
    broker.stop().await;
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let broker = broker().await;
    let long = format!(
        "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "x".repeat(100_000)
    );
    let many = "X: y\r\n".repeat(10_000);
    let many = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    for request in [long, many] {
        let answer = exchange(&broker, request.as_bytes()).await;
        let status = status(&answer);
        assert!([400, 414, 431].contains(&status), "{answer}");
    }
    let garbage = exchange(
        &broker,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    )
    .await;
    assert!(garbage.is_empty() || status(&garbage) == 400, "{garbage}");
    assert_eq!(ask(&broker, "GET", "/health").await.0, 200);
    broker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn headers_that_never_end_are_given_up() {
    let broker = broker().await;
    let answer = exchange(&broker, b"GET /health HTTP/1.1\r\nHost: local").await;
    assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    broker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn more_connections_than_there_may_be_wait_and_are_served() {
    let broker = broker().await;
    let mut silent = Vec::new();
    for _ in 0..super::port::CONNECTIONS {
        silent.push(connect(&broker).await);
    }
    // Once the silent ones are given up there is room.
    assert_eq!(ask(&broker, "GET", "/health").await.0, 200);
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

#[tokio::test]
async fn a_fault_is_put_in_force_seen_and_removed() {
    let broker = broker().await;
    let rule = r#"{"api": "ApiVersions", "client": "x", "times": 1, "disconnect": true}"#;
    let (status, fault) = post(&broker, "/faults", rule).await;
    assert_eq!((status, &fault["hits"]), (201, &Value::from(0)));
    let path = format!("/faults/{}", fault["id"]);
    let waiting = format!("{path}?hits=1");
    let (hit, ()) = tokio::join!(ask(&broker, "GET", &waiting), async {
        let mut client = TcpStream::connect(broker.bootstrap_servers())
            .await
            .unwrap();
        client.write_all(&API_VERSIONS).await.unwrap();
        assert!(client.read_u8().await.is_err(), "disconnected");
    });
    assert_eq!((hit.0, &hit.1["hits"]), (200, &Value::from(1)));
    assert_eq!(ask(&broker, "DELETE", &path).await.0, 200);
    assert_eq!(ask(&broker, "GET", &path).await.0, 404);
    let all = ask(&broker, "GET", "/faults").await;
    assert_eq!(all, (200, Value::Array(Vec::new())));
    broker.stop().await;
}

#[tokio::test]
async fn a_rule_that_is_none_and_a_hit_that_does_not_come_are_explained() {
    let broker = broker().await;
    let (status, error) = post(&broker, "/faults", r#"{"api": "Produkt"}"#).await;
    assert_eq!(status, 400);
    assert!(error["error"].as_str().unwrap().contains("Produkt"));
    let (_, fault) = post(&broker, "/faults", "\"Produce silence\"").await;
    let path = format!("/faults/{}?hits=2&timeout=1ms", fault["id"]);
    let (status, error) = ask(&broker, "GET", &path).await;
    assert_eq!(status, 504);
    assert!(error["error"].as_str().unwrap().contains("2 were expected"));
    broker.stop().await;
}

#[tokio::test]
async fn requests_are_kept_once_it_is_said_and_waited_for() {
    let broker = broker().await;
    assert_eq!(ask(&broker, "GET", "/requests").await.0, 409);
    assert_eq!(post(&broker, "/requests", r#"{"keep": 10}"#).await.0, 200);
    let waiting = "/requests?api=ApiVersions&client=x&wait=1";
    let (found, ()) = tokio::join!(ask(&broker, "GET", waiting), async {
        let mut client = TcpStream::connect(broker.bootstrap_servers())
            .await
            .unwrap();
        client.write_all(&API_VERSIONS).await.unwrap();
        client.read_u8().await.unwrap();
    });
    let request = &found.1["requests"][0];
    assert_eq!(
        (&request["api"], &request["client_id"]),
        (&"ApiVersions".into(), &"x".into())
    );
    let none = ask(&broker, "GET", "/requests?topic=none").await;
    assert_eq!(none.1["requests"], Value::Array(Vec::new()));
    for bad in [
        "?api=Produkt",
        "?topik=a",
        "?wait=some",
        "?wait=1&timeout=soon",
    ] {
        assert_eq!(
            ask(&broker, "GET", &format!("/requests{bad}")).await.0,
            400,
            "{bad}"
        );
    }
    assert_eq!(ask(&broker, "DELETE", "/requests").await.0, 200);
    broker.stop().await;
}

#[tokio::test]
async fn time_jumps_when_it_is_told_to() {
    let broker = broker().await;
    let (status, after) = post(&broker, "/clock/advance", r#"{"by": "2h"}"#).await;
    assert_eq!(status, 200);
    assert!(
        after["elapsed_ms"].as_f64().unwrap() >= 7_200_000.0,
        "{after}"
    );
    let (_, now) = ask(&broker, "GET", "/clock").await;
    assert!(now["unix_ms"].as_i64() >= after["unix_ms"].as_i64());
    let (status, error) = post(&broker, "/clock/advance", r#"{"by": "soon"}"#).await;
    assert!(
        status == 400 && error["error"].as_str().unwrap().contains("`by`"),
        "{error}"
    );
    broker.stop().await;
}

#[tokio::test]
async fn the_port_outlives_a_crash_and_ends_it() {
    let broker = broker().await;
    assert_eq!(post(&broker, "/broker/crash", "").await.0, 200);
    assert!(!broker.is_running());
    for path in ["/health", "/topics", "/metrics"] {
        let (status, down) = ask(&broker, "GET", path).await;
        assert_eq!(status, 503, "{path}");
        assert!(down["error"].as_str().unwrap().contains("/broker/restart"));
    }
    assert_eq!(ask(&broker, "GET", "/faults").await.0, 200);
    assert_eq!(post(&broker, "/broker/restart", "").await.0, 200);
    assert_eq!(ask(&broker, "GET", "/health").await.0, 200);
    assert_eq!(ask(&broker, "GET", "/topics/orders").await.0, 200);
    let restart = post(&broker, "/broker/restart", r#"{"data": false}"#).await;
    assert_eq!(restart.0, 200);
    broker.stop().await;
}

#[tokio::test]
async fn controls_say_what_they_lack() {
    let broker = broker().await;
    for (control, body, status, says) in [
        ("fly", "", 404, "hold-transaction-markers"),
        ("slow-disk", "", 400, "`delay` is missing"),
        ("slow-disk", r#"{"delay": "1x"}"#, 400, "`1x` is no time"),
        ("slow-disk", r#"{"dealy": "1s"}"#, 400, "dealy"),
        (
            "expire-member",
            r#"{"group": "g", "member": "m"}"#,
            400,
            "has no member `m`",
        ),
    ] {
        let (found, error) = post(&broker, &format!("/broker/{control}"), body).await;
        let error = error["error"].as_str().unwrap();
        assert!(
            found == status && error.contains(says),
            "{control}: {error}"
        );
    }
    for control in [
        "fill-disk",
        "free-disk",
        "refuse-connections",
        "accept-connections",
    ] {
        assert_eq!(
            post(&broker, &format!("/broker/{control}"), "").await.0,
            200
        );
    }
    assert_eq!(ask(&broker, "GET", "/broker/crash").await.0, 405);
    broker.stop().await;
}
