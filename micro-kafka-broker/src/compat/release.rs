//! Releases of Apache Kafka.

use std::fmt;
use std::str::FromStr;

macro_rules! releases {
    ($($variant:ident = $text:literal,)*) => {
        /// A release of Apache Kafka that a broker can pass for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Release {
            $(
                #[doc = concat!("Apache Kafka ", $text, ".")]
                $variant,
            )*
        }

        impl Release {
            /// All of them, the oldest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

releases! {
    V0_11 = "0.11",
    V1_0 = "1.0",
    V1_1 = "1.1",
    V2_0 = "2.0",
    V2_1 = "2.1",
    V2_2 = "2.2",
    V2_3 = "2.3",
    V2_4 = "2.4",
    V2_5 = "2.5",
    V2_6 = "2.6",
    V2_7 = "2.7",
    V2_8 = "2.8",
    V3_0 = "3.0",
    V3_1 = "3.1",
    V3_2 = "3.2",
    V3_3 = "3.3",
    V3_4 = "3.4",
    V3_5 = "3.5",
    V3_6 = "3.6",
    V3_7 = "3.7",
    V3_8 = "3.8",
    V3_9 = "3.9",
    V4_0 = "4.0",
    V4_1 = "4.1",
    V4_2 = "4.2",
    V4_3 = "4.3",
}

impl Release {
    /// The one that this broker is built after.
    pub const NEWEST: Self = Self::V4_3;
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no release of Apache Kafka; there is {releases}", releases = names())]
pub struct UnknownRelease(String);

fn names() -> String {
    let names: Vec<_> = Release::ALL.iter().map(|known| known.name()).collect();
    names.join(", ")
}

impl FromStr for Release {
    type Err = UnknownRelease;

    /// Reads `2.4`, or with the number of a bug fix: `2.4.1`.
    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        let is_digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        let is_fix = |rest: &str| {
            let rest = rest.strip_prefix('.');
            rest.is_some_and(|rest| rest.split('.').all(is_digits))
        };
        let named = |known: &&Self| {
            let rest = text.trim().strip_prefix(known.name());
            rest.is_some_and(|rest| rest.is_empty() || is_fix(rest))
        };
        let found = Self::ALL.iter().find(named);
        found
            .copied()
            .ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_named_with_or_without_a_bug_fix() {
        for known in Release::ALL {
            assert_eq!(known.to_string().parse(), Ok(*known));
        }
        assert_eq!("2.4.1".parse(), Ok(Release::V2_4));
        assert_eq!("0.11.0.3".parse(), Ok(Release::V0_11));
        for bad in ["", "2", "2.9", "2.4.", "2.41", "4.3x", "0.10", "v2.4"] {
            assert!(bad.parse::<Release>().is_err(), "{bad}");
        }
        assert!(Release::ALL.is_sorted());
        assert_eq!(Release::ALL.last(), Some(&Release::NEWEST));
    }
}
