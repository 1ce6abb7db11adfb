//! Several types on one topic: `Events.java`.

use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{Peer, next};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Placed {
    customer: String,
    cents: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cancelled {
    customer: String,
}

#[derive(Debug, PartialEq, KafkaEvent)]
#[kafka(type_id, unknown = "dead_letter")]
enum OrderEvent {
    #[kafka(name = "OrderPlaced")]
    Placed(Json<Placed>),
    #[kafka(name = "service.OrderCancelled")]
    Cancelled(Json<Cancelled>),
}

#[kafka_listener(topics = "events-spring", group_id = "events-spring")]
async fn read(event: OrderEvent, State(seen): State<UnboundedSender<OrderEvent>>) {
    // Nobody listens any more once the talk is over.
    let _ = seen.send(event);
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    let customer = || "c1".to_owned();
    let placed = Placed {
        customer: customer(),
        cents: 41,
    };
    let cancelled = Cancelled {
        customer: customer(),
    };
    let send = |payload, name: &str| {
        let send = peer.kafka.send("events-rust", payload);
        send.key("c1").header("__TypeId__", name)
    };
    send(Json(serde_json::to_value(&placed)?), "placed").await?;
    send(Json(serde_json::to_value(&cancelled)?), "cancelled").await?;
    let seen = peer.command::<Vec<String>>("seen-events", "2").await?;
    let expected = ["placed by c1 for 41", "cancelled by c1"];
    same(
        "what Spring's handlers took",
        &seen,
        &Some(expected.map(str::to_owned).into()),
    )?;
    let (sender, mut received) = mpsc::unbounded_channel::<OrderEvent>();
    let app = peer.app().listener(read).state(sender).build()?;
    let app = app.start().await?;
    peer.command::<()>("send-events", "c1").await?;
    let events = [next(&mut received).await?, next(&mut received).await?];
    app.stop().await;
    let expected = [
        OrderEvent::Placed(Json(placed)),
        OrderEvent::Cancelled(Json(cancelled)),
    ];
    same("Spring's events", &events, &expected)
}
