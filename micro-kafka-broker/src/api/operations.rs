//! What a client may do with a resource, as a bit field of ACL operations.

const READ: i32 = 1 << 3;
const WRITE: i32 = 1 << 4;
const CREATE: i32 = 1 << 5;
const DELETE: i32 = 1 << 6;
const ALTER: i32 = 1 << 7;
const DESCRIBE: i32 = 1 << 8;
const CLUSTER_ACTION: i32 = 1 << 9;
const DESCRIBE_CONFIGS: i32 = 1 << 10;
const ALTER_CONFIGS: i32 = 1 << 11;
const IDEMPOTENT_WRITE: i32 = 1 << 12;

/// The operations of a kind of resource. Without ACLs a client may do all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operations(i32);

impl Operations {
    /// The client did not ask.
    pub(crate) const NOT_ASKED: Self = Self(i32::MIN);
    /// All that can be done with a topic.
    pub(crate) const TOPIC: Self =
        Self(READ | WRITE | CREATE | DELETE | ALTER | DESCRIBE | DESCRIBE_CONFIGS | ALTER_CONFIGS);
    /// All that can be done with a group.
    pub(crate) const GROUP: Self =
        Self(READ | DELETE | DESCRIBE | DESCRIBE_CONFIGS | ALTER_CONFIGS);
    /// All that can be done with the cluster.
    pub(crate) const CLUSTER: Self = Self(
        CREATE
            | ALTER
            | DESCRIBE
            | CLUSTER_ACTION
            | DESCRIBE_CONFIGS
            | ALTER_CONFIGS
            | IDEMPOTENT_WRITE,
    );

    /// The bit field.
    pub(crate) fn bits(self) -> i32 {
        self.0
    }

    /// These operations if the client asked for them.
    pub(crate) fn if_asked(self, asked: bool) -> Self {
        if asked { self } else { Self::NOT_ASKED }
    }
}
