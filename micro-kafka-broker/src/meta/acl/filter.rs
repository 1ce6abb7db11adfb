//! Which entries of the list are meant.

use super::binding::{AclBinding, AclOperation, EVERY_NAME, PatternType, Permission, ResourceType};

/// How the names of a filter are compared with those of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatternFilter {
    /// Equal names, whatever the pattern's type.
    Any,
    /// Entries that are about the resource of that name.
    Match,
    /// Equal names, of patterns of this type.
    Exactly(PatternType),
}

/// A filter of entries; what is `None` fits everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AclFilter {
    /// The type of resource.
    pub(crate) resource: Option<ResourceType>,
    /// How the name is compared.
    pub(crate) pattern: PatternFilter,
    /// The name.
    pub(crate) name: Option<String>,
    /// The principal.
    pub(crate) principal: Option<String>,
    /// The host.
    pub(crate) host: Option<String>,
    /// The operation.
    pub(crate) operation: Option<AclOperation>,
    /// The permission.
    pub(crate) permission: Option<Permission>,
}

impl AclFilter {
    /// Whether an entry is meant.
    pub(crate) fn fits(&self, binding: &AclBinding) -> bool {
        fits(self.resource.as_ref(), &binding.resource)
            && self.fits_name(binding)
            && fits(self.principal.as_ref(), &binding.principal)
            && fits(self.host.as_ref(), &binding.host)
            && fits(self.operation.as_ref(), &binding.operation)
            && fits(self.permission.as_ref(), &binding.permission)
    }

    fn fits_name(&self, binding: &AclBinding) -> bool {
        if let PatternFilter::Exactly(pattern) = self.pattern
            && pattern != binding.pattern
        {
            return false;
        }
        let Some(name) = &self.name else {
            return true;
        };
        match (self.pattern, binding.pattern) {
            (PatternFilter::Match, PatternType::Literal) => {
                binding.name == *name || binding.name == EVERY_NAME
            }
            (PatternFilter::Match, PatternType::Prefixed) => name.starts_with(&binding.name),
            _ => binding.name == *name,
        }
    }
}

fn fits<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}
