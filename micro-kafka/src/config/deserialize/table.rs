//! Tables as structs and maps.

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::failure::Failure;
use super::{NodeDeserializer, declared};
use crate::config::placeholder::join;
use crate::config::tree::{Entry, Table};
use crate::config::{ConfigError, ConfigProblem};

/// The entries of a table, one after another.
pub(crate) struct TableAccess<'n> {
    entries: Vec<(&'n str, &'n Entry)>,
    next: usize,
    /// The fields of a struct, to which relaxed spellings are led; none for a map.
    fields: &'static [&'static str],
    path: &'n str,
}

impl<'n> TableAccess<'n> {
    pub(crate) fn new(table: &'n Table, fields: &'static [&'static str], path: &'n str) -> Self {
        Self {
            entries: table.iter().map(|(k, e)| (k.spelling(), e)).collect(),
            next: 0,
            fields,
            path,
        }
    }

    /// Two spellings of one field are a mistake; which of them is meant cannot be known.
    pub(crate) fn refuse_double(&self) -> Result<(), Failure> {
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
