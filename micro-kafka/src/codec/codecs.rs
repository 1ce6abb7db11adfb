//! What all payloads of an application share.

use std::sync::{Arc, OnceLock};

use super::TypeMapping;

/// What all payloads of an application share: handlers, sends and replies alike. Cheap to clone.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Codecs {
    /// Where schemas are kept.
    #[cfg(feature = "schema-registry")]
    registry: Option<super::SchemaRegistry>,
    types: Arc<TypeMapping>,
}

#[cfg(feature = "schema-registry")]
impl Codecs {
    /// The same with a schema registry.
    #[must_use]
    pub fn with_registry(mut self, registry: super::SchemaRegistry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// The schema registry, if there is one.
    #[must_use]
    pub fn registry(&self) -> Option<&super::SchemaRegistry> {
        self.registry.as_ref()
    }
}

impl Codecs {
    /// The same with tokens for types.
    #[must_use]
    pub fn with_type_mapping(mut self, types: TypeMapping) -> Self {
        self.types = Arc::new(types);
        self
    }

    /// Which tokens stand for which types.
    #[must_use]
    pub fn type_mapping(&self) -> &TypeMapping {
        &self.types
    }

    /// Of code that runs without an application.
    #[must_use]
    pub fn none() -> &'static Self {
        static NONE: OnceLock<Codecs> = OnceLock::new();
        NONE.get_or_init(Self::default)
    }
}
