//! Money is booked from one account to another: both entries are there, or none.
//!
//! Run with `cargo run -p transactions`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::mpsc;

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    account: String,
    cents: i64,
}

/// What a transaction may fail with; it has to be made of Kafka's own errors, too.
#[derive(Debug, thiserror::Error)]
enum BookingError {
    #[error("{account} has only {cents} cents")]
    Funds { account: String, cents: i64 },
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// Listeners read what was committed, and nothing else.
#[kafka_listener(topics = ["debits", "credits"], group_id = "statements")]
async fn read(Json(entry): Json<Entry>, State(statements): State<mpsc::UnboundedSender<Entry>>) {
    // Nobody reads statements any more once the program ends.
    let _ = statements.send(entry);
}

async fn book(kafka: &KafkaTemplate, from: &str, to: &str, cents: i64) -> Result<(), BookingError> {
    let booked = kafka.transaction(async |tx| {
        let debit = Entry {
            account: from.to_owned(),
            cents: -cents,
        };
        tx.send("debits", Json(debit)).key(from).await?; // queued; the commit confirms
        if cents > 1_000 {
            let account = from.to_owned();
            return Err(BookingError::Funds {
                account,
                cents: 1_000,
            }); // the debit is taken back
        }
        let credit = Entry {
            account: to.to_owned(),
            cents,
        };
        tx.send("credits", Json(credit)).key(to).await?;
        Ok(())
    });
    booked.await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("debits", 1).topic("credits", 1);
    let broker = broker.start().await?;
    let settings = Config::builder()
        .set("kafka.bootstrap-servers", broker.bootstrap_servers())
        // Another one for each instance, the same one after a restart.
        .set("kafka.producer.transaction-id-prefix", "bank-0-");
    let (statements, mut entries) = mpsc::unbounded_channel::<Entry>();
    let app = KafkaApp::builder().config_from(settings).state(statements);
    let app = app.build()?.start().await?;
    let kafka = app.template();

    match kafka.send("debits", "no transaction").await {
        Ok(_) => println!("sent without a transaction"),
        Err(error) => println!("refused: {error}"),
    }
    for (from, to, cents) in [
        ("ada", "ben", 300),
        ("ben", "cleo", 5_000),
        ("cleo", "ada", 200),
    ] {
        match book(kafka, from, to, cents).await {
            Ok(()) => println!("booked: {cents} cents from {from} to {to}"),
            Err(error) => println!("not booked: {error}"),
        }
    }
    let mut lines = Vec::new();
    for _ in 0..4 {
        let entry = entries.recv().await.ok_or("the listener is gone")?;
        lines.push(format!("  {}: {:+}", entry.account, entry.cents));
    }
    lines.sort(); // the two topics are read side by side
    println!("what readers see:\n{}", lines.join("\n"));
    println!("and nothing else: {}", entries.is_empty());
    app.stop().await;
    broker.stop().await;
    Ok(())
}
