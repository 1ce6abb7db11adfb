//! A name for failures that are alike.

use crate::error::{ListenerError, source_chain};

/// FNV-1a: small, the same on every machine and in every release.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// Sixteen hexadecimal digits that are the same for errors of one listener, type, variant and text,
/// numbers in the text apart: `no account 17` and `no account 4` are alike.
pub(in crate::error) fn fingerprint(listener: &str, error: &ListenerError) -> String {
    let mut hash = OFFSET;
    let mut add = |bytes: &[u8]| {
        // A byte that no text has keeps the parts apart.
        for byte in bytes.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    };
    add(listener.as_bytes());
    add(error.type_name().as_bytes());
    add(error.variant().unwrap_or_default().as_bytes());
    for message in source_chain::messages(error.error()) {
        let kept: String = message.chars().filter(|c| !c.is_ascii_digit()).collect();
        add(kept.as_bytes());
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(listener: &str, text: &str) -> String {
        fingerprint(listener, &ListenerError::from_error(text.to_owned()))
    }

    #[test]
    fn numbers_do_not_tell_failures_apart_but_words_and_listeners_do() {
        assert_eq!(of("charge", "no account 17"), of("charge", "no account 4"));
        assert_ne!(of("charge", "no account 17"), of("charge", "no order 17"));
        assert_ne!(of("charge", "no account"), of("refund", "no account"));
        assert_eq!(of("charge", "x").len(), 16);
    }
}
