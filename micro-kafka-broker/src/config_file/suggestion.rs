//! What was probably meant.

use crate::meta::BrokerConfig;

/// Below this likeness a suggestion would be noise.
const LIKENESS: f64 = 0.85;

/// Says that there is no such broker configuration, and which one is like it.
pub(crate) fn unknown_name(name: &str) -> String {
    let nearest = BrokerConfig::names()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, known)) => {
            format!("{name}: no such broker configuration; did you mean \"{known}\"?")
        }
        None => format!(
            "{name}: no such broker configuration; the names are Kafka's, as in \"num.partitions\""
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_name_and_nonsense_finds_none() {
        assert!(unknown_name("num.partition").contains("\"num.partitions\"?"));
        assert!(unknown_name("log.retention.milis").contains("\"log.retention.m"));
        assert!(unknown_name("zzz").contains("the names are Kafka's"));
    }
}
