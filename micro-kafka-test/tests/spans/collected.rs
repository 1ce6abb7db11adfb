//! A subscriber of the `tracing` facade that keeps spans.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// A span with the last value of each of its fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) fields: BTreeMap<String, String>,
    /// What was logged within it.
    pub(super) events: Vec<String>,
    pub(super) closed: bool,
}

impl Seen {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields
            .insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// All spans of records, by listener.
#[derive(Clone, Default)]
pub(super) struct Spans(Arc<Mutex<Vec<(Id, Seen)>>>);

impl Spans {
    pub(super) fn installed() -> &'static Self {
        static INSTALLED: OnceLock<Spans> = OnceLock::new();
        INSTALLED.get_or_init(|| {
            let spans = Self::default();
            let subscriber = Registry::default().with(spans.clone());
            tracing::subscriber::set_global_default(subscriber).unwrap();
            spans
        })
    }

    /// Those of a listener's records of a topic, in the order of their beginnings.
    pub(super) fn of(&self, listener: &str, topic: &str) -> Vec<Seen> {
        let all = self.0.lock();
        let of = all
            .iter()
            .map(|(_, seen)| seen)
            .filter(|seen| seen.field("listener") == listener && seen.field("topic") == topic);
        of.cloned().collect()
    }

    fn with(&self, id: &Id, change: impl FnOnce(&mut Seen)) {
        // An id is used again once its span is closed.
        let mut all = self.0.lock();
        let found = all
            .iter_mut()
            .rev()
            .find(|(of, seen)| of == id && !seen.closed);
        if let Some((_, seen)) = found {
            change(seen);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        if attributes.metadata().target() == "micro_kafka::record" {
            let mut seen = Seen::default();
            attributes.record(&mut seen);
            self.0.lock().push((id.clone(), seen));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.with(id, |seen| values.record(seen));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Seen::default();
        event.record(&mut text);
        for span in context.event_scope(event).into_iter().flatten() {
            self.with(&span.id(), |seen| {
                let mut line = String::new();
                let _ = write!(line, "{}", text.field("message"));
                seen.events.push(line);
            });
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.with(&id, |seen| seen.closed = true);
    }
}
