//! A type of error that is looked for among the causes of a failure.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use super::ListenerError;

/// A type of error by a name, as code declares it.
#[derive(Debug, Clone, Copy)]
pub struct CauseDef {
    name: &'static str,
    matches: fn(&ListenerError) -> bool,
}

impl CauseDef {
    /// The type `E`, to be known by this name.
    #[must_use]
    pub const fn named<E: Error + 'static>(name: &'static str) -> Self {
        Self {
            name,
            matches: ListenerError::is_caused_by::<E>,
        }
    }
}

/// A type of error by a name: it matches an error of that type wherever it stands in the chain of
/// sources, as Spring's `traversingCauses` does.
#[derive(Clone)]
pub(crate) struct Cause {
    name: Cow<'static, str>,
    matches: fn(&ListenerError) -> bool,
}

impl From<&CauseDef> for Cause {
    fn from(def: &CauseDef) -> Self {
        Self {
            name: def.name.into(),
            matches: def.matches,
        }
    }
}

impl Cause {
    /// The type `E` by its full path, as far as a name may have its characters.
    pub(crate) fn of<E: Error + 'static>() -> Self {
        let illegal = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
        Self {
            name: std::any::type_name::<E>().replace(illegal, "_").into(),
            matches: ListenerError::is_caused_by::<E>,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether an error is of that type, or has one among its sources.
    pub(crate) fn is_in(&self, error: &ListenerError) -> bool {
        (self.matches)(error)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cause").field(&self.name).finish()
    }
}

/// By the name: one name is one type.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Cause {}

/// What settings may name without the code doing so: it comes from the standard library, by the
/// paths that people write.
pub(crate) const COMMON: [CauseDef; 6] = [
    CauseDef::named::<std::io::Error>("std::io::Error"),
    CauseDef::named::<fmt::Error>("std::fmt::Error"),
    CauseDef::named::<std::str::Utf8Error>("std::str::Utf8Error"),
    CauseDef::named::<std::num::ParseIntError>("std::num::ParseIntError"),
    CauseDef::named::<tokio::time::error::Elapsed>("tokio::time::error::Elapsed"),
    CauseDef::named::<serde_json::Error>("serde_json::Error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the gateway is away")]
    struct Away(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("not charged")]
    struct NotCharged(#[source] Away);

    #[test]
    fn a_type_is_found_at_any_depth() {
        let io = std::io::Error::other("reset");
        let error = ListenerError::from_error(NotCharged(Away(io)));
        assert!(Cause::of::<NotCharged>().is_in(&error));
        assert!(Cause::of::<Away>().is_in(&error));
        assert!(Cause::from(&COMMON[0]).is_in(&error));
        assert!(!Cause::of::<fmt::Error>().is_in(&error));
    }

    #[test]
    fn one_name_is_one_type() {
        let io = CauseDef::named::<std::io::Error>("std::io::Error");
        assert_eq!(Cause::from(&COMMON[0]), Cause::from(&io));
        assert!(Cause::of::<Away>().name().ends_with("::Away"));
        assert_ne!(Cause::of::<Away>(), Cause::of::<NotCharged>());
    }
}
