//! Payments become entries of a ledger, exactly once, though the handler fails again and again
//! halfway through.
//!
//! Run with `cargo run -p ledger`; it brings its own broker.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Write, stdout};

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

const PAYMENTS: u32 = 1_000;
const ACCOUNTS: u32 = 5;

#[derive(Debug, Serialize, Deserialize)]
struct Payment {
    id: u32,
    from: String,
    to: String,
    cents: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    payment: u32,
    account: String,
    cents: i64,
}

#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("the exchange does not answer")]
    Exchange,
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// Both entries, or none: what was sent before a failure is dropped.
#[kafka_listener(topics = "payments", group_id = "ledger", transactional)]
async fn post(Json(payment): Json<Payment>, attempt: Attempt, tx: Tx) -> Result<(), PostError> {
    let entry = |account: &str, cents| {
        let account = account.to_owned();
        let payment = payment.id;
        Json(Entry {
            payment,
            account,
            cents,
        })
    };
    let debit = entry(&payment.from, -payment.cents);
    tx.send("ledger", debit).key(&payment.from).await?;
    if payment.id.is_multiple_of(7) && attempt.is_first() {
        return Err(PostError::Exchange);
    }
    let credit = entry(&payment.to, payment.cents);
    tx.send("ledger", credit).key(&payment.to).await?;
    Ok(())
}

/// The balance of each account, and how many entries there were.
#[derive(Debug, Default)]
struct Books {
    balances: BTreeMap<String, i64>,
    entries: u32,
}

#[kafka_listener(topics = "ledger", group_id = "books")]
async fn add(Json(entry): Json<Entry>, State(books): State<watch::Sender<Books>>) {
    books.send_modify(|books| {
        *books.balances.entry(entry.account).or_default() += entry.cents;
        books.entries += 1;
    });
}

fn payment(id: u32) -> Payment {
    let account = |number: u32| format!("account-{}", number % ACCOUNTS);
    Payment {
        id,
        from: account(id),
        to: account(id / ACCOUNTS + id + 1),
        cents: i64::from(id % 97),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().listen("127.0.0.1:0");
    let broker = broker.topic("payments", 3).topic("ledger", 3);
    let broker = broker.start_on_threads(1)?;
    let config = Config::builder()
        .set("kafka.bootstrap-servers", broker.bootstrap_servers())
        .set("kafka.listener.transaction.id-prefix", "ledger-0-")
        .build()?;
    let books = watch::Sender::new(Books::default());
    let app = KafkaApp::builder().config(config).state(books.clone());
    let app = app.build()?.start().await?;

    let kafka = app.template();
    let sends = (0..PAYMENTS).map(|id| kafka.send("payments", Json(payment(id))));
    for sent in kafka.send_all(sends).await {
        sent?;
    }
    let mut read = books.subscribe();
    let all = read.wait_for(|books| books.entries >= 2 * PAYMENTS);
    drop(tokio::time::timeout(Duration::from_secs(30), all).await??);
    app.stop().await;

    let books = books.borrow();
    let mut out = stdout().lock();
    for (account, cents) in &books.balances {
        writeln!(out, "{account} {cents:>7}")?;
    }
    let sum: i64 = books.balances.values().sum();
    writeln!(out, "{} entries, in sum {sum}", books.entries)?;
    if books.entries != 2 * PAYMENTS || sum != 0 {
        return Err("the books do not balance".into());
    }
    Ok(())
}
