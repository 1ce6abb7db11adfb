//! What the three APIs about access control lists have in common.

use crate::meta::acl::{
    AclFilter, AclOperation, PatternFilter, PatternType, Permission, ResourceType,
};

/// The code that no element may have; Kafka does not read such a request.
pub(super) const UNKNOWN: i8 = 0;
/// The code that stands for all values in a filter.
const ANY: i8 = 1;
/// A filter's pattern type that stands for all entries about a resource.
const MATCH: i8 = 2;
/// What is answered without an authorizer.
pub(super) const NO_AUTHORIZER: &str = "No Authorizer is configured.";

/// A filter as it stands in requests.
#[derive(Debug)]
pub(super) struct FilterCodes {
    pub(super) resource: i8,
    pub(super) pattern: i8,
    pub(super) name: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) host: Option<String>,
    pub(super) operation: i8,
    pub(super) permission: i8,
}

impl FilterCodes {
    /// Whether Kafka closes the connection because of it.
    pub(super) fn is_unreadable(&self) -> bool {
        [self.resource, self.pattern, self.operation, self.permission].contains(&UNKNOWN)
    }

    /// The filter.
    ///
    /// # Errors
    /// Kafka's text, for a code that has no meaning.
    pub(super) fn filter(self) -> Result<AclFilter, &'static str> {
        const PATTERN: &str = "Unknown patternFilter.";
        const ENTRY: &str = "Unknown entryFilter.";
        let pattern = match self.pattern {
            ANY => PatternFilter::Any,
            MATCH => PatternFilter::Match,
            code => PatternFilter::Exactly(PatternType::from_code(code).ok_or(PATTERN)?),
        };
        Ok(AclFilter {
            resource: or_any(self.resource, ResourceType::from_code).ok_or(PATTERN)?,
            pattern,
            name: self.name,
            principal: self.principal,
            host: self.host,
            operation: or_any(self.operation, AclOperation::from_code).ok_or(ENTRY)?,
            permission: or_any(self.permission, Permission::from_code).ok_or(ENTRY)?,
        })
    }
}

/// `Some(None)` for any value, `None` for a code without meaning.
fn or_any<T>(code: i8, from_code: fn(i8) -> Option<T>) -> Option<Option<T>> {
    if code == ANY {
        Some(None)
    } else {
        from_code(code).map(Some)
    }
}
