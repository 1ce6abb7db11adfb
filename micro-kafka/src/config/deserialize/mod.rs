//! The user's own tables, read by serde; a mistake names key and place.

mod choice;
mod failure;
mod table;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use self::choice::Choice;
use self::failure::Failure;
use self::table::TableAccess;
use super::ConfigError;
use super::key::relaxed;
use super::section::shown;
use super::tree::{Node, Table, Text, Value};

/// Reads a node as any type; `path` is its key.
pub(crate) fn deserialize<T: DeserializeOwned>(node: &Node, path: &str) -> Result<T, ConfigError> {
    T::deserialize(NodeDeserializer { node, path }).map_err(|failure| failure.error)
}

#[derive(Clone, Copy)]
pub(crate) struct NodeDeserializer<'n> {
    pub(crate) node: &'n Node,
    pub(crate) path: &'n str,
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
        let entries = TableAccess::new(table, fields, self.path);
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

/// The declared name that `written` is a relaxed spelling of.
fn declared<'w>(written: &'w str, names: &'static [&'static str]) -> &'w str {
    let wanted = relaxed(written);
    let exact = names.iter().find(|name| **name == written);
    exact
        .or_else(|| names.iter().find(|name| relaxed(name) == wanted))
        .map_or(written, |name| *name)
}
