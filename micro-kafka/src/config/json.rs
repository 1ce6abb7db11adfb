//! `[kafka.json]`: how JSON payloads tell their types.

use super::section::Section;
use super::values::list;
use crate::codec::TypeMapping;
use crate::codec::check_mapping;

/// The table `[kafka.json]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonSettings {
    /// `type-mapping`: which token stands for which type in the header `__TypeId__`, as
    /// `token:type` with commas between them.
    pub type_mapping: TypeMapping,
}

impl JsonSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let pairs = section.read("type-mapping", list(|pair| check_mapping(pair).map(drop)));
        let mapping = TypeMapping::new(pairs.unwrap_or_default());
        section.refuse_unknown();
        Self {
            type_mapping: mapping.unwrap_or_default(),
        }
    }
}
