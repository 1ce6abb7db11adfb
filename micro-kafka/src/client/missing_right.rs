//! The entry of an access control list that is missing: who needs which right on what.

use std::ffi::{CString, c_char};
use std::fmt;

use rdkafka::bindings as rdsys;

use super::ErrorCode;
use super::callbacks::text;

/// Longer values are no names.
const VALUE: usize = 512;

/// What a client did when it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Reading records, joining a group, committing.
    Read,
    /// Sending records, beginning transactions.
    Write,
}

/// A right that the broker did not find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingRight {
    principal: Principal,
    /// As `kafka-acls` calls it.
    operation: &'static str,
    resource: Resource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    Topic(String),
    Group(String),
    TransactionalId(String),
    Cluster,
}

/// Whom the broker takes a client for, as far as the client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Principal {
    Named(String),
    /// A name that the broker makes of the subject.
    Certificate,
    /// A name that the broker finds in the token.
    Token,
}

impl MissingRight {
    /// What a refusal asks for, if it is for lack of a right; `topic` is the one that it is about,
    /// empty if that is not known.
    ///
    /// # Safety
    /// `client` must be alive.
    pub(super) unsafe fn of(
        client: *const rdsys::rd_kafka_t,
        code: ErrorCode,
        deed: Deed,
        topic: &str,
    ) -> Option<Self> {
        // SAFETY: promised by the caller.
        Self::find(code, deed, topic, |key| unsafe { property(client, key) })
    }

    fn find(
        code: ErrorCode,
        deed: Deed,
        topic: &str,
        property: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let named = |key| property(key).unwrap_or_default();
        let (operation, resource) = match (code.name(), deed) {
            ("TOPIC_AUTHORIZATION_FAILED", Deed::Read) => ("Read", Resource::Topic(topic.into())),
            ("TOPIC_AUTHORIZATION_FAILED", Deed::Write) => ("Write", Resource::Topic(topic.into())),
            ("GROUP_AUTHORIZATION_FAILED", _) => ("Read", Resource::Group(named("group.id"))),
            ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", _) => (
                "Write",
                Resource::TransactionalId(named("transactional.id")),
            ),
            ("CLUSTER_AUTHORIZATION_FAILED", Deed::Write) => ("IdempotentWrite", Resource::Cluster),
            _ => return None,
        };
        Some(Self {
            principal: Principal::of(property),
            operation,
            resource,
        })
    }

    /// In words, where the topic is one of these if it is not known.
    pub(super) fn on_one_of(&self, topics: &[&str]) -> String {
        if self.resource != Resource::Topic(String::new()) || topics.is_empty() {
            return self.to_string();
        }
        let told = topics.iter().map(|topic| {
            let mut right = self.clone();
            right.resource = Resource::Topic((*topic).to_owned());
            right.to_string()
        });
        told.collect::<Vec<_>>().join(", or ")
    }

    pub(super) fn is_on_topic(&self) -> bool {
        matches!(self.resource, Resource::Topic(_))
    }

    /// The right that an administrative request about a topic needs.
    ///
    /// # Safety
    /// `client` must be alive.
    pub(super) unsafe fn on_topic(
        client: *const rdsys::rd_kafka_t,
        operation: &'static str,
        topic: &str,
    ) -> Self {
        Self {
            // SAFETY: promised by the caller.
            principal: Principal::of(|key| unsafe { property(client, key) }),
            operation,
            resource: Resource::Topic(topic.into()),
        }
    }
}

impl Principal {
    /// As Kafka's own builder of principals takes a connection.
    fn of(property: impl Fn(&str) -> Option<String>) -> Self {
        let has = |key| property(key).is_some_and(|value| !value.is_empty());
        let protocol = property("security.protocol").unwrap_or_default();
        let protocol = protocol.to_ascii_lowercase();
        let mechanism = property("sasl.mechanisms").unwrap_or_default();
        match protocol.as_str() {
            "sasl_plaintext" | "sasl_ssl" if mechanism == "OAUTHBEARER" => Self::Token,
            "sasl_plaintext" | "sasl_ssl" => {
                let user = property("sasl.username").unwrap_or_default();
                Self::Named(format!("User:{user}"))
            }
            "ssl" if CERTIFICATES.iter().any(|key| has(key)) => Self::Certificate,
            _ => Self::Named("User:ANONYMOUS".to_owned()),
        }
    }
}

/// Where a client's own certificate may be.
const CERTIFICATES: [&str; 3] = [
    "ssl.certificate.pem",
    "ssl.certificate.location",
    "ssl.keystore.location",
];

impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            principal,
            operation,
            resource,
        } = self;
        write!(f, "{principal} needs {} on {resource}", upper(operation))?;
        if *resource == Resource::Cluster {
            f.write_str(", or WRITE on a topic")?;
        }
        let name = match principal {
            Principal::Named(name) => name,
            Principal::Certificate | Principal::Token => "PRINCIPAL",
        };
        let option = resource.option();
        write!(
            f,
            " (`kafka-acls --add --allow-principal {name} --operation {operation} {option}`)"
        )
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "the principal `{name}`"),
            Self::Certificate => f.write_str("the principal of the client's certificate"),
            Self::Token => f.write_str("the principal of the client's token"),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(topic) if topic.is_empty() => f.write_str("the topics"),
            Self::Group(group) if group.is_empty() => f.write_str("the group"),
            Self::Topic(topic) => write!(f, "topic `{topic}`"),
            Self::Group(group) => write!(f, "group `{group}`"),
            Self::TransactionalId(id) => write!(f, "transactional id `{id}`"),
            Self::Cluster => f.write_str("the cluster"),
        }
    }
}

impl Resource {
    /// As `kafka-acls` takes it.
    fn option(&self) -> String {
        let or = |name: &str, unknown: &str| match name {
            "" => unknown.to_owned(),
            name => name.to_owned(),
        };
        match self {
            Self::Topic(topic) => format!("--topic {}", or(topic, "TOPIC")),
            Self::Group(group) => format!("--group {}", or(group, "GROUP")),
            Self::TransactionalId(id) => format!("--transactional-id {id}"),
            Self::Cluster => "--cluster".to_owned(),
        }
    }
}

/// `AlterConfigs` as Kafka's documentation writes it: `ALTER_CONFIGS`.
fn upper(operation: &str) -> String {
    let mut name = String::new();
    for letter in operation.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// What a client runs with.
///
/// # Safety
/// `client` must be alive.
unsafe fn property(client: *const rdsys::rd_kafka_t, key: &str) -> Option<String> {
    let key = CString::new(key).ok()?;
    let mut value = [0 as c_char; VALUE];
    let mut len = value.len();
    // SAFETY: the caller's client lives, and so does its configuration; the buffer is as long as we
    // say, and zero-terminated also where it is too short.
    unsafe {
        let conf = rdsys::rd_kafka_conf(client.cast_mut());
        let got = rdsys::rd_kafka_conf_get(conf, key.as_ptr(), value.as_mut_ptr(), &raw mut len);
        let found = got == rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK;
        found.then(|| text(value.as_ptr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: i32 = 29;
    const GROUP: i32 = 30;
    const CLUSTER: i32 = 31;
    const TRANSACTIONAL_ID: i32 = 53;

    fn told(code: i32, deed: Deed, properties: &[(&str, &str)]) -> Option<String> {
        let find = |key: &str| {
            let mut all = properties.iter();
            all.find_map(|(name, value)| (*name == key).then(|| (*value).to_owned()))
        };
        let missing = MissingRight::find(ErrorCode::from_raw(code), deed, "orders", find);
        missing.map(|missing| missing.to_string())
    }

    const LOGIN: &[(&str, &str)] = &[
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanisms", "SCRAM-SHA-512"),
        ("sasl.username", "bob"),
        ("group.id", "billing"),
        ("transactional.id", "ledger-1"),
    ];

    #[test]
    fn principal_right_resource_and_command_are_told() {
        assert_eq!(
            told(TOPIC, Deed::Write, LOGIN).unwrap(),
            "the principal `User:bob` needs WRITE on topic `orders` \
             (`kafka-acls --add --allow-principal User:bob --operation Write --topic orders`)"
        );
        for (code, deed, part) in [
            (TOPIC, Deed::Read, "READ on topic `orders`"),
            (GROUP, Deed::Read, "READ on group `billing`"),
            (
                TRANSACTIONAL_ID,
                Deed::Write,
                "WRITE on transactional id `ledger-1`",
            ),
            (
                CLUSTER,
                Deed::Write,
                "IDEMPOTENT_WRITE on the cluster, or WRITE on a topic (`kafka-acls --add \
                 --allow-principal User:bob --operation IdempotentWrite --cluster`)",
            ),
        ] {
            let told = told(code, deed, LOGIN).unwrap();
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn a_principal_is_named_as_far_as_it_is_known() {
        let token = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanisms", "OAUTHBEARER"),
        ];
        let certificate = [
            ("security.protocol", "ssl"),
            ("ssl.certificate.location", "a.pem"),
        ];
        for (properties, part) in [
            (&token[..], "the principal of the client's token needs"),
            (&certificate, "the principal of the client's certificate"),
            (&certificate[..1], "the principal `User:ANONYMOUS`"),
            (&[], "the principal `User:ANONYMOUS`"),
        ] {
            let told = told(TOPIC, Deed::Read, properties).unwrap();
            assert!(told.starts_with(part), "{told}");
        }
    }

    #[test]
    fn other_refusals_are_for_no_right() {
        let login_refused = 58;
        assert_eq!(told(login_refused, Deed::Write, LOGIN), None);
    }
}
