//! Which listeners this application runs.

use std::any::TypeId;
use std::collections::BTreeMap;

use super::error::BootError;
use super::registration::Registration;
use crate::listener::{LISTENERS, Source};

/// What was asked for while building the application.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// Functions named by `listener(…)`; if there are any, nothing else of linkme's list runs.
    pub(super) selected: Vec<(TypeId, &'static str)>,
    /// Listeners made by the program.
    pub(super) registered: Vec<Registration>,
    /// Ids of those that are added while the application runs.
    pub(super) later: Vec<String>,
    /// Ids that must be there.
    pub(super) required: Vec<String>,
}

impl Registry {
    /// The listeners to run, with what is wrong about the set of them.
    pub(super) fn collect(self, problems: &mut Vec<BootError>) -> Vec<Registration> {
        let mut listeners = self.annotated(problems);
        listeners.extend(self.registered);
        if listeners.is_empty() {
            problems.push(BootError::new(
                "there are no listeners: annotate an async function with `#[kafka_listener]`; if it is in a \
                 library, name that library in this program: `use my_handlers as _;`",
            ));
        }
        check_duplicates(&listeners, problems);
        for id in self.required {
            if !listeners.iter().any(|listener| listener.id == id) {
                problems.push(BootError::new(format!(
                    "listener `{id}` is required but not linked into this program; if it is in a library, name \
                     that library: `use my_handlers as _;`"
                )));
            }
        }
        listeners
    }

    fn annotated(&self, problems: &mut Vec<BootError>) -> Vec<Registration> {
        if self.selected.is_empty() && !self.registered.is_empty() && LISTENERS.is_empty() {
            return Vec::new();
        }
        if self.selected.is_empty() {
            return LISTENERS.iter().map(Registration::from).collect();
        }
        let mut chosen = Vec::new();
        for (function, name) in &self.selected {
            let of_function = LISTENERS.iter().filter(|def| (def.function)() == *function);
            let before = chosen.len();
            chosen.extend(of_function.map(Registration::from));
            if chosen.len() == before {
                problems.push(BootError::new(format!(
                    "`{name}` has no `#[kafka_listener]` attribute"
                )));
            }
        }
        chosen
    }
}

fn check_duplicates(listeners: &[Registration], problems: &mut Vec<BootError>) {
    let mut seen: BTreeMap<&str, Option<Source>> = BTreeMap::new();
    for listener in listeners {
        if let Some(first) = seen.insert(&listener.id, listener.source) {
            let first = first.map_or_else(|| "the program".into(), |source| source.to_string());
            problems.push(BootError::at(
                listener.source,
                format!(
                    "listener id `{}` is taken by the one at {first}; give one of them another id: \
                     `#[kafka_listener(id = \"…\", …)]`",
                    listener.id
                ),
            ));
        }
    }
}
