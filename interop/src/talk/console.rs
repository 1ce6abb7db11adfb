//! Lines of Apache Kafka's console producer, and lines for its console consumer:
//! `xtask/src/spring/console.rs` runs both.

use micro_kafka::admin::NewTopic;
use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{Peer, next};

/// Keys and values, as the other side has them.
const LINES: [(&str, &str); 4] = [
    ("a", "one"),
    ("b", "two"),
    ("a", "three"),
    ("c", "vier und fünf"),
];

#[kafka_listener(topics = "console-java", group_id = "console-java")]
async fn read(line: &str, Key(key): Key<&str>, State(seen): State<UnboundedSender<String>>) {
    // Nobody listens any more once the talk is over.
    let _ = seen.send(format!("{key}:{line}"));
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    let topic = NewTopic::new("console-rust").partitions(3);
    peer.kafka.admin().create_topics(&[topic]).await?;
    for (key, line) in LINES {
        peer.kafka.send("console-rust", line).key(key).await?;
    }
    let (sender, mut received) = mpsc::unbounded_channel::<String>();
    let app = peer.app().listener(read).state(sender).build()?;
    let app = app.start().await?;
    let mut read = Vec::new();
    for _ in LINES {
        read.push(next(&mut received).await?);
    }
    app.stop().await;
    read.sort();
    let mut expected = LINES.map(|(key, line)| format!("{key}:{line}"));
    expected.sort();
    same("the console producer's lines", &read, &expected.to_vec())
}
