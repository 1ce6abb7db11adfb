//! Why a group refuses a request.

/// Why a group refuses a request; each is one of Kafka's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum GroupError {
    /// The group's id is not allowed.
    #[error("the group id is invalid")]
    InvalidGroupId,
    /// The session timeout is outside of the broker's bounds.
    #[error("the session timeout is not within the allowed range")]
    InvalidSessionTimeout,
    /// The member shares no protocol with the others.
    #[error("the member's protocols do not match the group's")]
    InconsistentProtocol,
    /// The group does not know the member.
    #[error("the member is unknown")]
    UnknownMember,
    /// The generation is over, or not begun.
    #[error("the generation is not the current one")]
    IllegalGeneration,
    /// Members have to join again.
    #[error("the group is rebalancing")]
    RebalanceInProgress,
    /// The member has to join again with the id it was given.
    #[error("the member has to join with the id given")]
    MemberIdRequired,
    /// The group is full.
    #[error("the group has reached its maximum size")]
    MaxSizeReached,
    /// Another member has taken the static member's place.
    #[error("another member uses the instance id")]
    FencedInstance,
    /// The text beside an offset is too long.
    #[error("the offset's metadata is too large")]
    OffsetMetadataTooLarge,
    /// There is no such group.
    #[error("the group does not exist")]
    UnknownGroup,
    /// The group has members.
    #[error("the group is not empty")]
    NotEmpty,
    /// Members of the group read the topic.
    #[error("the group is subscribed to the topic")]
    SubscribedToTopic,
}
