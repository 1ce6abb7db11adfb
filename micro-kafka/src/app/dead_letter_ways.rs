//! Dead letters that would go in a circle.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::listener::ListenerEndpoint;

/// From which topic to which other one the records go that listeners give up.
#[derive(Debug, Default)]
pub(super) struct Ways(BTreeMap<String, Vec<Way>>);

#[derive(Debug)]
struct Way {
    to: String,
    listener: Arc<str>,
    /// Whether the same listener reads both topics.
    own: bool,
}

impl Ways {
    pub(super) fn add(&mut self, listener: &ListenerEndpoint, from: &str, to: &str) {
        let own = listener.topics.iter().any(|topic| topic == to);
        self.0.entry(from.to_owned()).or_default().push(Way {
            to: to.to_owned(),
            listener: Arc::clone(&listener.id),
            own,
        });
    }

    /// What is wrong with them, if something is.
    pub(super) fn circle(&self) -> Option<String> {
        let all = self.0.iter();
        let mut all = all.flat_map(|(from, ways)| ways.iter().map(move |way| (from, way)));
        if let Some((from, way)) = all.find(|(_, way)| way.own) {
            let Way { to, listener, .. } = way;
            return Some(format!(
                "listener `{listener}` reads `{to}`, where its own dead letters of `{from}` go: \
                 read them by a `#[dlt_handler]`, or set another `dead-letter-topic`"
            ));
        }
        self.0.keys().find_map(|start| self.circle_from(start))
    }

    fn circle_from(&self, start: &str) -> Option<String> {
        let (mut path, mut listeners) = (vec![start], Vec::new());
        if !self.leads_to(start, start, &mut path, &mut listeners) {
            return None;
        }
        Some(format!(
            "dead letters would go in a circle, {}, by listeners {}: set another \
             `dead-letter-topic` for one of them, or `recoverer = \"log\"`",
            path.join(" → "),
            listeners.join(", ")
        ))
    }

    fn leads_to<'w>(
        &'w self,
        from: &str,
        end: &str,
        path: &mut Vec<&'w str>,
        listeners: &mut Vec<&'w str>,
    ) -> bool {
        for way in self.0.get(from).into_iter().flatten() {
            let seen = path[1..].contains(&&*way.to);
            if seen {
                continue;
            }
            path.push(&way.to);
            listeners.push(&way.listener);
            if way.to == end || self.leads_to(&way.to, end, path, listeners) {
                return true;
            }
            path.pop();
            listeners.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(all: &[(&str, &str, &str)]) -> Ways {
        let mut ways = Ways::default();
        for (listener, from, to) in all {
            let way = Way {
                to: (*to).to_owned(),
                listener: (*listener).into(),
                own: false,
            };
            ways.0.entry((*from).to_owned()).or_default().push(way);
        }
        ways
    }

    #[test]
    fn a_circle_over_several_listeners_is_found_and_named() {
        let text = ways(&[("a", "x", "y"), ("b", "y", "z"), ("c", "z", "x")]).circle();
        let text = text.unwrap();
        assert!(text.contains("x → y → z → x"), "{text}");
        assert!(text.contains("a, b, c"), "{text}");
    }

    #[test]
    fn a_chain_and_a_meeting_of_ways_are_no_circle() {
        let text = ways(&[("a", "x", "z"), ("b", "y", "z"), ("c", "z", "end")]).circle();
        assert_eq!(text, None);
    }

    #[test]
    fn a_circle_behind_a_way_in_is_found() {
        let text = ways(&[("a", "x", "y"), ("b", "y", "z"), ("c", "z", "y")]).circle();
        assert!(text.unwrap().contains("y → z → y"));
    }
}
