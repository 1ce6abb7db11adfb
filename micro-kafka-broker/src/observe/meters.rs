//! All counters of a broker that belong to no partition.

use std::sync::Arc;

use super::ApiMeter;
use super::connections::Connections;
use crate::server::{ServedApi, served_apis};

/// Counters by API and by listener.
#[derive(Debug)]
pub(crate) struct Meters {
    apis: Vec<ApiMeter>,
    listeners: Vec<(String, Arc<Connections>)>,
}

impl Meters {
    /// Counters for the listeners with these names.
    pub(crate) fn new(listeners: &[String]) -> Self {
        let connections = |name: &String| (name.clone(), Arc::default());
        Self {
            apis: served_apis().iter().map(|_| ApiMeter::default()).collect(),
            listeners: listeners.iter().map(connections).collect(),
        }
    }

    /// The counters of an API; `None` for a key that is not served.
    pub(crate) fn api(&self, key: i16) -> Option<&ApiMeter> {
        let index = served_apis().iter().position(|api| api.key == key)?;
        self.apis.get(index)
    }

    /// All APIs with their counters.
    pub(crate) fn apis(&self) -> impl Iterator<Item = (&'static ServedApi, &ApiMeter)> {
        served_apis().iter().zip(&self.apis)
    }

    /// The connections of a listener.
    pub(crate) fn listener(&self, index: usize) -> Option<&Arc<Connections>> {
        self.listeners
            .get(index)
            .map(|(_, connections)| connections)
    }

    /// All listeners' names with their connections.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = (&str, &Connections)> {
        let listeners = self.listeners.iter();
        listeners.map(|(name, connections)| (name.as_str(), connections.as_ref()))
    }
}
