//! Rights on transactional ids, of templates and of listeners.

use micro_kafka::listener::HealthReason;
use micro_kafka::prelude::*;

use crate::lists::{On, Operation};
use crate::support::{Access, sender, told, well};

#[kafka_listener(
    topics = "payments",
    group_id = "ledger",
    id = "post",
    transactional,
    send_to = "ledger",
    recoverer = "log"
)]
async fn post(payment: &str) -> Vec<String> {
    vec![payment.to_owned()]
}

async fn with_payments() -> Option<Access> {
    let kafka = Access::kafka().await?;
    kafka.topics(&["payments", "ledger"]).await;
    kafka.allow_topic("payments", &[Operation::Read]);
    kafka.allow_topic("ledger", &[Operation::Describe]);
    kafka.allow_group("ledger");
    Some(kafka)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_templates_transaction() {
    let Some(kafka) = with_payments().await else {
        return;
    };
    let ids = kafka.wire("shop-");
    let settings = "[kafka.producer]\ntransaction-id-prefix = 'shop-'\n";
    let app = sender(kafka.config(settings));
    let app = app.start().await.unwrap();
    let once = async || {
        let template = app.template();
        template
            .transaction(async |tx| tx.send("ledger", "once").await)
            .await
    };
    let needs_id = format!("the principal `User:bob` needs WRITE on transactional id `{ids}");
    for operation in [Operation::Describe, Operation::Write] {
        let error = once().await.unwrap_err().to_string();
        assert!(error.contains(&needs_id), "{error}");
        kafka.allow(On::TransactionalIds(&ids), operation);
    }
    let error = once().await.unwrap_err().to_string();
    let needs = kafka.needs("WRITE", "topic", "ledger");
    assert!(error.contains(&needs), "{error}");
    kafka.allow_topic("ledger", &[Operation::Write]);
    once().await.unwrap();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listeners_transactions() {
    let Some(kafka) = with_payments().await else {
        return;
    };
    kafka.send("payments", "100").await;
    let ids = kafka.wire("ledger-");
    let settings = "[kafka.producer]\ntransaction-id-prefix = 'ledger-'\n";
    let app = KafkaApp::builder()
        .config(kafka.config(settings))
        .listener(post)
        .build()
        .unwrap();
    let app = app.start().await.unwrap();
    let needs_id = format!("the principal `User:bob` needs WRITE on transactional id `{ids}");
    let reason = told(&app, &needs_id).await;
    assert!(
        matches!(reason, HealthReason::TransactionsFailing { .. }),
        "{reason}"
    );
    kafka.allow(On::TransactionalIds(&ids), Operation::Write);
    told(&app, &kafka.needs("WRITE", "topic", "ledger")).await;
    assert_eq!(kafka.committed("ledger", "payments").await, None);
    kafka.allow_topic("ledger", &[Operation::Write]);
    kafka.until_committed("ledger", "payments", 1).await;
    well(&app).await;
    app.stop().await;
    // The record, and the end of its transaction.
    kafka.until_end("ledger", 2).await;
}
