//! Headers as they stand on the wire: names are bytes, values may be null, both may repeat.

use std::borrow::Cow;

use super::OwnedHeader;
use crate::client::NativeHeaders;

/// One header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderRef<'r> {
    /// The name's bytes; Kafka asks for UTF-8 but no broker checks it.
    pub raw_name: &'r [u8],
    /// The value's bytes; `None` where it is null.
    pub value: Option<&'r [u8]>,
}

impl<'r> HeaderRef<'r> {
    /// The name, with bytes that are not UTF-8 replaced.
    #[must_use]
    pub fn name(&self) -> Cow<'r, str> {
        String::from_utf8_lossy(self.raw_name)
    }
}

/// The headers of a record, in order.
#[derive(Debug, Clone)]
pub struct Headers<'r>(Source<'r>);

#[derive(Debug, Clone)]
enum Source<'r> {
    Native(NativeHeaders<'r>),
    Owned(std::slice::Iter<'r, OwnedHeader>),
}

impl<'r> Headers<'r> {
    pub(crate) fn native(headers: NativeHeaders<'r>) -> Self {
        Self(Source::Native(headers))
    }

    pub(crate) fn owned(headers: &'r [OwnedHeader]) -> Self {
        Self(Source::Owned(headers.iter()))
    }

    /// The last header of that name, as Kafka's `lastHeader`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<HeaderRef<'r>> {
        self.clone()
            .filter(|header| header.raw_name == name.as_bytes())
            .last()
    }
}

impl<'r> Iterator for Headers<'r> {
    type Item = HeaderRef<'r>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Native(headers) => headers.next(),
            Source::Owned(headers) => headers.next().map(|header| HeaderRef {
                raw_name: &header.name,
                value: header.value.as_deref(),
            }),
        }
    }
}
