//! What librdkafka refuses.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// A client that could not be built, or a call that librdkafka refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// librdkafka does not know the property, or refuses its value.
    #[error("property `{key}`: {reason}")]
    Property {
        /// The property's name.
        key: String,
        /// What librdkafka says about it.
        reason: String,
    },
    /// librdkafka could not build the client from these properties.
    #[error("cannot create the client: {0}")]
    Create(String),
    /// A call failed.
    #[error("{call} failed: {code}")]
    Call {
        /// What was asked.
        call: &'static str,
        /// The answer.
        code: RDKafkaErrorCode,
    },
}

impl From<KafkaError> for ClientError {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::ClientConfig(_, reason, key, _) => Self::Property { key, reason },
            other => Self::Create(other.to_string()),
        }
    }
}
