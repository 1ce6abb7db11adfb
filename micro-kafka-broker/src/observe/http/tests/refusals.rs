//! What is refused, and who waits.

use super::{ask, broker, connect, exchange, post, status};

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
    for _ in 0..super::super::port::CONNECTIONS {
        silent.push(connect(&broker).await);
    }
    // Once the silent ones are given up there is room.
    assert_eq!(ask(&broker, "GET", "/health").await.0, 200);
    broker.stop().await;
}
