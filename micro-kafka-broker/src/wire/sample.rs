//! Random messages for the tests.

use bytes::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::records::Records;
use super::uuid::Uuid;
use super::value::{OrNull, Shape};
use crate::batch::{BatchBuilder, Codec};

/// A topic that brokers under test have.
pub(crate) const KNOWN_TOPIC: &str = "orders";

/// A value that can be made up, valid in the given version.
pub(crate) trait Sample {
    /// Makes a value up.
    fn sample(rng: &mut StdRng, shape: Shape) -> Self;
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Sample for $type {
            fn sample(rng: &mut StdRng, _: Shape) -> Self {
                match rng.random_range(0..4) {
                    0 => 0,
                    1 => -1,
                    2 => Self::MAX,
                    _ => rng.random(),
                }
            }
        }
    )*};
}

number!(i8, i16, i32, i64);

impl Sample for u16 {
    fn sample(rng: &mut StdRng, _: Shape) -> Self {
        rng.random()
    }
}

impl Sample for bool {
    fn sample(rng: &mut StdRng, _: Shape) -> Self {
        rng.random()
    }
}

impl Sample for Uuid {
    fn sample(rng: &mut StdRng, _: Shape) -> Self {
        Self(rng.random())
    }
}

impl Sample for String {
    fn sample(rng: &mut StdRng, _: Shape) -> Self {
        // Now and then something that a broker under test has.
        if rng.random_ratio(1, 3) {
            return KNOWN_TOPIC.to_owned();
        }
        // Around 127 bytes a compact length takes a second byte.
        let len = [0, 1, 7, 126, 127, 128][rng.random_range(0..6)];
        let mut text: Self = (0..len).map(|_| rng.random_range('a'..='z')).collect();
        if rng.random_ratio(1, 8) {
            text.push('é');
        }
        text
    }
}

impl Sample for Bytes {
    fn sample(rng: &mut StdRng, _: Shape) -> Self {
        if rng.random_ratio(1, 3) {
            let records = BatchBuilder::new().value("a").value("b");
            return records
                .codec(*[Codec::None, Codec::Lz4].choose(rng).unwrap())
                .build();
        }
        // Around 1,024 bytes the writer begins to splice.
        let len = [0, 1, 61, 127, 1023, 1024, 5000][rng.random_range(0..7)];
        (0..len).map(|_| rng.random::<u8>()).collect()
    }
}

impl Sample for Records {
    fn sample(rng: &mut StdRng, shape: Shape) -> Self {
        (0..rng.random_range(0..3))
            .map(|_| Bytes::sample(rng, shape))
            .collect()
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(rng: &mut StdRng, shape: Shape) -> Self {
        (0..rng.random_range(0..4))
            .map(|_| T::sample(rng, shape))
            .collect()
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(rng: &mut StdRng, shape: Shape) -> Self {
        let null = shape.nullable && rng.random_ratio(1, 4);
        (!null).then(|| T::sample(rng, shape))
    }
}

impl<T: Sample> Sample for OrNull<T> {
    fn sample(rng: &mut StdRng, shape: Shape) -> Self {
        Self(rng.random::<bool>().then(|| T::sample(rng, shape)))
    }
}
