//! Orders read from JSON and written, by the framework's codec and by bare `serde_json`.

use std::hint::black_box;
use std::time::Instant;

use micro_kafka::codec::{FromPayload, ToPayload};
use micro_kafka::prelude::Json;

use super::{KEYS, Task, Who, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;
use crate::order::Order;

/// Reads and writes the task's records and prints what they cost.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let payloads: Vec<_> = (0..KEYS)
        .map(|number| Order::numbered(number).json())
        .collect();
    let repeat = match task.who {
        Who::Plain => by_serde_json,
        _ => by_codec,
    };
    let mut buffer = Vec::new();
    let start = Instant::now();
    for (_, payload) in (0..task.records).zip(payloads.iter().cycle()) {
        buffer.clear();
        repeat(black_box(payload), &mut buffer)?;
        black_box(&buffer);
    }
    print_sample(&Sample::now(start.elapsed()))
}

fn by_serde_json(payload: &[u8], buffer: &mut Vec<u8>) -> Result<(), BenchError> {
    let order: Order = serde_json::from_slice(payload).map_err(BenchError::Sample)?;
    serde_json::to_writer(buffer, black_box(&order)).map_err(BenchError::Sample)
}

fn by_codec(payload: &[u8], buffer: &mut Vec<u8>) -> Result<(), BenchError> {
    let Json(order) = Json::<Order>::from_payload(Some(payload))?;
    Json(black_box(&order)).to_payload(buffer)?;
    Ok(())
}
