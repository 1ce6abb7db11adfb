//! Dead letters: `DeadLetters.java`.

use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{Peer, next};

#[derive(Debug, thiserror::Error, Classify)]
enum OrderError {
    #[error("cannot take {0}")]
    #[kafka(dead_letter)]
    Poison(String),
}

#[kafka_listener(topics = "poison-rust", group_id = "poison-rust")]
async fn fail(order: String) -> Result<(), OrderError> {
    Err(OrderError::Poison(order))
}

#[kafka_listener(topics = "poison-spring-dlt", group_id = "poison-spring-dlt")]
async fn read(
    Json(order): Json<String>,
    why: Failure,
    State(seen): State<UnboundedSender<(String, Failure)>>,
) {
    // Nobody listens any more once the talk is over.
    let _ = seen.send((order, why));
}

#[derive(Deserialize)]
struct Place {
    partition: i32,
    offset: i64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Letter {
    order: String,
    topic: String,
    partition: i32,
    offset: i64,
    group: String,
    r#type: String,
    message: String,
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    spring_reads_ours(peer).await?;
    we_read_springs(peer).await
}

async fn spring_reads_ours(peer: &Peer) -> Result<(), Error> {
    let app = peer.app().listener(fail).build()?.start().await?;
    let send = peer.kafka.send("poison-rust", "\"nuts\"").partition(1);
    let sent = send.await?;
    let letters: Result<Option<Vec<Letter>>, Error> = peer.command("seen-letters", "1").await;
    app.stop().await;
    let admin = peer.kafka.admin();
    let expected = Letter {
        order: "nuts".to_owned(),
        topic: admin.wire_name("poison-rust"),
        partition: sent.partition,
        offset: sent.offset,
        group: admin.wire_name("poison-rust"),
        r#type: "interop::talk::dead_letters::OrderError".to_owned(),
        message: "cannot take \"nuts\"".to_owned(),
    };
    same("what Spring read", &letters?, &Some(vec![expected]))
}

async fn we_read_springs(peer: &Peer) -> Result<(), Error> {
    let (sender, mut received) = mpsc::unbounded_channel::<(String, Failure)>();
    let app = peer.app().listener(read).state(sender).build()?;
    let app = app.start().await?;
    let sent = peer.command::<Place>("poison", "bolts").await?;
    let letter = next(&mut received).await;
    app.stop().await;
    let (order, why) = letter?;
    let sent = sent.ok_or("the service does not say where it sent the record")?;
    let wire_name = peer.kafka.admin().wire_name("poison-spring");
    same("the letter's payload", &order, &"bolts".to_owned())?;
    same("its topic", &why.topic, &wire_name)?;
    same("its partition", &why.partition, &sent.partition)?;
    same("its offset", &why.offset, &sent.offset)?;
    same("its group", &why.group, &Some(wire_name))?;
    same("its error", &why.error, &"IllegalStateException".to_owned())?;
    let message = why.message.unwrap_or_default();
    let told = message.ends_with("cannot take bolts");
    same("whether its message tells the cause", &told, &true)
}
