//! Where in which trace something happens, as the W3C's `traceparent` header says it.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

/// The header.
pub(crate) const TRACEPARENT: &[u8] = b"traceparent";
/// What tracing systems add to it for themselves.
pub(crate) const TRACESTATE: &[u8] = b"tracestate";

/// The flag of a trace that is kept.
const SAMPLED: u8 = 1;

/// A place in a trace: what a `traceparent` header of the W3C's Trace Context says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// From ids that somebody else has made; `None` if one of them is zero, which is none.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        let flags = if sampled { SAMPLED } else { 0 };
        (trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id,
            flags,
        })
    }

    /// Reads the header's value, of this version of the W3C's text or a later one; `None` if it is
    /// none.
    #[must_use]
    pub fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let (version, rest) = (text.get(..2)?, text.get(2..)?);
        let version = hex(version, 2)?;
        let mut parts = rest.strip_prefix('-')?.split('-');
        let trace_id = hex(parts.next()?, 32)?;
        let span_id = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
        // The first version has nothing behind the flags; the last number is no version.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        Self::new(trace_id, span_id, flags & SAMPLED != 0)
    }

    /// The beginning of a new trace.
    #[must_use]
    pub fn root() -> Self {
        let (high, low) = (u128::from(random()), u128::from(random()));
        Self {
            trace_id: (high << 64) | low,
            span_id: random(),
            flags: SAMPLED,
        }
    }

    /// A new place in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self {
            span_id: random(),
            ..self
        }
    }

    /// The trace.
    #[must_use]
    pub fn trace_id(self) -> u128 {
        self.trace_id
    }

    /// The place in it.
    #[must_use]
    pub fn span_id(self) -> u64 {
        self.span_id
    }

    /// Whether whoever began the trace keeps it.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }
}

impl fmt::Display for TraceContext {
    /// The header's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            flags,
        } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

/// So many lower-case digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let well_formed = text.len() == digits && text.bytes().all(is_digit);
    well_formed.then(|| u128::from_str_radix(text, 16).ok())?
}

/// Never zero: that is no id.
fn random() -> u64 {
    RandomState::new().build_hasher().finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_w3c_is_read_and_written() {
        let context = TraceContext::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(
            context.trace_id(),
            0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736
        );
        assert_eq!(context.span_id(), 0x00f0_67aa_0ba9_02b7);
        assert!(context.is_sampled());
        assert_eq!(context.to_string(), EXAMPLE);
    }

    #[test]
    fn a_child_stays_in_its_trace_and_a_root_begins_one() {
        let (one, other) = (TraceContext::root(), TraceContext::root());
        assert_ne!(one.trace_id(), other.trace_id());
        let child = one.child();
        assert_eq!(child.trace_id(), one.trace_id());
        assert_ne!(child.span_id(), one.span_id());
        assert_eq!(
            TraceContext::parse(child.to_string().as_bytes()),
            Some(child)
        );
    }

    #[test]
    fn later_versions_are_read_as_this_one_and_nonsense_is_not() {
        let later = EXAMPLE.replacen("00", "cc", 1) + "-what-the-future-will-be-like";
        assert!(TraceContext::parse(later.as_bytes()).is_some());
        let nonsense = [
            String::new(),
            EXAMPLE.to_uppercase(),
            EXAMPLE.replacen("00", "ff", 1),
            format!("{EXAMPLE}-01"),
            EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            EXAMPLE.replace("00f067aa0ba902b7", &"0".repeat(16)),
            EXAMPLE[..54].to_owned(),
            "é".repeat(30),
        ];
        for text in nonsense {
            assert_eq!(TraceContext::parse(text.as_bytes()), None, "{text}");
        }
    }
}
