//! What became of the flights of one run.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use crate::airlines::Airlines;
use crate::flight::Flight;

/// Why a flight was not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It never left.
    Cancelled,
    /// It left and did not arrive as planned.
    NoArrival,
}

/// Counts distinct flights: a record delivered twice counts once.
#[derive(Debug, Default)]
pub struct Summary {
    sent: HashSet<String>,
    handled: HashSet<String>,
    cancelled: HashSet<String>,
    no_arrival: HashSet<String>,
    airlines: BTreeMap<String, Delays>,
}

#[derive(Debug, Default)]
struct Delays {
    flights: u32,
    minutes: i32,
}

impl Summary {
    /// Counts a flight that was acknowledged by the broker.
    pub fn sent(&mut self, flight: &Flight) {
        self.sent.insert(flight.id());
    }

    /// Counts a flight that was handled, with its delay at the destination.
    pub fn handled(&mut self, flight: &Flight, delay: i16) {
        if self.handled.insert(flight.id()) {
            let airline = self.airlines.entry(flight.carrier.clone()).or_default();
            airline.flights += 1;
            airline.minutes += i32::from(delay);
        }
    }

    /// Counts a flight that was read from the dead letters.
    pub fn dead_lettered(&mut self, flight: &Flight, reason: Reason) {
        match reason {
            Reason::Cancelled => self.cancelled.insert(flight.id()),
            Reason::NoArrival => self.no_arrival.insert(flight.id()),
        };
    }

    /// How many flights have found their end.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.sent.len() - self.lost()
    }

    /// How many of the sent flights were neither handled nor dead-lettered.
    #[must_use]
    pub fn lost(&self) -> usize {
        let ended = |id: &&String| {
            [&self.handled, &self.cancelled, &self.no_arrival]
                .iter()
                .any(|ends| ends.contains(*id))
        };
        self.sent.len() - self.sent.iter().filter(ended).count()
    }

    /// The table by airline and the last line, ready to print.
    #[must_use]
    pub fn table<'a>(&'a self, airlines: &'a Airlines) -> impl fmt::Display + use<'a> {
        Table {
            summary: self,
            airlines,
        }
    }
}

struct Table<'a> {
    summary: &'a Summary,
    airlines: &'a Airlines,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<4}  {:<28}  {:>7}  {:>18}",
            "code", "name", "flights", "mean arrival delay"
        )?;
        for (code, Delays { flights, minutes }) in &self.summary.airlines {
            let mean = f64::from(*minutes) / f64::from(*flights);
            writeln!(
                f,
                "{code:<4}  {:<28}  {flights:>7}  {mean:>18.2}",
                self.airlines.name(code)
            )?;
        }
        let Summary {
            sent,
            handled,
            cancelled,
            no_arrival,
            ..
        } = self.summary;
        write!(
            f,
            "{} sent, {} handled, {} dead-lettered ({} cancelled, {} no arrival), {} lost",
            sent.len(),
            handled.len(),
            cancelled.len() + no_arrival.len(),
            cancelled.len(),
            no_arrival.len(),
            self.summary.lost(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by awk: see `data/README.md`.
    const EXPECTED: &str = include_str!("../data/expected.txt");

    fn end(summary: &mut Summary, flight: &Flight) {
        match (flight.departed, flight.arrival_delay) {
            (None, _) => summary.dead_lettered(flight, Reason::Cancelled),
            (_, None) => summary.dead_lettered(flight, Reason::NoArrival),
            (_, Some(delay)) => summary.handled(flight, delay),
        }
    }

    #[test]
    fn the_table_equals_the_one_computed_by_awk() {
        let mut summary = Summary::default();
        for flight in Flight::january_2013().unwrap() {
            summary.sent(&flight);
            end(&mut summary, &flight);
        }
        let table = summary.table(&Airlines::of_2013().unwrap()).to_string();
        assert_eq!(table, EXPECTED.trim_end());
    }

    #[test]
    fn a_flight_delivered_twice_counts_once() {
        let flights = Flight::january_2013().unwrap();
        let mut summary = Summary::default();
        for flight in flights[..100].iter().chain(&flights[..100]) {
            summary.sent(flight);
            end(&mut summary, flight);
        }
        assert_eq!((summary.settled(), summary.lost()), (100, 0));
        assert_eq!(
            summary
                .airlines
                .values()
                .map(|delays| delays.flights)
                .sum::<u32>(),
            100
        );
    }

    #[test]
    fn a_sent_flight_without_an_end_is_lost() {
        let flights = Flight::january_2013().unwrap();
        let mut summary = Summary::default();
        flights[..3].iter().for_each(|flight| summary.sent(flight));
        end(&mut summary, &flights[0]);
        assert_eq!((summary.settled(), summary.lost()), (1, 2));
    }
}
