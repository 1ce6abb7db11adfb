//! Start and stop.

use std::time::{Duration, Instant};

use micro_kafka_broker::{Broker, StartError};
use tokio::net::TcpListener;

use crate::client::{API_VERSIONS_0, Client, answers};

#[tokio::test]
async fn stop_ends_connections_and_frees_the_port() {
    let broker = Broker::builder().start().await.unwrap();
    let address = broker.bootstrap_servers();
    let mut client = Client::connect(&address).await;
    client.send(&API_VERSIONS_0).await;
    assert!(client.receive().await.is_some());
    broker.stop().await;
    assert!(client.receive().await.is_none());
    TcpListener::bind(&address).await.expect("the port is free");
}

#[tokio::test]
async fn a_dropped_broker_stops() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    client.send(&API_VERSIONS_0).await;
    assert!(client.receive().await.is_some());
    drop(broker);
    assert!(client.receive().await.is_none());
}

#[test]
fn a_broker_on_its_own_threads_needs_no_runtime() {
    let broker = Broker::builder().start_on_threads(1).unwrap();
    let address = broker.bootstrap_servers();
    let client = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert!(client.block_on(answers(&address)));
    client.block_on(broker.stop());
    client.block_on(async {
        TcpListener::bind(&address).await.expect("the port is free");
    });
}

#[tokio::test]
async fn a_broker_on_its_own_threads_answers_while_the_caller_blocks() {
    let broker = Broker::builder().start_on_threads(2).unwrap();
    let address = broker.bootstrap_servers();
    // Blocks this runtime's only thread.
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(&API_VERSIONS_0).unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
    })
    .join()
    .unwrap();
    drop(broker);
}

#[tokio::test]
async fn start_takes_milliseconds() {
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        let broker = Broker::builder().topic("orders", 6).start().await.unwrap();
        assert!(answers(&broker.bootstrap_servers()).await);
        best = best.min(begun.elapsed());
        broker.stop().await;
    }
    assert!(best < Duration::from_millis(20), "{best:?}");
}

#[tokio::test]
async fn faults_of_a_start_are_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Broker::builder()
        .listen(address.to_string())
        .start()
        .await
        .unwrap_err();
    assert!(
        matches!(error, StartError::PortTaken(at) if at == address),
        "{error}"
    );

    let error_of = async |builder: micro_kafka_broker::BrokerBuilder| {
        builder.start().await.unwrap_err().to_string()
    };
    for (builder, says) in [
        (Broker::builder().listen("localhost"), "the port is missing"),
        (Broker::builder().listen("::1:9092"), "needs brackets"),
        (
            Broker::builder()
                .listen("127.0.0.1:0")
                .advertise("host:port"),
            "no number",
        ),
        (Broker::builder().advertise("host:9092"), "no listener"),
        (Broker::builder().topic("a/b", 1), "a/b"),
        (Broker::builder().topic("a", 0), "partitions"),
        (
            Broker::builder().topic("a", 1).topic("a", 1),
            "already exists",
        ),
        (
            Broker::builder().config("num.partition", "1"),
            "num.partition",
        ),
        (Broker::builder().default_partitions(0), "num.partitions"),
    ] {
        let error = error_of(builder).await;
        assert!(error.contains(says), "{error} should say {says}");
    }
}
