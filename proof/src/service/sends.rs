//! Sends without end, for the proof of memory: to a broker that does not answer.

use micro_kafka::prelude::*;

/// Tasks that send, more than there is room for.
const SENDERS: usize = 64;
const BYTES: usize = 4_096;

/// Sends to this topic, detached ones and such as wait for room, until the process ends.
pub(super) fn without_end(kafka: &KafkaTemplate, topic: &str) {
    for _ in 0..SENDERS {
        let (kafka, topic) = (kafka.clone(), topic.to_owned());
        tokio::spawn(async move {
            let payload = "x".repeat(BYTES);
            loop {
                kafka.send(&topic, &*payload).detach();
                let send = kafka.send(&topic, &*payload);
                // What becomes of it is nobody's concern.
                drop(send.queue().await);
            }
        });
    }
}
