//! Which partition a key goes to: `Keys.java`.

use std::collections::BTreeMap;

use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{Peer, next};

const KEYS: usize = 1_000;

#[derive(Deserialize)]
struct Placed {
    key: String,
    partition: i32,
}

#[kafka_listener(topics = "keys-spring", group_id = "keys-spring")]
async fn read(
    Key(key): Key<String>,
    Json(value): Json<String>,
    meta: Meta,
    State(seen): State<UnboundedSender<(String, String, i32)>>,
) {
    // Nobody listens any more once the talk is over.
    let _ = seen.send((key, value, meta.partition()));
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    let keys: Vec<String> = (0..KEYS).map(key).collect();
    let sends = keys
        .iter()
        .map(|key| peer.kafka.send("keys-rust", Json(key)).key(key));
    let mut ours = BTreeMap::new();
    for (key, sent) in keys.iter().zip(peer.kafka.send_all(sends).await) {
        ours.insert(key.clone(), sent?.partition);
    }
    let seen = peer.command("seen-keys", &KEYS.to_string()).await?;
    same("the partitions Spring read", &placed(seen), &ours)?;
    let theirs = peer.command("send-keys", &keys.join(" ")).await?;
    same("the partitions Spring chose", &placed(theirs), &ours)?;
    let (sender, mut received) = mpsc::unbounded_channel::<(String, String, i32)>();
    let app = peer.app().listener(read).state(sender).build()?;
    let app = app.start().await?;
    let mut read = BTreeMap::new();
    for _ in 0..KEYS {
        let (key, value, partition) = next(&mut received).await?;
        same("the value of a key", &value, &key)?;
        read.insert(key, partition);
    }
    app.stop().await;
    same("the partitions we read", &read, &ours)
}

/// Short and long ones, with letters beyond ASCII.
fn key(n: usize) -> String {
    format!("{}{n}-{}", "kü".repeat(n % 7), "x".repeat(n % 13))
}

fn placed(placed: Option<Vec<Placed>>) -> BTreeMap<String, i32> {
    let placed = placed.unwrap_or_default().into_iter();
    placed.map(|one| (one.key, one.partition)).collect()
}
