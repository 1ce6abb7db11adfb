//! Short names of types in headers.

/// Which token stands for which type in the header `__TypeId__`: Spring's `spring.json.type.mapping`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeMapping(Vec<(String, String)>);

impl TypeMapping {
    /// Reads pairs `token:type`, as in `cat:com.shop.Cat`.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn new<T: AsRef<str>>(pairs: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let pair = |text: T| check(text.as_ref());
        pairs
            .into_iter()
            .map(pair)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The type that a token stands for; any other name stands for itself.
    #[must_use]
    pub fn type_of<'n>(&'n self, name: &'n str) -> &'n str {
        self.known(name).unwrap_or(name)
    }

    /// The type that a token stands for, if it is one.
    pub(crate) fn known(&self, token: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let known = pairs.find(|(known, _)| known == token);
        known.map(|(_, id)| id.as_str())
    }

    /// The token of a type; the type itself if it has none.
    #[must_use]
    pub fn token_of<'n>(&'n self, id: &'n str) -> &'n str {
        let mut pairs = self.0.iter();
        let known = pairs.find(|(_, known)| known == id);
        known.map_or(id, |(token, _)| token)
    }
}

/// One pair.
pub(crate) fn check(pair: &str) -> Result<(String, String), String> {
    match pair.split_once(':') {
        Some((token, id)) if !token.trim().is_empty() && !id.trim().is_empty() => {
            Ok((token.trim().to_owned(), id.trim().to_owned()))
        }
        _ => Err(format!(
            "{pair:?} is no pair `token:type`, as in `cat:com.shop.Cat`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stand_for_types_and_other_names_for_themselves() {
        let mapping = TypeMapping::new(["cat:com.shop.Cat", " hat : com.shop.Hat"]).unwrap();
        assert_eq!(mapping.type_of("cat"), "com.shop.Cat");
        assert_eq!(mapping.type_of("com.shop.Dog"), "com.shop.Dog");
        assert_eq!(mapping.token_of("com.shop.Hat"), "hat");
        assert_eq!(mapping.token_of("com.shop.Dog"), "com.shop.Dog");
        for wrong in ["cat", ":com.shop.Cat", "cat:"] {
            assert!(TypeMapping::new([wrong]).is_err(), "{wrong}");
        }
    }
}
