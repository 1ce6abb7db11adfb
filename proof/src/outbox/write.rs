//! Writes orders, each with its record, from where the process before it has come to.

use std::time::Duration;

use micro_kafka::outbox::Outbox;
use micro_kafka_proof::database::ProofDatabase;
use sqlx::Pool;

use super::{Args, Bug, Error};

const KEYS: i64 = 50;
/// So many orders are one transaction.
const TOGETHER: i64 = 20;

pub(super) async fn run<DB: ProofDatabase>(pool: &Pool<DB>, args: &Args) -> Result<(), Error> {
    let outbox = Outbox::new(pool);
    loop {
        let first = DB::orders(pool).await?;
        if first >= args.rows {
            return Ok(());
        }
        while outbox.backlog().await?.records > args.ahead {
            // The relays are processes of their own, who tell nobody.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut tx = DB::begin_to_write(pool).await?;
        let numbers = first..(first + TOGETHER).min(args.rows);
        for number in numbers.clone() {
            DB::order(&mut tx, number).await?;
        }
        if args.bug == Some(Bug::RecordApart) {
            tx.commit().await?;
            if numbers.contains(&(args.rows / 2)) {
                std::process::abort();
            }
            tx = DB::begin_to_write(pool).await?;
        }
        for number in numbers {
            let key = format!("{:02}", number % KEYS);
            let send = outbox.send(&mut tx, "orders", number.to_string());
            send.key(key).await?;
        }
        tx.commit().await?;
    }
}
