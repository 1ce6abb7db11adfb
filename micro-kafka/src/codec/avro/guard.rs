//! Looks through Avro's bytes before anything is made of them.

use std::fmt::Write as _;

use apache_avro::Schema;
use apache_avro::schema::{NamesRef, NamespaceRef, RecordField};

use crate::codec::{Misfit, PayloadSource};

/// How much a payload may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Records, arrays, maps and unions within one another.
    pub(super) depth: usize,
}

/// Values are made by recursion, by several calls a level: builds without optimisation need room.
const MOST_DEPTH: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Self { depth: MOST_DEPTH }
    }
}

impl Limits {
    pub(super) fn of(source: &PayloadSource<'_>) -> Self {
        Self {
            depth: source.limits().max_depth.min(MOST_DEPTH),
        }
    }
}

/// Items that take no bytes, such as nulls, may be this many in a block.
const EMPTY_ITEMS: usize = 1_024;

/// Whether the bytes are one value of the schema, and nothing else.
pub(super) fn check(
    schema: &Schema,
    names: &NamesRef<'_>,
    bytes: &[u8],
    limits: Limits,
) -> Result<(), Misfit> {
    let mut walk = Walk {
        bytes,
        at: 0,
        path: String::new(),
        depth: limits.depth,
        max_depth: limits.depth,
    };
    walk.value(schema, names, None)?;
    match walk.at == bytes.len() {
        true => Ok(()),
        false => {
            walk.path.clear();
            Err(walk.misfit("bytes are left over"))
        }
    }
}

struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
    /// The fields around the present place.
    path: String,
    /// How much deeper it may go.
    depth: usize,
    max_depth: usize,
}

impl Walk<'_> {
    fn misfit(&self, reason: impl Into<String>) -> Misfit {
        let field = match self.path.trim_start_matches('.') {
            "" => String::new(),
            path => format!(" (`{path}`)"),
        };
        Misfit {
            format: "Avro",
            place: format!(" at byte {}{field}", self.at),
            reason: reason.into(),
        }
    }

    fn value(
        &mut self,
        schema: &Schema,
        names: &NamesRef<'_>,
        namespace: NamespaceRef<'_>,
    ) -> Result<(), Misfit> {
        match schema {
            Schema::Null => Ok(()),
            Schema::Boolean => match self.byte()? {
                0 | 1 => Ok(()),
                _ => Err(self.misfit("no boolean")),
            },
            Schema::Int | Schema::Date | Schema::TimeMillis => self.int().map(drop),
            Schema::Long
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => self.long().map(drop),
            Schema::Float => self.skip(4),
            Schema::Double => self.skip(8),
            Schema::Bytes | Schema::BigDecimal => self.bytes().map(drop),
            Schema::String => self.text(),
            Schema::Uuid(_) | Schema::Decimal(_) => self.logical(schema),
            Schema::Duration(fixed) => self.skip(fixed.size),
            Schema::Fixed(fixed) => self.skip(fixed.size),
            Schema::Enum(symbols) => {
                let index = self.int()?;
                let known = usize::try_from(index).is_ok_and(|it| it < symbols.symbols.len());
                match known {
                    true => Ok(()),
                    false => Err(self.misfit("no symbol of the enum")),
                }
            }
            Schema::Array(array) => {
                self.inner(|walk| walk.blocks(|walk| walk.value(&array.items, names, namespace)))
            }
            Schema::Map(map) => self.inner(|walk| {
                walk.blocks(|walk| {
                    walk.text()?;
                    walk.value(&map.types, names, namespace)
                })
            }),
            Schema::Union(union) => {
                let index = self.long()?;
                let variant = usize::try_from(index).ok();
                let variant = variant.and_then(|index| union.variants().get(index));
                let Some(variant) = variant else {
                    return Err(self.misfit("no branch of the union"));
                };
                self.inner(|walk| walk.value(variant, names, namespace))
            }
            Schema::Record(record) => {
                let name = record.name.fully_qualified_name(namespace);
                self.inner(|walk| walk.fields(&record.fields, names, name.namespace()))
            }
            Schema::Ref { name } => {
                let name = name.fully_qualified_name(namespace);
                match names.get(name.as_ref()) {
                    Some(schema) => self.value(schema, names, name.namespace()),
                    None => Err(self.misfit("a type that the schema does not have")),
                }
            }
        }
    }

    fn logical(&mut self, schema: &Schema) -> Result<(), Misfit> {
        use apache_avro::schema::{InnerDecimalSchema, UuidSchema};
        match schema {
            Schema::Uuid(UuidSchema::String) => self.text(),
            Schema::Uuid(UuidSchema::Fixed(fixed)) => self.skip(fixed.size),
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Fixed(fixed) => self.skip(fixed.size),
                InnerDecimalSchema::Bytes => self.bytes().map(drop),
            },
            _ => self.bytes().map(drop),
        }
    }

    fn fields(
        &mut self,
        fields: &[RecordField],
        names: &NamesRef<'_>,
        namespace: NamespaceRef<'_>,
    ) -> Result<(), Misfit> {
        for field in fields {
            let length = self.path.len();
            let _ = write!(self.path, ".{}", field.name);
            self.value(&field.schema, names, namespace)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn inner(&mut self, walk: impl FnOnce(&mut Self) -> Result<(), Misfit>) -> Result<(), Misfit> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(self.misfit(format!("deeper than {} levels", self.max_depth)));
        };
        self.depth = depth;
        walk(self)?;
        self.depth += 1;
        Ok(())
    }

    /// The blocks of an array or a map.
    fn blocks(&mut self, item: impl Fn(&mut Self) -> Result<(), Misfit>) -> Result<(), Misfit> {
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // Its size in bytes follows; whether it is true shows when the items are read.
                let size = self.long()?;
                if usize::try_from(size).map_or(true, |size| size > self.left()) {
                    return Err(self.misfit("a block longer than the payload"));
                }
            }
            let count = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            if count > self.left().max(EMPTY_ITEMS) {
                return Err(self.misfit("more items than the payload has bytes"));
            }
            for _ in 0..count {
                item(self)?;
            }
        }
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn skip(&mut self, count: usize) -> Result<(), Misfit> {
        match count <= self.left() {
            true => {
                self.at += count;
                Ok(())
            }
            false => Err(self.misfit(format!("{} bytes where {count} are needed", self.left()))),
        }
    }

    fn byte(&mut self) -> Result<u8, Misfit> {
        let byte = self.bytes.get(self.at).copied();
        let byte = byte.ok_or_else(|| self.misfit("the payload ends too early"))?;
        self.at += 1;
        Ok(byte)
    }

    fn int(&mut self) -> Result<i32, Misfit> {
        let number = self.long()?;
        i32::try_from(number).map_err(|_| self.misfit("no 32-bit integer"))
    }

    /// A zigzag varint of at most ten bytes.
    fn long(&mut self) -> Result<i64, Misfit> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err(self.misfit("an integer of more than 64 bits"))
    }

    fn bytes(&mut self) -> Result<&[u8], Misfit> {
        let length = self.long()?;
        let Ok(length) = usize::try_from(length) else {
            return Err(self.misfit("a negative length"));
        };
        let start = self.at;
        self.skip(length)?;
        Ok(&self.bytes[start..self.at])
    }

    fn text(&mut self) -> Result<(), Misfit> {
        let valid = std::str::from_utf8(self.bytes()?).map(drop);
        valid.map_err(|_| self.misfit("not valid UTF-8"))
    }
}
