//! Letters as lines of JSON.

use micro_kafka::replay::import;

use super::*;

#[kafka_test(topics = ["orders:2", "orders-dlt:2", "restored-dlt:2"])]
async fn what_is_exported_is_imported_byte_for_byte(kafka: EmbeddedKafka) {
    for n in 0..40_u8 {
        let letter = Letter {
            key: (n % 2 == 0).then(|| vec![n; usize::from(n % 3)]),
            error: if n < 30 { "Timeout" } else { "Busy" },
            headers: vec![("bytes", vec![0, 0xff, n]), ("bytes", Vec::new())],
            ..Letter::new(&kafka, "x".repeat(usize::from(n % 4)))
        };
        letter.send().await.unwrap();
    }
    let timeouts = replay(&kafka, "orders-dlt").error("Timeout");
    let mut file = Vec::new();
    assert_eq!(timeouts.export(&mut file).await.unwrap(), 30);
    let lines = String::from_utf8(file.clone()).unwrap();
    assert_eq!(lines.lines().count(), 30);
    assert!(
        lines
            .lines()
            .all(|line| line.contains(r#""error":"Timeout""#)),
        "{lines}"
    );
    assert!(lines.contains(r#""key":null"#) && lines.contains(r#""key":"""#));

    let mut reader = &*file;
    let count = import(kafka.template(), &mut reader, "restored-dlt").await;
    assert_eq!(count.unwrap(), 30);
    let by_place = |records: &[Arc<OwnedRecord>]| {
        let contents = |record: &Arc<OwnedRecord>| {
            let OwnedRecord {
                partition,
                key,
                payload,
                headers,
                ..
            } = (**record).clone();
            let headers = headers.into_iter().map(|it| (it.name, it.value));
            (partition, key, payload, headers.collect::<Vec<_>>())
        };
        let mut sorted = records.to_vec();
        sorted.sort_by_key(|record| (record.partition, record.offset));
        sorted.iter().map(contents).collect::<Vec<_>>()
    };
    let restored = kafka.topic("restored-dlt").assert_exactly(30).await;
    let letters = kafka.topic("orders-dlt");
    let letters = letters
        .header("mk-error", "Timeout")
        .assert_exactly(30)
        .await;
    assert_eq!(by_place(&restored), by_place(&letters));
    // They can be replayed from there.
    let report = replay(&kafka, "restored-dlt")
        .run("restored")
        .await
        .unwrap();
    assert_eq!(report.sent, 30);
}

#[kafka_test(topics = ["orders-dlt"])]
async fn a_damaged_line_is_named(kafka: EmbeddedKafka) {
    Letter::new(&kafka, "1").send().await.unwrap();
    let mut file = Vec::new();
    replay(&kafka, "orders-dlt")
        .export(&mut file)
        .await
        .unwrap();
    file.extend_from_slice(b"\n{\"topic\": 7}\n");
    let mut reader = &*file;
    let error = import(kafka.template(), &mut reader, "orders-dlt")
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("line 3 is no dead letter"),
        "{error}"
    );
    let unknown = import(kafka.template(), &mut &b""[..], "none")
        .await
        .unwrap_err();
    assert!(
        matches!(unknown, ReplayError::UnknownTopic { .. }),
        "{unknown}"
    );
}
