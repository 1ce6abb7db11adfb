//! Names with gaps.

use std::fmt;

/// A name, in which `*` stands for any characters and `?` for any one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    /// Whether its characters stand for themselves alone.
    exact: bool,
}

impl Pattern {
    /// A pattern, as in `orders` or `svc-*`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            exact: false,
        }
    }

    /// A name as it is, whatever characters it has.
    #[must_use]
    pub fn exactly(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            exact: true,
        }
    }

    /// Whether a name is as the pattern says.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        if self.exact {
            return self.text == name;
        }
        let pattern: Vec<char> = self.text.chars().collect();
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut seen) = (0, 0);
        // Where the last `*` is, and how much of the name it has been given.
        let mut star = None;
        while seen < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, seen));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || *wanted == name[seen] => {
                    at += 1;
                    seen += 1;
                }
                _ => match &mut star {
                    Some((place, given)) => {
                        *given += 1;
                        at = *place + 1;
                        seen = *given;
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|rest| *rest == '*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T: Into<String>> From<T> for Pattern {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pattern_is_the_regular_expression_that_it_looks_like(
            pattern in "[ab*?]{0,6}",
            name in "[ab]{0,8}",
        ) {
            let like = pattern.replace('*', ".*").replace('?', ".");
            let like = regex::Regex::new(&format!("^{like}$")).unwrap();
            prop_assert_eq!(Pattern::new(pattern).matches(&name), like.is_match(&name));
        }
    }

    #[test]
    fn gaps_take_as_much_as_they_must() {
        let matches = |pattern: &str, name| Pattern::new(pattern).matches(name);
        for (pattern, name) in [
            ("orders", "orders"),
            ("*", ""),
            ("svc-*", "svc-7"),
            ("*-dlt", "a-dlt-dlt"),
            ("a*b*c", "aXbYbZc"),
            ("or?ers", "orders"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        assert!(Pattern::exactly("a*").matches("a*"));
        assert!(!Pattern::exactly("a*").matches("ab"));
        for (pattern, name) in [
            ("orders", "orders2"),
            ("", "a"),
            ("svc-*", "sv"),
            ("a*b*c", "acb"),
            ("or?ers", "orers"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
