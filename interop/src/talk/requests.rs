//! Requests and replies: `Pricing.java`.

use micro_kafka::prelude::*;
use micro_kafka::template::{ReplyCheck, ReplyTo, RequestError, TemplateConfig};

use crate::differs::{Error, same};
use crate::peer::{Disobeyed, PATIENCE, Peer};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    cents: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Quote {
    cents: i64,
}

#[kafka_listener(topics = "quotes", group_id = "quotes")]
async fn quote(Json(order): Json<Order>, reply: ReplyTo) -> Result<(), SendError> {
    if order.cents < 0 {
        reply.fail_as("Negative", "a price below nothing").await?;
    } else {
        let cents = order.cents * 2;
        reply.send(Json(Quote { cents })).await?;
    }
    Ok(())
}

#[kafka_listener(topics = "plain-quotes", group_id = "plain-quotes", send_to)]
async fn quote_by_return(Json(order): Json<Order>) -> Json<Quote> {
    Json(Quote {
        cents: order.cents * 3,
    })
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    spring_answers(peer).await?;
    spring_refuses(peer).await?;
    let app = peer.app().listener(quote).build()?.start().await?;
    let answered = rust_answers(peer).await;
    app.stop().await;
    answered?;
    let app = peer.app().listener(quote_by_return).build()?;
    let app = app.start().await?;
    let quote: Result<Option<Quote>, Error> = peer.command("ask", "plain-quotes 41").await;
    app.stop().await;
    same("the returned quote", &quote?, &Some(Quote { cents: 123 }))
}

async fn spring_answers(peer: &Peer) -> Result<(), Error> {
    let request = peer.kafka.request("pricing", Json(Order { cents: 41 }));
    let Json(quote): Json<Quote> = request.key("customer").timeout(PATIENCE).await?;
    same("Spring's quote", &quote, &Quote { cents: 42 })
}

/// By a header of its own, as Spring's documentation has it.
async fn spring_refuses(peer: &Peer) -> Result<(), Error> {
    let mut config: TemplateConfig = peer.template_config();
    config.replies.check = Some(ReplyCheck::new(|reply| {
        let refused = reply.headers().get("serverSentAnError")?.value?;
        Some(String::from_utf8_lossy(refused).into_owned())
    }));
    let kafka = KafkaTemplate::new(config)?;
    let request = kafka.request::<Json<Quote>>("haggling", Json(Order { cents: 7 }));
    match request.timeout(PATIENCE).await {
        Err(KafkaError::Request(RequestError::Refused { message, .. })) => {
            same("Spring's refusal", &message, &"no price for 7".to_owned())
        }
        other => Err(format!("Spring must refuse, but: {other:?}").into()),
    }
}

async fn rust_answers(peer: &Peer) -> Result<(), Error> {
    let quote = peer.command::<Quote>("ask", "quotes 41").await?;
    same("the quote Spring got", &quote, &Some(Quote { cents: 82 }))?;
    let refused = peer.command::<Quote>("ask", "quotes -1").await;
    let refused = refused.err().and_then(|error| {
        let error = error.downcast::<Disobeyed>().ok()?;
        Some(error.error)
    });
    let expected = "IllegalStateException: Negative, a price below nothing".to_owned();
    same("the refusal Spring got", &refused, &Some(expected))
}
