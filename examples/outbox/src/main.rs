//! An order and its record, written in one SQL transaction: either both are there, or neither. What
//! is committed is sent, also after a crash.
//!
//! Run with `cargo run -p outbox --features all`. It brings its own broker and a SQLite file.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::outbox::Outbox;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Sqlite, SqlitePool};

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: i64,
    customer: String,
    cents: i64,
}

/// What the shop does for a customer.
async fn place(
    pool: &SqlitePool,
    outbox: &Outbox<Sqlite>,
    order: &Order,
) -> Result<(), Box<dyn Error>> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let insert = sqlx::query("INSERT INTO orders (id, customer, cents) VALUES (?, ?, ?)");
    let insert = insert.bind(order.id).bind(&order.customer);
    insert.bind(order.cents).execute(&mut *tx).await?;
    let send = outbox.send(&mut tx, "orders", Json(order));
    send.key(&order.customer).await?;
    if order.cents <= 0 {
        // The record goes with the row.
        tx.rollback().await?;
        return Err("nobody orders nothing".into());
    }
    tx.commit().await?;
    Ok(())
}

#[kafka_listener(topics = "orders", group_id = "warehouse")]
async fn pack(Json(order): Json<Order>) {
    println!("order {} of {} is packed", order.id, order.customer);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let file = std::env::temp_dir().join(format!("outbox-{}.db", std::process::id()));
    let options = SqliteConnectOptions::new().filename(&file);
    let pool = SqlitePool::connect_with(options.create_if_missing(true)).await?;
    sqlx::query("CREATE TABLE orders (id INTEGER, customer TEXT, cents INTEGER)")
        .execute(&pool)
        .await?;
    Outbox::migrate(&pool).await?;
    let outbox = Outbox::new(&pool);

    // Nobody sends yet: what is written waits in its table.
    for (id, customer, cents) in [(1, "ada", 450), (2, "ben", 0), (3, "ada", 1_200)] {
        let customer = customer.to_owned();
        let order = Order {
            id,
            customer,
            cents,
        };
        if let Err(refused) = place(&pool, &outbox, &order).await {
            println!("order {id} is refused: {refused}");
        }
    }
    println!("{} records wait", outbox.backlog().await?.records);

    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    let app = app.outbox(outbox.clone()).build()?.start().await?;
    // From now on, what is committed goes out at once.
    let customer = "ada".to_owned();
    let order = Order {
        id: 4,
        customer,
        cents: 99,
    };
    place(&pool, &outbox, &order).await?;
    // A row goes once the broker has acknowledged its record.
    while outbox.backlog().await?.records > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let listener = app.listener("pack").ok_or("no listener of that name")?;
    listener.assigned(1).await;
    listener.quiet().await;
    app.stop().await;
    println!("{} records wait", outbox.backlog().await?.records);
    pool.close().await;
    std::fs::remove_file(file)?;
    broker.stop().await;
    Ok(())
}
