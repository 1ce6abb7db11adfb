//! Other attributes, patterns and raw names are kept as they are.
#![deny(warnings)]

use micro_kafka::prelude::*;

/// Documented.
#[doc(alias = "pay")]
#[allow(unused_mut, clippy::unused_async)]
#[kafka_listener(topics = "orders")]
#[must_use]
#[inline]
#[tracing::instrument(skip_all)]
async fn charge(mut key: Key<&[u8]>, _: Meta, Json((first, ..)): Json<(u8, u8)>) -> Result<(), String> {
    let _ = (key, first);
    Ok(())
}

#[kafka_listener(topics = "orders")]
async fn r#match(r#type: &str) {
    let _ = r#type;
}

macro_rules! listener {
    ($name:ident, $topic:expr, [$($more:literal),*], $payload:ty) => {
        #[kafka_listener(topics = $topic, group_id = $topic, properties = [$($more),*])]
        async fn $name(payload: $payload) {
            let _ = payload;
        }
    };
}

listener!(made, "orders", ["debug=all"], Json<Vec<u8>>);

fn main() {
    let mut ids: Vec<_> = micro_kafka::listener::LISTENERS.iter().map(|l| l.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["charge", "made", "match"]);
}
