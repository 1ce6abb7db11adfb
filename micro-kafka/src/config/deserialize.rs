//! The user's own tables, read by serde; a mistake names key and place.

use std::fmt::Display;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::key::relaxed;
use super::placeholder::join;
use super::secret::is_secret;
use super::section::shown;
use super::suggestion::advice;
use super::tree::{Entry, Node, Table, Text, Value};
use super::{ConfigError, ConfigProblem, Origin};

/// Reads a node as any type; `path` is its key.
pub(crate) fn deserialize<T: de::DeserializeOwned>(
    node: &Node,
    path: &str,
) -> Result<T, ConfigError> {
    T::deserialize(NodeDeserializer { node, path }).map_err(|failure| failure.error)
}

/// A mistake on its way up to where its place is known.
#[derive(Debug)]
struct Failure {
    error: ConfigError,
    placed: bool,
}

impl Failure {
    fn new(error: ConfigError) -> Self {
        Self {
            error,
            placed: false,
        }
    }

    /// Gives it the place of the innermost value that it passes.
    fn placed(self, node: &Node, path: &str) -> Self {
        let secret = node.is_secret() || is_secret(path);
        self.placed_at(path, &node.origin, secret)
    }

    fn placed_at(self, path: &str, origin: &Origin, secret: bool) -> Self {
        if self.placed {
            return self;
        }
        let error = match secret {
            true => ConfigError::invalid("the value is refused (not shown: it may be a secret)"),
            false => self.error,
        };
        Self {
            error: error.key(path).at(origin),
            placed: true,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.error, f)
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(ConfigError::invalid(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(ConfigError::wrong_type(
            expected.to_string(),
            found.to_string(),
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let error = ConfigError::new(ConfigProblem::UnknownKey);
        Self::new(error.hint(advice(field, expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let error = ConfigError::invalid(format!("{variant:?} is not one of the choices"));
        Self::new(error.hint(advice(variant, expected).replace("valid keys", "choices")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ConfigError::invalid(format!(
            "the key \"{field}\" is missing"
        )))
    }
}

#[derive(Clone, Copy)]
struct NodeDeserializer<'n> {
    node: &'n Node,
    path: &'n str,
}

/// Reads a number from a text that could not be written as one.
macro_rules! numbers {
    ($($method:ident $type:ty => $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let untyped = self.untyped().and_then(|text| text.trim().parse::<$type>().ok());
            match untyped {
                Some(number) => visitor.$visit(number).map_err(|e: Failure| self.place(e)),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'n> NodeDeserializer<'n> {
    fn place(self, failure: Failure) -> Failure {
        failure.placed(self.node, self.path)
    }

    fn untyped(self) -> Option<&'n str> {
        match &self.node.value {
            Value::Text(text) if text.untyped => Some(&text.text),
            _ => None,
        }
    }

    fn table<'de, V: Visitor<'de>>(
        self,
        table: &Table,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let entries = TableAccess {
            entries: table.iter().map(|(k, e)| (k.spelling(), e)).collect(),
            next: 0,
            fields,
            path: self.path,
        };
        entries.refuse_double().map_err(|e| self.place(e))?;
        visitor.visit_map(entries)
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let outcome = match &self.node.value {
            Value::Table(table) => self.table(table, &[], visitor),
            Value::Array(nodes) => visitor.visit_seq(Elements::of_nodes(nodes, self.path)),
            Value::Text(Text { text, .. }) => visitor.visit_str(text),
            Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (_, Ok(number)) => visitor.visit_u64(number),
                _ => visitor.visit_i128(*number),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::Datetime(date) => visitor.visit_str(date),
        };
        outcome.map_err(|failure| self.place(failure))
    }

    numbers! {
        deserialize_bool bool => visit_bool,
        deserialize_i8 i8 => visit_i8,
        deserialize_i16 i16 => visit_i16,
        deserialize_i32 i32 => visit_i32,
        deserialize_i64 i64 => visit_i64,
        deserialize_i128 i128 => visit_i128,
        deserialize_u8 u8 => visit_u8,
        deserialize_u16 u16 => visit_u16,
        deserialize_u32 u32 => visit_u32,
        deserialize_u64 u64 => visit_u64,
        deserialize_u128 u128 => visit_u128,
        deserialize_f32 f32 => visit_f32,
        deserialize_f64 f64 => visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let outcome = visitor.visit_some(self);
        outcome.map_err(|failure| self.place(failure))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let outcome = visitor.visit_newtype_struct(self);
        outcome.map_err(|failure| self.place(failure))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(text) = self.untyped() else {
            return self.deserialize_any(visitor);
        };
        let parts = text.split(',').map(str::trim);
        let nodes = parts.map(|part| Node::text(part, true, self.node.origin.clone()));
        let nodes: Vec<Node> = nodes.filter(|_| !text.trim().is_empty()).collect();
        let outcome = visitor.visit_seq(Elements::of_nodes(&nodes, self.path));
        outcome.map_err(|failure| self.place(failure))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Table(table) => {
                let outcome = self.table(table, fields, visitor);
                outcome.map_err(|failure| self.place(failure))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let choice = match &self.node.value {
            Value::Text(text) => Ok((text.text.as_str(), None)),
            Value::Table(table) => match table.iter().collect::<Vec<_>>()[..] {
                [(key, entry)] => Ok((key.spelling(), Some(entry))),
                _ => Err(ConfigError::wrong_type(
                    "one of the choices",
                    self.node.kind(),
                )),
            },
            _ => Err(ConfigError::wrong_type(
                "one of the choices",
                shown(self.node, self.path),
            )),
        };
        let (name, content) = choice.map_err(|error| self.place(Failure::new(error)))?;
        let choice = Choice {
            name: declared(name, variants),
            content,
            path: self.path,
        };
        let outcome = visitor.visit_enum(choice);
        outcome.map_err(|failure| self.place(failure))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier
        ignored_any
    }
}

/// The declared name that `written` is a relaxed spelling of.
fn declared<'w>(written: &'w str, names: &'static [&'static str]) -> &'w str {
    let wanted = relaxed(written);
    let exact = names.iter().find(|name| **name == written);
    exact
        .or_else(|| names.iter().find(|name| relaxed(name) == wanted))
        .map_or(written, |name| *name)
}

struct TableAccess<'n> {
    entries: Vec<(&'n str, &'n Entry)>,
    next: usize,
    /// The fields of a struct, to which relaxed spellings are led; none for a map.
    fields: &'static [&'static str],
    path: &'n str,
}

impl TableAccess<'_> {
    fn refuse_double(&self) -> Result<(), Failure> {
        for (at, (name, entry)) in self.entries.iter().enumerate() {
            let field = declared(name, self.fields);
            let same = |(other, _): &&(&str, &Entry)| declared(other, self.fields) == field;
            if let Some((_, first)) = self.entries[..at].iter().find(same) {
                let first = first.key_origin.clone();
                let error = ConfigError::new(ConfigProblem::DuplicateKey { first });
                let path = join(self.path, name);
                return Err(Failure::new(error).placed_at(&path, &entry.key_origin, false));
            }
        }
        Ok(())
    }
}

impl<'de> MapAccess<'de> for TableAccess<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((name, entry)) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Failure> = declared(name, self.fields).into_deserializer();
        let outcome = seed.deserialize(MapKey(key));
        let path = join(self.path, name);
        outcome
            .map(Some)
            .map_err(|failure| failure.placed_at(&path, &entry.key_origin, false))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some((name, entry)) = self.entries.get(self.next) else {
            return Err(Failure::custom("no value is left"));
        };
        self.next += 1;
        let path = join(self.path, name);
        let node = &entry.node;
        seed.deserialize(NodeDeserializer { node, path: &path })
    }
}

/// A key of a map, which is a text in TOML and may be meant as a number.
struct MapKey<'k>(StrDeserializer<'k, Failure>);

macro_rules! number_keys {
    ($($method:ident $type:ty => $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let text = <String as de::Deserialize>::deserialize(self.0)?;
            match text.parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(Failure::invalid_type(Unexpected::Str(&text), &visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for MapKey<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    number_keys! {
        deserialize_i8 i8 => visit_i8,
        deserialize_i16 i16 => visit_i16,
        deserialize_i32 i32 => visit_i32,
        deserialize_i64 i64 => visit_i64,
        deserialize_u8 u8 => visit_u8,
        deserialize_u16 u16 => visit_u16,
        deserialize_u32 u32 => visit_u32,
        deserialize_u64 u64 => visit_u64,
        deserialize_bool bool => visit_bool,
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'n> {
    nodes: std::slice::Iter<'n, Node>,
    path: &'n str,
}

impl<'n> Elements<'n> {
    fn of_nodes(nodes: &'n [Node], path: &'n str) -> Self {
        let nodes = nodes.iter();
        Self { nodes, path }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let path = self.path;
        let next = self.nodes.next();
        next.map(|node| seed.deserialize(NodeDeserializer { node, path }))
            .transpose()
    }
}

struct Choice<'n> {
    name: &'n str,
    content: Option<&'n Entry>,
    path: &'n str,
}

impl<'de, 'n> EnumAccess<'de> for Choice<'n> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let name: StrDeserializer<'n, Failure> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl Choice<'_> {
    fn content(&self) -> Result<NodeDeserializer<'_>, Failure> {
        let path = self.path;
        match self.content {
            Some(entry) => Ok(NodeDeserializer {
                node: &entry.node,
                path,
            }),
            None => Err(Failure::custom(format!(
                "the choice {:?} needs a value",
                self.name
            ))),
        }
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Failure::custom(format!(
                "the choice {:?} takes no value",
                self.name
            ))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Failure> {
        self.content()?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.content()?.deserialize_struct("", fields, visitor)
    }
}
