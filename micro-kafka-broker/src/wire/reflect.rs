//! Messages by the names of their fields, for what must work on any of them: faults and the
//! journal. Nothing on the way of ordinary requests looks at messages this way.

use std::fmt;

use bytes::Bytes;

use super::records::Records;
use super::uuid::Uuid;
use super::value::OrNull;

/// The field of answers that tells a client to keep quiet.
pub(crate) const THROTTLE_TIME: &str = "throttle_time_ms";

/// A field of a message.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// A small number.
    Byte(&'a mut i8),
    /// A short number.
    Short(&'a mut i16),
    /// A number.
    Int(&'a mut i32),
    /// A long number.
    Long(&'a mut i64),
    /// A text.
    Text(&'a mut String),
    /// A text that may be missing.
    MaybeText(&'a mut Option<String>),
    /// A topic's id.
    Id(&'a mut Uuid),
    /// An error.
    Error(&'a mut crate::api::ErrorCode),
    /// Records on their way out.
    Records(&'a mut Records),
    /// Elements of one kind.
    List(&'a mut dyn List),
    /// Fields with names.
    Structure(&'a mut dyn Structure),
    /// Anything else, or nothing.
    Other,
}

/// Something that messages are made of.
pub(crate) trait Reflect: Sized + Send {
    /// What it is.
    fn node(&mut self) -> Node<'_>;

    /// Its value, if it is a number of 32 bits.
    fn int(&self) -> i32 {
        0
    }

    /// What it is where it may be missing.
    fn maybe(this: &mut Option<Self>) -> Node<'_> {
        this.as_mut().map_or(Node::Other, Self::node)
    }
}

/// Fields with names.
pub(crate) trait Structure: fmt::Debug + Send {
    /// How long a client is told to keep quiet, in an answer.
    fn throttle_time_ms(&self) -> i32;
    /// Visits the fields that a version has.
    fn visit(&mut self, version: i16, visit: &mut dyn FnMut(&'static str, Node<'_>));
}

/// Elements of one kind.
pub(crate) trait List: fmt::Debug + Send {
    /// How many there are.
    fn count(&self) -> usize;
    /// The nth.
    fn nth(&mut self, nth: usize) -> Node<'_>;
    /// Adds one with nothing but defaults.
    fn grow(&mut self);
    /// Takes the nth out.
    fn take(&mut self, nth: usize);
}

impl<T: Reflect + Default + fmt::Debug> List for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn nth(&mut self, nth: usize) -> Node<'_> {
        self.get_mut(nth).map_or(Node::Other, T::node)
    }

    fn grow(&mut self) {
        self.push(T::default());
    }

    fn take(&mut self, nth: usize) {
        if nth < self.len() {
            self.remove(nth);
        }
    }
}

macro_rules! reflect {
    ($($type:ty => $kind:ident,)*) => {$(
        impl Reflect for $type {
            fn node(&mut self) -> Node<'_> {
                Node::$kind(self)
            }
        }
    )*};
}

reflect! {
    i8 => Byte,
    i16 => Short,
    i64 => Long,
    Uuid => Id,
    crate::api::ErrorCode => Error,
    Records => Records,
}

impl Reflect for i32 {
    fn node(&mut self) -> Node<'_> {
        Node::Int(self)
    }

    fn int(&self) -> i32 {
        *self
    }
}

impl Reflect for String {
    fn node(&mut self) -> Node<'_> {
        Node::Text(self)
    }

    fn maybe(this: &mut Option<Self>) -> Node<'_> {
        Node::MaybeText(this)
    }
}

impl<T: Reflect + Default + fmt::Debug> Reflect for Vec<T> {
    fn node(&mut self) -> Node<'_> {
        Node::List(self)
    }
}

impl<T: Reflect> Reflect for Option<T> {
    fn node(&mut self) -> Node<'_> {
        T::maybe(self)
    }
}

macro_rules! opaque {
    ($($type:ty),*) => {$(
        impl Reflect for $type {
            fn node(&mut self) -> Node<'_> {
                Node::Other
            }
        }
    )*};
}

opaque!(bool, u16, Bytes);

impl<T: Send> Reflect for OrNull<T> {
    fn node(&mut self) -> Node<'_> {
        Node::Other
    }
}
