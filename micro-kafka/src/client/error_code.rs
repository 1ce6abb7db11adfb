//! librdkafka's and the broker's error numbers.

use std::ffi::CStr;
use std::fmt;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_resp_err_t as Native;

/// An error number of Kafka's protocol (above 0) or of librdkafka itself (below 0).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(i32);

impl ErrorCode {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const FATAL: Self = Self::of(Native::RD_KAFKA_RESP_ERR__FATAL);
    /// A call that does not fit a producer's state: a send outside of its transaction.
    pub(crate) const STATE: Self = Self::of(Native::RD_KAFKA_RESP_ERR__STATE);
    /// An offset outside of its partition.
    pub(crate) const OFFSET_RESET: Self = Self::of(Native::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
    pub(crate) const QUEUE_FULL: Self = Self::of(Native::RD_KAFKA_RESP_ERR__QUEUE_FULL);
    pub(crate) const ALL_BROKERS_DOWN: Self = Self::of(Native::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
    pub(crate) const TIMED_OUT: Self = Self::of(Native::RD_KAFKA_RESP_ERR__TIMED_OUT);
    pub(crate) const MESSAGE_TIMED_OUT: Self = Self::of(Native::RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
    pub(crate) const AUTHENTICATION: Self = Self::of(Native::RD_KAFKA_RESP_ERR__AUTHENTICATION);
    pub(crate) const TLS: Self = Self::of(Native::RD_KAFKA_RESP_ERR__SSL);
    pub(crate) const DESTROYED: Self = Self::of(Native::RD_KAFKA_RESP_ERR__DESTROY);
    pub(crate) const NO_RESOURCE: Self = Self::of(Native::RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
    pub(crate) const PURGED_QUEUED: Self = Self::of(Native::RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    pub(crate) const PURGED_IN_FLIGHT: Self = Self::of(Native::RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
    pub(crate) const UNKNOWN_PARTITION: Self =
        Self::of(Native::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
    pub(crate) const UNKNOWN_TOPIC: Self = Self::of(Native::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
    pub(crate) const UNKNOWN_TOPIC_OR_PARTITION: Self =
        Self::of(Native::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    pub(crate) const INVALID_TOPIC: Self = Self::of(Native::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
    pub(crate) const OUT_OF_ORDER_SEQUENCE_NUMBER: Self =
        Self::of(Native::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    pub(crate) const TOO_LARGE: Self = Self::of(Native::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    pub(crate) const INVALID_ARGUMENT: Self = Self::of(Native::RD_KAFKA_RESP_ERR__INVALID_ARG);
    pub(crate) const TOPIC_EXISTS: Self = Self::of(Native::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
    pub(crate) const GROUP_NOT_FOUND: Self = Self::of(Native::RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND);

    pub(crate) const fn of(native: Native) -> Self {
        // The enum is `repr(i32)`.
        #[allow(clippy::cast_possible_truncation, reason = "the enum has i32's range")]
        Self(native as i32)
    }

    pub(crate) const fn from_raw(code: i32) -> Self {
        Self(code)
    }

    fn native(self) -> Option<Native> {
        Native::try_from(self.0).ok()
    }

    /// The number itself.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// Kafka's name for it, as in `NOT_LEADER_FOR_PARTITION`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.native().map_or("UNKNOWN", |native| {
            // SAFETY: the call takes any error number and returns a static string.
            text(unsafe { rdsys::rd_kafka_err2name(native) })
        })
    }

    /// What it means, in librdkafka's words.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.native()
            .map_or("an error that this version does not know", |native| {
                // SAFETY: the call takes any error number and returns a static string.
                text(unsafe { rdsys::rd_kafka_err2str(native) })
            })
    }

    /// Whether the record or resource was refused for lack of rights.
    #[must_use]
    pub fn is_authorization(self) -> bool {
        self.is_one_of(&[
            Native::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            Native::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            Native::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            Native::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            Native::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            Native::RD_KAFKA_RESP_ERR__AUTHENTICATION,
        ])
    }

    /// Whether the login was taken, and a right is missing.
    pub(crate) fn is_missing_right(self) -> bool {
        let login = [
            Native::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            Native::RD_KAFKA_RESP_ERR__AUTHENTICATION,
        ];
        self.is_authorization() && !self.is_one_of(&login)
    }

    /// Whether the producer may be broken, or be going away.
    pub(crate) fn may_be_fatal(self) -> bool {
        self == Self::FATAL || self.is_going_away()
    }

    /// Whether the client gave the record up because it is closed or broken.
    pub(crate) fn is_going_away(self) -> bool {
        self == Self::DESTROYED || self == Self::PURGED_QUEUED || self == Self::PURGED_IN_FLIGHT
    }

    /// Whether another producer has taken the transactional id over, or the coordinator took the
    /// transaction away because it lasted too long.
    #[must_use]
    pub fn is_fenced(self) -> bool {
        self.is_one_of(&[
            Native::RD_KAFKA_RESP_ERR__FENCED,
            Native::RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
            Native::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        ])
    }

    /// Whether a deadline of the client's own passed.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        self.is_one_of(&[
            Native::RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
            Native::RD_KAFKA_RESP_ERR__TIMED_OUT,
            Native::RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
        ])
    }

    /// Whether a record or batch was too large for the client or the broker.
    #[must_use]
    pub fn is_too_large(self) -> bool {
        self.is_one_of(&[
            Native::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
            Native::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        ])
    }

    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_retriable(self) -> bool {
        self.is_timeout()
            || self.is_one_of(&[
                Native::RD_KAFKA_RESP_ERR__QUEUE_FULL,
                Native::RD_KAFKA_RESP_ERR__TRANSPORT,
                Native::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
                Native::RD_KAFKA_RESP_ERR__WAIT_COORD,
                Native::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                Native::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                Native::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                Native::RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
                Native::RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
                Native::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
                Native::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                Native::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                Native::RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                Native::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                Native::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
                Native::RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
                Native::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                Native::RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
            ])
    }

    fn is_one_of(self, codes: &[Native]) -> bool {
        codes.iter().any(|code| Self::of(*code) == self)
    }
}

fn text(static_text: *const std::ffi::c_char) -> &'static str {
    if static_text.is_null() {
        return "UNKNOWN";
    }
    // SAFETY: librdkafka's error texts are static and zero-terminated.
    let text = unsafe { CStr::from_ptr(static_text) };
    text.to_str().unwrap_or("UNKNOWN")
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}: {})", self.description(), self.0, self.name())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({} {})", self.0, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_names_and_unknown_ones_do_not_panic() {
        assert_eq!(ErrorCode::TOPIC_EXISTS.number(), 36);
        assert_eq!(ErrorCode::TOPIC_EXISTS.name(), "TOPIC_ALREADY_EXISTS");
        assert_eq!(ErrorCode::from_raw(12_345).name(), "UNKNOWN");
        assert!(!ErrorCode::from_raw(12_345).is_retriable());
        assert!(ErrorCode::QUEUE_FULL.is_retriable());
    }
}
