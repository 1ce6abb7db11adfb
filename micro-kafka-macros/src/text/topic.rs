//! Topic names, as brokers check them.

use super::has_placeholder;

const LONGEST: usize = 249;

/// Checks a topic's name; one with placeholders is checked at boot.
pub(crate) fn topic(name: &str) -> Result<(), String> {
    if has_placeholder(name) {
        return Ok(());
    }
    if name.is_empty() {
        return Err("a topic's name is empty".into());
    }
    if name == "." || name == ".." {
        return Err(format!("a topic cannot be named `{name}`"));
    }
    if name.len() > LONGEST {
        return Err(format!("a topic's name has at most {LONGEST} characters"));
    }
    let valid = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match name.chars().find(|c| !valid(*c)) {
        Some(c) => Err(format!(
            "a topic's name holds letters, digits, `.`, `_` and `-`, not {c:?}"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::topic;

    #[test]
    fn what_a_broker_refuses_is_refused() {
        assert_eq!(topic("orders.v1_x-Y"), Ok(()));
        assert_eq!(topic("${topic:a b}"), Ok(()));
        for name in [
            "",
            ".",
            "..",
            "a b",
            "a/b",
            "größe",
            "a,b",
            &"a".repeat(250),
        ] {
            assert!(topic(name).is_err(), "{name}");
        }
    }
}
