//! Transactions: `Transactions.java`.

use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{Peer, next};

#[kafka_listener(topics = "booked-spring", group_id = "booked-spring")]
async fn read(Json(entry): Json<String>, State(seen): State<UnboundedSender<String>>) {
    // Nobody listens any more once the talk is over.
    let _ = seen.send(entry);
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    let aborted = peer.kafka.transaction(async |tx| {
        tx.send("booked-rust", Json("aborted a")).await?;
        Err::<(), Error>("not booked".into())
    });
    same("whether we aborted", &aborted.await.is_err(), &true)?;
    let kept = peer.kafka.transaction(async |tx| {
        tx.send("booked-rust", Json("kept a")).await?;
        tx.send("booked-rust", Json("kept b")).await
    });
    kept.await.map_err(Error::from)?;
    let seen = peer.command::<Vec<String>>("seen-entries", "2").await?;
    let expected = ["kept a", "kept b"].map(str::to_owned);
    same("what Spring read", &seen, &Some(expected.into()))?;
    let (sender, mut received) = mpsc::unbounded_channel::<String>();
    let app = peer.app().listener(read).state(sender).build()?;
    let app = app.start().await?;
    peer.command::<()>("book", "c").await?;
    let entry = next(&mut received).await;
    app.stop().await;
    same("what we read", &entry?, &"kept c".to_owned())
}
