//! What was probably meant.

use super::key::relaxed;

/// Below this likeness a suggestion would be noise.
const LIKENESS: f64 = 0.8;

/// The candidate most like `name`, if one is like enough.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let name = relaxed(name);
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, &relaxed(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Advice for an unknown name: the nearest valid one, or all of them.
pub(crate) fn advice(name: &str, valid: &[&str]) -> String {
    match nearest(name, valid.iter().copied()) {
        Some(nearest) => format!("did you mean \"{nearest}\"?"),
        None => format!("valid keys: {}", valid.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_key_and_nonsense_finds_none() {
        let valid = ["group-id", "concurrency", "ack-mode", "client-id"];
        assert_eq!(nearest("concurency", valid), Some("concurrency"));
        assert_eq!(nearest("group_i", valid), Some("group-id"));
        assert_eq!(nearest("zzz", valid), None);
        assert_eq!(advice("ak-mode", &valid), "did you mean \"ack-mode\"?");
        assert!(advice("zzz", &valid).contains("group-id, concurrency"));
    }
}
