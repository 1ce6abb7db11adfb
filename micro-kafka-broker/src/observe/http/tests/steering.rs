//! Faults, time, the journal and the broker's life by HTTP.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{API_VERSIONS, ask, broker, post};

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

#[tokio::test]
async fn one_of_several_brokers_ends_and_starts() {
    let builder = crate::server::Broker::builder().brokers(3);
    let broker = builder.http("127.0.0.1:0").start().await.unwrap();
    let runs = |id| broker.node(id).unwrap().is_running();
    for (control, running) in [
        ("kill-node", false),
        ("start-node", true),
        ("stop-node", false),
    ] {
        let path = format!("/broker/{control}");
        assert_eq!(post(&broker, &path, r#"{"node": 1}"#).await.0, 200);
        assert_eq!([runs(0), runs(1), runs(2)], [true, running, true]);
    }
    for (body, named) in [(r#"{"node": 3}"#, "[0, 1, 2]"), ("{}", "`node`")] {
        let (status, error) = post(&broker, "/broker/stop-node", body).await;
        let error = error["error"].as_str().unwrap().to_owned();
        assert!(status == 400 && error.contains(named), "{status} {error}");
    }
    broker.stop().await;
}
