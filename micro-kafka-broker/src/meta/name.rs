//! Topic names.

use super::CatalogError;

const MAX_LENGTH: usize = 249;

/// Checks a topic's name as Kafka does.
///
/// # Errors
/// [`CatalogError::InvalidName`] with what is wrong.
pub(crate) fn check_topic_name(name: &str) -> Result<(), CatalogError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let wrong = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." || name == ".." {
        format!("'{name}' is not allowed")
    } else if name.len() > MAX_LENGTH {
        format!("the length of '{name}' is longer than the max allowed length {MAX_LENGTH}")
    } else if !name.chars().all(legal) {
        format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        )
    } else {
        return Ok(());
    };
    Err(CatalogError::InvalidName(format!(
        "Topic name is invalid: {wrong}"
    )))
}

/// Whether two different names would be one in metrics, where `.` becomes `_`.
pub(super) fn collide(a: &str, b: &str) -> bool {
    a.len() == b.len() && a != b && a.bytes().map(unified).eq(b.bytes().map(unified))
}

fn unified(byte: u8) -> u8 {
    if byte == b'.' { b'_' } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_kafkas_rules() {
        for good in ["a", "A-b_c.9", &"x".repeat(249)] {
            assert_eq!(check_topic_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "ü", &"x".repeat(250)] {
            assert!(check_topic_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dots_and_underscores_collide() {
        assert!(collide("a.b", "a_b"));
        assert!(!collide("a.b", "a.b"));
        assert!(!collide("a.b", "a-b"));
    }
}
