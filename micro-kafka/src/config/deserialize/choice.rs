//! Texts, and tables of one entry, as enums.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, VariantAccess, Visitor,
};

use super::NodeDeserializer;
use super::failure::Failure;
use crate::config::tree::Entry;

/// One variant of an enum, by its name, with what it holds.
pub(crate) struct Choice<'n> {
    pub(crate) name: &'n str,
    pub(crate) content: Option<&'n Entry>,
    pub(crate) path: &'n str,
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
