//! Bytes that are no requests: the connection is closed with one warning, and that is all.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use micro_kafka_broker::Broker;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::instrument::WithSubscriber;

use crate::client::{API_VERSIONS_0, Client, DEADLINE, answers};

/// What was logged at level warn or above.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = self.0.lock().unwrap().clone();
        String::from_utf8(text)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

/// Runs a test on one thread, where all that is logged is caught.
async fn with_log<F: Future>(test: impl FnOnce(Log) -> F) -> F::Output {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    test(log).with_current_subscriber().await
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_i32(i32::try_from(body.len()).unwrap());
    frame.put_slice(body);
    frame.to_vec()
}

/// CreateTopics version 5 whose array of topics has 2,147,483,646 elements.
const TWO_BILLION_TOPICS: [u8; 17] = [
    0, 19, 0, 5, 0, 0, 0, 1, 0, 1, b'x', 0, 0xff, 0xff, 0xff, 0xff, 0x07,
];

/// What is sent, and what the warning says.
fn no_requests() -> [(&'static str, Vec<u8>, &'static str); 16] {
    let metadata_99 = framed(&[0, 3, 0, 99, 0, 0, 0, 1, 0, 1, b'x']);
    [
        (
            "length 0",
            vec![0, 0, 0, 0],
            "announced a request of 0 bytes",
        ),
        (
            "length -1",
            vec![0xff; 4],
            "announced a request of -1 bytes",
        ),
        (
            "2 GiB",
            vec![0x7f, 0xff, 0xff, 0xff],
            "2147483647 bytes; the limit is 104857600",
        ),
        ("101 MiB", vec![6, 0x50, 0, 0], "the limit is 104857600"),
        ("1 byte", framed(&[0]), "without a valid header"),
        (
            "7 bytes",
            framed(&[0, 3, 0, 0, 0, 0, 0]),
            "without a valid header",
        ),
        (
            "unknown key",
            framed(&[1, 0xf4, 0, 0, 0, 0, 0, 1, 0xff, 0xff]),
            "api key 500",
        ),
        (
            "negative key",
            framed(&[0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]),
            "api key -1",
        ),
        (
            "unknown version",
            metadata_99,
            "Metadata version 99; served are 0 to 13",
        ),
        (
            "negative version",
            framed(&[0, 3, 0xff, 0xff, 0, 0, 0, 1]),
            "Metadata version -1",
        ),
        (
            "client id beyond the end",
            framed(&[0, 3, 0, 0, 0, 0, 0, 1, 0x7f, 0xff]),
            "client_id",
        ),
        (
            "body missing",
            framed(&[0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff]),
            "Metadata version 1",
        ),
        (
            "two billion topics",
            framed(&TWO_BILLION_TOPICS),
            "array of 2147483646 elements",
        ),
        (
            "http",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            "an HTTP request",
        ),
        (
            "tls",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            "a TLS ClientHello",
        ),
        ("ssh", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), "an SSH banner"),
    ]
}

#[tokio::test]
async fn what_is_no_request_ends_its_connection_with_one_warning() {
    for (what, bytes, warning) in no_requests() {
        with_log(|log| async move {
            let broker = Broker::builder().start().await.unwrap();
            let address = broker.bootstrap_servers();
            let mut client = Client::connect(&address).await;
            client.send(&bytes).await;
            assert!(client.receive().await.is_none(), "{what}: answered");
            assert!(
                answers(&address).await,
                "{what}: the broker answers nobody any more"
            );
            broker.stop().await;
            let lines = log.lines();
            assert_eq!(lines.len(), 1, "{what}: {lines:?}");
            assert!(lines[0].contains(warning), "{what}: {lines:?}");
            assert!(lines[0].contains("WARN"), "{what}: {lines:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn half_a_frame_and_a_disconnect_is_one_warning() {
    with_log(|log| async move {
        let broker = Broker::builder().start().await.unwrap();
        let mut client = Client::connect(&broker.bootstrap_servers()).await;
        client.send(&API_VERSIONS_0[..9]).await;
        client.stream.shutdown().await.unwrap();
        assert!(client.receive().await.is_none());
        broker.stop().await;
        let lines = log.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("within a request, 9 bytes into it"),
            "{lines:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn clients_that_come_and_go_are_no_warning() {
    with_log(|log| async move {
        let broker = Broker::builder().start().await.unwrap();
        for _ in 0..10 {
            assert!(answers(&broker.bootstrap_servers()).await);
        }
        drop(Client::connect(&broker.bootstrap_servers()).await);
        broker.stop().await;
        assert_eq!(log.lines(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn requests_before_the_hostile_one_are_answered() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    let mut bytes = API_VERSIONS_0.to_vec();
    bytes.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
    client.send(&bytes).await;
    assert!(client.receive().await.is_some());
    assert!(client.receive().await.is_none());
}

#[tokio::test]
async fn a_slow_frame_is_waited_for() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    client.stream.set_nodelay(true).unwrap();
    for byte in API_VERSIONS_0 {
        client.send(&[byte]).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(client.receive().await.is_some());
}

#[tokio::test]
async fn silence_ends_at_the_idle_limit_but_not_while_bytes_come() {
    let limit = Duration::from_secs(1);
    let builder = Broker::builder().config("connections.max.idle.ms", "1000");
    let broker = builder.start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    let mut request = vec![0, 18, 0, 0, 0, 0, 0, 7, 0, 26];
    request.extend_from_slice(&[b'x'; 26]);
    let request = framed(&request);
    let (slowly, rest) = request.split_at(30);
    let begun = Instant::now();
    for byte in slowly {
        client.send(std::slice::from_ref(byte)).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert!(begun.elapsed() > limit, "longer than the limit in all");
    client.send(rest).await;
    assert!(
        client.receive().await.is_some(),
        "a slow frame is no silence"
    );
    client.send(slowly).await;
    assert!(
        client.receive().await.is_none(),
        "half a frame does not last for ever"
    );
    assert!(answers(&broker.bootstrap_servers()).await);
}

/// Resident memory of this process in KiB.
#[cfg(target_os = "linux")]
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn announced_bytes_take_no_memory() {
    let broker = Broker::builder().start().await.unwrap();
    let address = broker.bootstrap_servers();
    let before = resident_kib();
    let mut clients = Vec::new();
    for nth in 0..600_u32 {
        let announced: i32 = if nth < 200 { 64 << 20 } else { 1 << 20 };
        let mut client = Client::connect(&address).await;
        client.send(&announced.to_be_bytes()).await;
        client.send(&[0]).await;
        clients.push(client);
    }
    assert!(answers(&address).await);
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 100 * 1024, "{grown} KiB for 600 connections");
}

#[tokio::test]
async fn random_bytes_over_sockets_leave_the_broker_answering() {
    let broker = Broker::builder().start().await.unwrap();
    let address = broker.bootstrap_servers();
    let mut rng = StdRng::seed_from_u64(11);
    for _ in 0..300 {
        let mut client = Client::connect(&address).await;
        let mut noise: Vec<u8> = (0..rng.random_range(1..512))
            .map(|_| rng.random())
            .collect();
        if rng.random() && noise.len() > 8 {
            // A plausible length and key, so that the body is reached.
            let length = u32::try_from(noise.len() - 4).unwrap();
            noise[..4].copy_from_slice(&length.to_be_bytes());
            noise[4..8].copy_from_slice(&[0, rng.random_range(0..70), 0, rng.random_range(0..14)]);
        }
        // The broker may have closed the connection before all is sent.
        let _ = client.stream.write_all(&noise).await;
        let _ = client.stream.shutdown().await;
        let mut rest = Vec::new();
        let read = tokio::time::timeout(DEADLINE, client.stream.read_to_end(&mut rest));
        let _ = read.await.expect("the connection ends");
    }
    assert!(answers(&address).await);
}
