//! The keys of security.

use crate::config::reference::Kind::{Boolean, Choice, Duration, Text};
use crate::config::reference::{Key, key};

pub(super) const SECURITY: &[Key] = &[
    key(
        "protocol",
        Choice(&["plaintext", "ssl", "sasl-plaintext", "sasl-ssl"]),
        "",
        "whether connections are encrypted and whether clients log in; else neither",
    ),
    key(
        "allow-plaintext-credentials",
        Boolean,
        "false",
        "whether a password (PLAIN) or token may go over a connection that is not encrypted",
    ),
];

pub(super) const SSL: &[Key] = &[
    key(
        "trust-store-certificates",
        Text,
        "",
        "the authorities that brokers are trusted by: PEM, or the path of a PEM file; else those of the \
         system",
    ),
    key("trust-store-location", Text, "", "the same, always a path"),
    key(
        "trust-store-type",
        Text,
        "",
        "PEM, for those who come from Spring; nothing else is read",
    ),
    key(
        "key-store-certificate-chain",
        Text,
        "",
        "the client's certificate for mutual TLS: PEM, or the path of a PEM file",
    ),
    key(
        "key-store-key",
        Text,
        "",
        "its private key: PEM, or the path of a PEM file",
    ),
    key(
        "key-store-location",
        Text,
        "",
        "the path of a PEM file with both",
    ),
    key("key-store-type", Text, "", "PEM, as above"),
    key(
        "key-password",
        Text,
        "",
        "what opens an encrypted private key",
    ),
    key(
        "verify-hostname",
        Boolean,
        "",
        "whether a broker's certificate must be for the host that is connected to; else yes",
    ),
];

pub(super) const SASL: &[Key] = &[
    key(
        "mechanism",
        Choice(&[
            "PLAIN",
            "SCRAM-SHA-256",
            "SCRAM-SHA-512",
            "OAUTHBEARER",
            "GSSAPI",
        ]),
        "",
        "how clients log in",
    ),
    key("username", Text, "", "who logs in, for PLAIN and SCRAM"),
    key("password", Text, "", "the proof, for PLAIN and SCRAM"),
];

pub(super) const OAUTHBEARER: &[Key] = &[
    key(
        "token-provider",
        Text,
        "",
        "the name under which the program registered what gets tokens",
    ),
    key(
        "token-endpoint-url",
        Text,
        "",
        "else: where an authorisation server gives tokens for client credentials",
    ),
    key("client-id", Text, "", "who asks it"),
    key("client-secret", Text, "", "the proof"),
    key("scope", Text, "", "what the token is to be good for"),
    key(
        "timeout",
        Duration,
        "",
        "how long a token may take; else 10 s",
    ),
    key(
        "allow-http",
        Boolean,
        "false",
        "whether the secret may go to an address that begins with `http://`",
    ),
];
