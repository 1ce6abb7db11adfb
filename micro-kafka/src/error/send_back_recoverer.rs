//! The recoverer of letters that are tried until they are handled.

use super::{
    BoxError, ErrorKind, ListenerError, LoggingRecoverer, Policy, Recover, RecoverFuture, Recovered,
};
use crate::listener::Delivery;
use crate::record::OwnedHeader;
use crate::template::{KafkaTemplate, SendError};

/// How often a letter was sent back: a text.
const SENT_BACK: &str = "mk-sent-back";

/// Sends a dead letter that cannot be handled to the end of its own topic, so that others have
/// their turn before it: Spring's `ALWAYS_RETRY_ON_ERROR`. A letter whose error is not retried is
/// given up with a line in the log, as there: it stays where it is.
#[derive(Debug, Clone)]
pub(crate) struct SendBackRecoverer {
    kafka: KafkaTemplate,
}

impl SendBackRecoverer {
    pub(crate) fn new(kafka: &KafkaTemplate) -> Self {
        Self {
            kafka: kafka.prompt_with_wire_names(),
        }
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), SendError> {
        let record = delivery.record();
        let mut send = self.kafka.send_bytes(record.topic(), record.payload());
        if let Some(key) = record.key() {
            send = send.key(key);
        }
        let before = record.headers().get(SENT_BACK).and_then(|it| it.value);
        let before = before.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok());
        let count = before.unwrap_or(0).saturating_add(1).to_string();
        let kept = record
            .headers()
            .filter(|header| header.raw_name != SENT_BACK.as_bytes());
        let counted = OwnedHeader::new(SENT_BACK, count);
        for header in kept.map(OwnedHeader::from).chain([counted]) {
            send = send.header_bytes(&header.name, header.value.as_deref());
        }
        send.partition(record.partition()).await.map(|_| ())
    }
}

impl Recover for SendBackRecoverer {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        if is_fatal(&error) {
            return LoggingRecoverer.recover(delivery, error);
        }
        let recoverer = self.clone();
        Box::pin(async move {
            let sent = recoverer.send(&delivery).await;
            let result = sent.map_or_else(
                |failed| Err(BoxError::from(failed)),
                |()| Ok(Recovered::SentToRetryTopic),
            );
            (delivery, error, result)
        })
    }
}

/// Whether no repetition can help.
fn is_fatal(error: &ListenerError) -> bool {
    let undecodable = matches!(error.kind(), ErrorKind::Decode | ErrorKind::DecodeKey);
    undecodable || matches!(error.policy(), Policy::DeadLetter)
}
