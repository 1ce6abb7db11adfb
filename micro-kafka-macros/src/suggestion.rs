//! The nearest valid name to a wrong one.

/// How alike two names must be, from 0 to 1, for one to be meant by the other.
const ALIKE: f64 = 0.8;

/// What to say of an unknown name: the nearest valid one, and all of them.
pub(crate) fn unknown(kind: &str, name: &str, valid: &[&str]) -> String {
    let list = valid.join("`, `");
    let nearest = nearest(name, valid)
        .map(|near| format!(", did you mean `{near}`?"))
        .unwrap_or_default();
    format!("unknown {kind} `{name}`{nearest}\nvalid are: `{list}`")
}

fn nearest<'v>(name: &str, valid: &[&'v str]) -> Option<&'v str> {
    let plain = |name: &str| name.replace(['_', '-', '.'], "").to_lowercase();
    valid
        .iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&plain(name), &plain(candidate)),
                *candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_found_in_any_spelling() {
        let valid = ["topics", "group_id", "concurrency", "auto_startup"];
        assert_eq!(nearest("topic", &valid), Some("topics"));
        assert_eq!(nearest("groupId", &valid), Some("group_id"));
        assert_eq!(nearest("concurency", &valid), Some("concurrency"));
        assert_eq!(nearest("banana", &valid), None);
    }
}
