//! Recognises what is no Kafka client by its first bytes.

/// Bytes that [`guess`] looks at.
pub(super) const LOOK: usize = 4;

const HTTP_METHODS: [&[u8; LOOK]; 9] = [
    b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN", b"PRI ",
];

/// What the first bytes of a connection look like, if not like Kafka. Each would announce a
/// frame of more than 300 MB.
pub(super) fn guess(first: [u8; LOOK]) -> Option<&'static str> {
    if HTTP_METHODS.contains(&&first) {
        return Some("an HTTP request");
    }
    match &first {
        [0x16, 3, 0..=4, _] => Some("a TLS ClientHello"),
        b"SSH-" => Some("an SSH banner"),
        [b'*', b'1'..=b'9', b'\r', b'\n'] => Some("a Redis command"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn other_protocols_are_named() {
        assert_eq!(guess(*b"GET "), Some("an HTTP request"));
        assert_eq!(guess([0x16, 3, 1, 2]), Some("a TLS ClientHello"));
        assert_eq!(guess(*b"SSH-"), Some("an SSH banner"));
        assert_eq!(guess([0, 0, 0, 20]), None);
    }
}
