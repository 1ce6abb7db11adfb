//! A month of real departures from New York, handled by annotated listeners.
//!
//! Run with `cargo run --release -p flights`, or with `-- --help` to see what else it does.

mod args;
mod broker;
mod departures;
mod error;
mod progress;
mod service;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;
use flights::flight::Flight;
use flights::tally::Tally;
use micro_kafka::prelude::*;

/// Why a flight is not handled, and what becomes of its record.
#[derive(Debug, thiserror::Error, Classify)]
enum FlightError {
    #[error("the flight was cancelled")]
    #[kafka(dead_letter)]
    Cancelled,
    #[error("the flight has not arrived")]
    #[kafka(retry)]
    NoArrival,
}

#[kafka_listener(topics = "flights", group_id = "arrivals")]
async fn arrive(
    Json(flight): Json<Flight>,
    #[header("run")] run: Option<&str>,
    State(tally): State<Tally>,
) -> Result<(), FlightError> {
    flight.departed.ok_or(FlightError::Cancelled)?;
    flight.arrival_delay.ok_or(FlightError::NoArrival)?;
    tally.handled(run, &flight);
    Ok(())
}

#[kafka_listener(topics = "flights-dlt", group_id = "claims")]
async fn give_up(
    Json(flight): Json<Flight>,
    why: Failure,
    #[header("run")] run: Option<&str>,
    State(tally): State<Tally>,
) {
    tally.dead_lettered(run, &flight, &why.error);
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = args::Args::parse();
    match service::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flights: {}", error.with_causes());
            ExitCode::FAILURE
        }
    }
}
