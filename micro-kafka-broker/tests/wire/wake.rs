//! How long a fetch that waits takes to notice what is appended.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use micro_kafka_broker::Broker;

use crate::client::{API_VERSIONS_0, DEADLINE, frame};
use crate::produce::{batch, fetch, produce};

/// Measures so many rounds, and asserts their median: on a machine that does nothing else.
const ROUNDS: &str = "MICRO_KAFKA_WAKE_ROUNDS";
/// From the produce request's first byte to the fetch answer's last: the append and two ways through
/// the sockets included.
const LIMIT: Duration = match cfg!(debug_assertions) {
    true => Duration::from_millis(1),
    false => Duration::from_micros(100),
};

struct Client(TcpStream);

impl Client {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    fn send(&mut self, request: &Bytes) {
        self.0.write_all(request).unwrap();
    }

    fn receive(&mut self) {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let length = u32::from_be_bytes(length);
        self.0
            .read_exact(&mut vec![0; usize::try_from(length).unwrap()])
            .unwrap();
    }
}

/// One long poll and one append.
fn round(reader: &mut Client, writer: &mut Client, offset: i64) -> Duration {
    let asked = fetch("orders", offset, 30_000);
    reader.send(&frame(ApiKey::Fetch, 12, 1, &asked));
    // Meanwhile the fetch has begun to wait.
    writer.send(&Bytes::from_static(&API_VERSIONS_0));
    writer.receive();
    let request = frame(ApiKey::Produce, 9, 1, &produce("orders", -1, batch(&["a"])));
    let begun = Instant::now();
    writer.send(&request);
    reader.receive();
    let took = begun.elapsed();
    writer.receive();
    took
}

#[test]
fn a_waiting_fetch_is_answered_at_once() {
    let broker = Broker::builder().topic("orders", 1).start_on_threads(2);
    let broker = broker.unwrap();
    let mut reader = Client::connect(&broker.bootstrap_servers());
    let mut writer = Client::connect(&broker.bootstrap_servers());
    let mut next = 0..;
    let mut round = || round(&mut reader, &mut writer, next.next().unwrap());
    if let Some(rounds) = std::env::var(ROUNDS).ok().and_then(|n| n.parse().ok()) {
        let mut times: Vec<_> = (0..rounds).map(|_: usize| round()).collect();
        times.sort_unstable();
        let (median, most) = (times[rounds / 2], times[rounds * 99 / 100]);
        eprintln!("median {median:?}, 99 of 100 within {most:?}");
        return assert!(median <= LIMIT, "{median:?}");
    }
    // Others share the machine: one round that nobody disturbs shows it.
    let begun = Instant::now();
    let mut fastest = round();
    while fastest > LIMIT && begun.elapsed() < DEADLINE {
        fastest = fastest.min(round());
    }
    assert!(fastest <= LIMIT, "{fastest:?}");
}
