//! What an administrative request can fail with.

use std::time::Duration;

use crate::client::{ErrorCode, Refusal};

/// A request that the broker did not fulfil.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The client lacks the right.
    #[error("not authorised to {operation} `{resource}`: {code}{}", needed(missing.as_deref()))]
    Unauthorized {
        /// What was asked for, as in `create topic`.
        operation: &'static str,
        /// The topic or group, as the broker knows it.
        resource: String,
        /// The broker's answer.
        code: ErrorCode,
        /// Who needs which right on what, and the command that grants it; `None` if the broker
        /// refused the login, and for groups.
        missing: Option<String>,
    },
    /// No answer in time.
    #[error("no answer within {timeout:?} to: {operation} `{resource}`")]
    TimedOut {
        /// What was asked for.
        operation: &'static str,
        /// The topic or group, as the broker knows it.
        resource: String,
        /// How long the request waited.
        timeout: Duration,
    },
    /// The topic does not exist.
    #[error("topic `{topic}` does not exist")]
    UnknownTopic {
        /// The topic, as the broker knows it.
        topic: String,
    },
    /// Any other refusal.
    #[error("cannot {operation} `{resource}`: {reason} ({})", code.name())]
    Refused {
        /// What was asked for.
        operation: &'static str,
        /// The topic or group, as the broker knows it.
        resource: String,
        /// The broker's answer.
        code: ErrorCode,
        /// The broker's words.
        reason: String,
    },
}

fn needed(missing: Option<&str>) -> String {
    missing
        .map(|missing| format!("; {missing}"))
        .unwrap_or_default()
}

/// The right that a request about a topic needs, as `kafka-acls` calls it.
pub(super) fn right_to(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "create topic" => "Create",
        "add partitions to topic" => "Alter",
        "alter the configuration of topic" => "AlterConfigs",
        "describe the configuration of topic" => "DescribeConfigs",
        "describe topic" => "Describe",
        "delete topic" => "Delete",
        _ => return None,
    })
}

impl AdminError {
    pub(super) fn new(
        operation: &'static str,
        resource: String,
        refusal: Refusal,
        timeout: Duration,
    ) -> Self {
        let Refusal { code, reason } = refusal;
        if code.is_authorization() {
            return Self::Unauthorized {
                operation,
                resource,
                code,
                missing: None,
            };
        }
        if code.is_timeout() {
            return Self::TimedOut {
                operation,
                resource,
                timeout,
            };
        }
        Self::Refused {
            operation,
            resource,
            code,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: ErrorCode) -> AdminError {
        let refusal = Refusal {
            code,
            reason: "the broker's words".into(),
        };
        let second = Duration::from_secs(1);
        AdminError::new("create topic", "orders-dlt".into(), refusal, second)
    }

    #[test]
    fn missing_rights_are_told_with_the_topic() {
        let denied = error(ErrorCode::from_raw(29));
        assert!(
            matches!(denied, AdminError::Unauthorized { .. }),
            "{denied:?}"
        );
        assert!(
            denied.to_string().contains("create topic `orders-dlt`"),
            "{denied}"
        );
    }

    #[test]
    fn other_refusals_keep_the_brokers_words() {
        let refused = error(ErrorCode::from_raw(40)).to_string();
        let expected = "cannot create topic `orders-dlt`: the broker's words (INVALID_CONFIG)";
        assert_eq!(refused, expected);
    }
}
