//! Sends the departures.

use flights::flight::Flight;
use flights::tally::Tally;
use micro_kafka::admin::{AdminError, NewTopic};
use micro_kafka::codec::Json;
use micro_kafka::template::{KafkaTemplate, SendBuilder, SendError};

/// The topic that listeners read.
pub(crate) const TOPIC: &str = "flights";

const PARTITIONS: u32 = 6;

/// Creates the topic unless it exists.
pub(crate) async fn create_topic(kafka: &KafkaTemplate) -> Result<(), AdminError> {
    let topic = NewTopic::new(TOPIC).partitions(PARTITIONS);
    kafka.admin().create_topics(&[topic]).await?;
    Ok(())
}

/// Sends what the run has not sent yet, flights of one aeroplane in their order: all of them are
/// queued at once, and counted as the broker acknowledges them.
pub(crate) async fn send(
    kafka: &KafkaTemplate,
    flights: &[Flight],
    tally: &Tally,
) -> Result<(), SendError> {
    let mut deliveries = Vec::new();
    for flight in flights.iter().filter(|flight| !tally.is_sent(flight)) {
        deliveries.push((flight, record(kafka, flight, tally).queue().await?));
    }
    for (flight, delivery) in deliveries {
        match delivery.await {
            Ok(_) => {}
            // A broker that does not lead the new partition yet may lose a record of the first
            // batches. Sending it again is safe: a flight counts once.
            Err(error) if error.maybe_stored() => drop(record(kafka, flight, tally).await?),
            Err(error) => return Err(error),
        }
        tally.sent(flight);
    }
    Ok(())
}

fn record(kafka: &KafkaTemplate, flight: &Flight, tally: &Tally) -> SendBuilder {
    let record = kafka.send(TOPIC, Json(flight)).header("run", tally.run());
    match &flight.tail {
        Some(tail) => record.key(tail),
        None => record,
    }
}
