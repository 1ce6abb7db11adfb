//! What an entry of an access control list says.

use serde::{Deserialize, Serialize};

/// Declares an enum of wire codes; codes that are not declared are none of its values.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) enum $name {
            $($(#[$case_doc])* $case = $code,)*
        }

        impl $name {
            /// The value that stands for `code` on the wire.
            pub(crate) fn from_code(code: i8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$case),)*
                    _ => None,
                }
            }

            /// Its code on the wire.
            pub(crate) fn code(self) -> i8 {
                match self {
                    $(Self::$case => $code,)*
                }
            }
        }
    };
}

coded! {
    /// A kind of resource.
    ResourceType {
        /// A topic.
        Topic = 2,
        /// A group.
        Group = 3,
        /// The cluster; its only name is [`CLUSTER_NAME`].
        Cluster = 4,
        /// A transactional id.
        TransactionalId = 5,
        /// A delegation token.
        DelegationToken = 6,
        /// A user.
        User = 7,
    }
}

coded! {
    /// How a resource's name is compared.
    PatternType {
        /// The whole name; `*` is every name.
        Literal = 3,
        /// The beginning of the name.
        Prefixed = 4,
    }
}

coded! {
    /// What is done with a resource.
    AclOperation {
        /// All of them.
        All = 2,
        /// Reading.
        Read = 3,
        /// Writing.
        Write = 4,
        /// Creating.
        Create = 5,
        /// Deleting.
        Delete = 6,
        /// Altering.
        Alter = 7,
        /// Describing.
        Describe = 8,
        /// What brokers do among themselves.
        ClusterAction = 9,
        /// Describing configurations.
        DescribeConfigs = 10,
        /// Altering configurations.
        AlterConfigs = 11,
        /// Writing idempotently.
        IdempotentWrite = 12,
        /// Creating tokens.
        CreateTokens = 13,
        /// Describing tokens.
        DescribeTokens = 14,
        /// Two-phase commits.
        TwoPhaseCommit = 15,
    }
}

coded! {
    /// Whether an entry allows or denies.
    Permission {
        /// Denies, whatever others allow.
        Deny = 2,
        /// Allows.
        Allow = 3,
    }
}

/// The name of the one cluster.
pub(crate) const CLUSTER_NAME: &str = "kafka-cluster";
/// A literal pattern of this name stands for every resource of its type.
pub(super) const EVERY_NAME: &str = "*";
/// A host that stands for every host.
pub(super) const EVERY_HOST: &str = "*";
/// A principal that stands for every user.
pub(super) const EVERY_USER: &str = "User:*";

/// One entry of the access control list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct AclBinding {
    /// The kind of resource it is about.
    pub(crate) resource: ResourceType,
    /// How the name is compared.
    pub(crate) pattern: PatternType,
    /// The resource's name, its beginning, or `*`.
    pub(crate) name: String,
    /// Who, as in `User:anna`.
    pub(crate) principal: String,
    /// From which address, or `*`.
    pub(crate) host: String,
    /// What is done.
    pub(crate) operation: AclOperation,
    /// Whether it may be done.
    pub(crate) permission: Permission,
}

impl AclBinding {
    /// Whether it is about the resource of that type and name.
    pub(super) fn covers(&self, resource: ResourceType, name: &str) -> bool {
        self.resource == resource
            && match self.pattern {
                PatternType::Literal => self.name == name || self.name == EVERY_NAME,
                PatternType::Prefixed => name.starts_with(&self.name),
            }
    }

    /// Whether it is about that principal at that host.
    pub(super) fn concerns(&self, principal: &str, host: &str) -> bool {
        (self.principal == principal || self.principal == EVERY_USER)
            && (self.host == host || self.host == EVERY_HOST)
    }

    /// Whether it decides about `operation`: what is allowed brings the right to describe it.
    pub(super) fn decides(&self, operation: AclOperation) -> bool {
        use AclOperation as Op;
        if self.operation == operation || self.operation == Op::All {
            return true;
        }
        self.permission == Permission::Allow
            && match operation {
                Op::Describe => matches!(
                    self.operation,
                    Op::Read | Op::Write | Op::Delete | Op::Alter
                ),
                Op::DescribeConfigs => self.operation == Op::AlterConfigs,
                _ => false,
            }
    }
}
