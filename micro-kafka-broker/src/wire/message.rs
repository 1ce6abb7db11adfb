//! The declarative message macro.

use std::ops::RangeInclusive;

use super::reflect::Structure;
use super::value::{Shape, Wire};

/// A request or response body.
pub(crate) trait Message: Wire + Default {
    /// Versions that can be read and written.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields.
    const FLEXIBLE_FROM: i16;

    /// The layout of a version.
    fn shape(version: i16) -> Shape {
        Shape {
            version,
            flexible: version >= Self::FLEXIBLE_FROM,
            nullable: true,
        }
    }
}

/// A request body, with the key of its API and the response that answers it.
pub(crate) trait Request: Message + Structure + Clone {
    /// The API's key.
    const KEY: i16;
    /// The body of the answer.
    type Response: Message + Structure + Clone;
}

/// Whether a tagged field must be written.
pub(crate) fn differs<T: PartialEq>(value: &T, default: &T) -> bool {
    value != default
}

/// Defines the messages of one API: each once, as fields with version ranges.
///
/// ```text
/// api! {
///     key 3, versions 0..=13, flexible 9;
///
///     request MetadataRequest {
///         topics: Option<Vec<Topic>> [0.., nullable 1..],   // all versions; may be null from 1 on
///         allow_auto_topic_creation: bool [4..] = true,     // from version 4 on; else `true`
///         cluster_id: Option<String> [12.., tag 0],         // a tagged field
///     }
///     response MetadataResponse { … }
///     struct Topic { … }
/// }
/// ```
///
/// A field without a range is in all versions, an `Option` without `nullable` may be null in
/// all of them. A field that a version lacks reads as its default and is not written. Tagged
/// fields are written where they differ from their default, in ascending order of tags.
macro_rules! api {
    (
        key $key:literal, versions $min:literal ..= $max:literal, flexible $flexible:literal;

        $(#[$request_meta:meta])*
        request $request:ident $request_fields:tt

        $(#[$response_meta:meta])*
        response $response:ident $response_fields:tt

        $( $(#[$meta:meta])* struct $name:ident $fields:tt )*
    ) => {
        $crate::wire::message::structure! { $(#[$request_meta])* $request $request_fields }
        $crate::wire::message::structure! { $(#[$response_meta])* $response $response_fields }
        $( $crate::wire::message::structure! { $(#[$meta])* $name $fields } )*
        $crate::wire::message::reflected! { $request $request_fields }
        $crate::wire::message::reflected! { $response $response_fields }
        $( $crate::wire::message::reflected! { $name $fields } )*

        impl $crate::wire::Message for $request {
            const VERSIONS: std::ops::RangeInclusive<i16> = $min..=$max;
            const FLEXIBLE_FROM: i16 = $flexible;
        }
        impl $crate::wire::Message for $response {
            const VERSIONS: std::ops::RangeInclusive<i16> = $min..=$max;
            const FLEXIBLE_FROM: i16 = $flexible;
        }
        impl $crate::wire::Request for $request {
            const KEY: i16 = $key;
            type Response = $response;
        }
    };
}

macro_rules! structure {
    (
        $(#[$meta:meta])* $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident : $type:ty
                    $([ $range:expr $(, nullable $nullable:expr)? $(, tag $tag:literal)? ])?
                    $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name {
            $( $(#[$field_meta])* pub(crate) $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $crate::wire::message::default_of!($($default)?), )* }
            }
        }

        impl $crate::wire::Wire for $name {
            fn decode(
                reader: &mut $crate::wire::Reader,
                shape: $crate::wire::Shape,
            ) -> Result<Self, $crate::wire::DecodeError> {
                #[allow(unused_mut, reason = "a structure may have no fields")]
                let mut message = Self::default();
                $( $crate::wire::message::decode_plain! {
                    message.$field, reader, shape,
                    [$($range)?] [$($($nullable)?)?] [$($($tag)?)?]
                } )*
                if shape.flexible {
                    reader.tagged_fields(|_tag, _value| {
                        $( $crate::wire::message::decode_tagged! {
                            message.$field, _value, shape, _tag,
                            [$($range)?] [$($($nullable)?)?] [$($($tag)?)?]
                        } )*
                        Ok(false)
                    })?;
                }
                Ok(message)
            }

            fn encode(&self, writer: &mut $crate::wire::Writer, shape: $crate::wire::Shape) {
                $( $crate::wire::message::encode_plain! {
                    self.$field, writer, shape,
                    [$($range)?] [$($($nullable)?)?] [$($($tag)?)?]
                } )*
                if shape.flexible {
                    #[allow(unused_mut, reason = "a structure may have no tagged fields")]
                    let mut tagged = $crate::wire::TaggedFields::default();
                    $( $crate::wire::message::encode_tagged! {
                        self.$field, tagged, shape, [$($default)?],
                        [$($range)?] [$($($nullable)?)?] [$($($tag)?)?]
                    } )*
                    writer.tagged_fields(tagged);
                }
            }
        }

        #[cfg(test)]
        impl $crate::wire::Sample for $name {
            fn sample(rng: &mut rand::rngs::StdRng, shape: $crate::wire::Shape) -> Self {
                #[allow(unused_mut, reason = "a structure may have no fields")]
                let mut message = Self::default();
                $( if $crate::wire::message::in_version!(shape, $($range)?) {
                    let shape = shape.nullable(
                        $crate::wire::message::in_version!(shape, $($($nullable)?)?)
                    );
                    message.$field = $crate::wire::Sample::sample(rng, shape);
                } )*
                message
            }
        }
    };
}

/// Makes the fields of a structure known by their names.
macro_rules! reflected {
    (
        $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident : $type:ty
                    $([ $range:expr $(, nullable $nullable:expr)? $(, tag $tag:literal)? ])?
                    $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        impl $crate::wire::Reflect for $name {
            fn node(&mut self) -> $crate::wire::Node<'_> {
                $crate::wire::Node::Structure(self)
            }
        }

        impl $crate::wire::Structure for $name {
            fn visit(
                &mut self,
                version: i16,
                visit: &mut dyn FnMut(&'static str, $crate::wire::Node<'_>),
            ) {
                let shape = $crate::wire::Shape { version, flexible: true, nullable: true };
                let _ = shape;
                $( if $crate::wire::message::in_version!(shape, $($range)?) {
                    visit(stringify!($field), $crate::wire::Reflect::node(&mut self.$field));
                } )*
            }

            fn throttle_time_ms(&self) -> i32 {
                $( if stringify!($field) == $crate::wire::reflect::THROTTLE_TIME {
                    return $crate::wire::Reflect::int(&self.$field);
                } )*
                0
            }
        }
    };
}

macro_rules! default_of {
    () => {
        Default::default()
    };
    ($default:expr) => {
        $default
    };
}

macro_rules! in_version {
    ($shape:ident,) => {
        true
    };
    ($shape:ident, $range:expr) => {
        ($range).contains(&$shape.version)
    };
}

macro_rules! decode_plain {
    ($message:ident.$field:ident, $reader:ident, $shape:ident, [$($range:expr)?] [$($nullable:expr)?] []) => {
        if $crate::wire::message::in_version!($shape, $($range)?) {
            let shape = $shape.nullable($crate::wire::message::in_version!($shape, $($nullable)?));
            $message.$field = $crate::wire::Wire::decode($reader, shape)
                .map_err(|error| error.at(stringify!($field)))?;
        }
    };
    ($($tagged:tt)*) => {};
}

macro_rules! decode_tagged {
    ($message:ident.$field:ident, $value:ident, $shape:ident, $tag:ident, [$($range:expr)?] [$($nullable:expr)?] []) => {};
    ($message:ident.$field:ident, $value:ident, $shape:ident, $tag:ident, [$($range:expr)?] [$($nullable:expr)?] [$own:literal]) => {
        if $tag == $own && $crate::wire::message::in_version!($shape, $($range)?) {
            let shape = $shape.nullable($crate::wire::message::in_version!($shape, $($nullable)?));
            $message.$field = $crate::wire::Wire::decode($value, shape)
                .map_err(|error| error.at(stringify!($field)))?;
            return Ok(true);
        }
    };
}

macro_rules! encode_plain {
    ($this:ident.$field:ident, $writer:ident, $shape:ident, [$($range:expr)?] [$($nullable:expr)?] []) => {
        if $crate::wire::message::in_version!($shape, $($range)?) {
            let shape = $shape.nullable($crate::wire::message::in_version!($shape, $($nullable)?));
            $crate::wire::Wire::encode(&$this.$field, $writer, shape);
        }
    };
    ($($tagged:tt)*) => {};
}

macro_rules! encode_tagged {
    ($this:ident.$field:ident, $tagged:ident, $shape:ident, [$($default:expr)?], [$($range:expr)?] [$($nullable:expr)?] []) => {};
    ($this:ident.$field:ident, $tagged:ident, $shape:ident, [$($default:expr)?], [$($range:expr)?] [$($nullable:expr)?] [$own:literal]) => {
        if $crate::wire::message::in_version!($shape, $($range)?)
            && $crate::wire::message::differs(
                &$this.$field,
                &$crate::wire::message::default_of!($($default)?),
            )
        {
            let shape = $shape.nullable($crate::wire::message::in_version!($shape, $($nullable)?));
            $tagged.add($own, |writer| $crate::wire::Wire::encode(&$this.$field, writer, shape));
        }
    };
}

pub(crate) use {
    decode_plain, decode_tagged, default_of, encode_plain, encode_tagged, in_version, reflected,
    structure,
};
