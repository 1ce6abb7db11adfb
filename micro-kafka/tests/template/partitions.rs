//! Keys land where Java's default partitioner puts them.

use crate::support::{cluster, raw, template};

const PARTITIONS: i32 = 97;

/// Keys and their `Utils.murmur2` in Kafka's Java client (its `UtilsTest`).
const JAVA_HASHES: [(&[u8], i32); 6] = [
    (b"21", -973_932_308),
    (b"foobar", -790_332_482),
    (b"a-little-bit-long-string", -985_981_536),
    (b"a-little-bit-longer-string", -1_486_304_829),
    (
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
        -58_897_971,
    ),
    (b"abc", 479_470_107),
];

#[tokio::test]
async fn keys_land_on_the_partitions_of_a_java_producer() {
    let cluster = cluster("orders", PARTITIONS);
    let kafka = template(&cluster, &[]);
    for (key, hash) in JAVA_HASHES {
        let sent = kafka.send("orders", raw("x")).key(key).await.unwrap();
        let expected = (hash & i32::MAX) % PARTITIONS;
        assert_eq!(sent.partition, expected, "{}", key.escape_ascii());
    }
}

#[tokio::test]
async fn an_explicit_partition_wins_over_the_key() {
    let cluster = cluster("orders", PARTITIONS);
    let kafka = template(&cluster, &[]);
    let send = kafka.send("orders", raw("x")).key("21").partition(5);
    assert_eq!(send.await.unwrap().partition, 5);
}
