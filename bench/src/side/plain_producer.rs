//! Sends one writes by hand: `FutureProducer` with a window of 10,000 deliveries.

use std::collections::VecDeque;
use std::time::Instant;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::{KEYS, Task, WINDOW, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;
use crate::order::Order;

/// Sends the task's records and prints what they cost; wall time runs from the first send to the
/// last acknowledgement. One more goes first: it connects, and gets the producer its id, for which
/// librdkafka takes half a second.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Runtime::new().map_err(BenchError::Output)?;
    print_sample(&runtime.block_on(pipelined(task))?)
}

async fn pipelined(task: &Task) -> Result<Sample, BenchError> {
    let producer: FutureProducer = task.producer().create()?;
    let orders: Vec<Order> = (0..KEYS).map(Order::numbered).collect();
    let json = orders.iter().map(Order::json).collect::<Vec<_>>();
    acknowledged(enqueue(&producer, &task.topic, &orders[0].key, &json[0]).await?).await?;
    let start = Instant::now();
    let mut window = VecDeque::with_capacity(WINDOW);
    for (_, (order, payload)) in (0..task.records).zip(orders.iter().zip(&json).cycle()) {
        if window.len() == WINDOW
            && let Some(oldest) = window.pop_front()
        {
            acknowledged(oldest).await?;
        }
        window.push_back(enqueue(&producer, &task.topic, &order.key, payload).await?);
    }
    for delivery in window {
        acknowledged(delivery).await?;
    }
    Ok(Sample::now(start.elapsed()))
}

async fn enqueue(
    producer: &FutureProducer,
    topic: &str,
    key: &str,
    payload: &[u8],
) -> Result<DeliveryFuture, BenchError> {
    let mut record = FutureRecord::to(topic).key(key).payload(payload);
    loop {
        match producer.send_result(record) {
            Ok(delivery) => return Ok(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                record = same
            }
            Err((error, _)) => return Err(error.into()),
        }
        tokio::task::yield_now().await;
    }
}

async fn acknowledged(delivery: DeliveryFuture) -> Result<(), BenchError> {
    match delivery.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(error.into()),
        Err(_) => Err(BenchError::Panicked),
    }
}
