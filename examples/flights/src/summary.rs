//! What became of the flights of one run.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::airlines::Airlines;
use crate::flight::Flight;

/// A flight's steps through the service: it is sent, and then ends in one of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The broker acknowledged its record.
    Sent,
    /// A listener handled it.
    Handled,
    /// It never left, and was read from the dead letters.
    Cancelled,
    /// It left and did not arrive as planned, and was read from the dead letters.
    NoArrival,
}

/// How far a run has come, in flights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Acknowledged by the broker.
    pub sent: usize,
    /// Handled or dead-lettered.
    pub ended: usize,
}

/// Counts distinct flights: a record delivered twice counts once.
#[derive(Debug, Default)]
pub struct Summary {
    sent: HashSet<String>,
    ends: HashMap<String, Step>,
    airlines: BTreeMap<String, Delays>,
}

#[derive(Debug, Default)]
struct Delays {
    flights: u32,
    minutes: i32,
}

impl Summary {
    /// Counts a step of a flight; whether it is new.
    pub fn count(&mut self, flight: &Flight, step: Step) -> bool {
        if step == Step::Sent {
            return self.sent.insert(flight.id());
        }
        let is_new = !self.ends.contains_key(&flight.id());
        if is_new {
            self.ends.insert(flight.id(), step);
        }
        if is_new && step == Step::Handled {
            let airline = self.airlines.entry(flight.carrier.clone()).or_default();
            airline.flights += 1;
            airline.minutes += i32::from(flight.arrival_delay.unwrap_or_default());
        }
        is_new
    }

    /// Whether the broker acknowledged the flight's record.
    #[must_use]
    pub fn is_sent(&self, flight: &Flight) -> bool {
        self.sent.contains(&flight.id())
    }

    /// How far the run has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            sent: self.sent.len(),
            ended: self.ends.len(),
        }
    }

    /// How many of the sent flights were neither handled nor dead-lettered.
    #[must_use]
    pub fn lost(&self) -> usize {
        let lost = |id: &&String| !self.ends.contains_key(*id);
        self.sent.iter().filter(lost).count()
    }

    /// The table by airline and the last line, ready to print. Flights without an end are `lost`,
    /// or whatever else they are called.
    #[must_use]
    pub fn table(&self, airlines: &Airlines, lost: &str) -> String {
        let (code, name, flights, mean) = ("code", "name", "flights", "mean arrival delay");
        let mut table = format!("{code:<4}  {name:<28}  {flights:>7}  {mean:>18}\n");
        for (code, Delays { flights, minutes }) in &self.airlines {
            let name = airlines.name(code);
            let mean = f64::from(*minutes) / f64::from(*flights);
            table += &format!("{code:<4}  {name:<28}  {flights:>7}  {mean:>18.2}\n");
        }
        table + &self.last_line(lost)
    }

    fn last_line(&self, lost: &str) -> String {
        let count = |step| self.ends.values().filter(|end| **end == step).count();
        let (sent, handled) = (self.sent.len(), count(Step::Handled));
        let (cancelled, no_arrival) = (count(Step::Cancelled), count(Step::NoArrival));
        let (dead_lettered, rest) = (cancelled + no_arrival, self.lost());
        format!(
            "{sent} sent, {handled} handled, {dead_lettered} dead-lettered \
             ({cancelled} cancelled, {no_arrival} no arrival), {rest} {lost}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by awk: see `data/README.md`.
    const EXPECTED: &str = include_str!("../data/expected.txt");

    fn end(flight: &Flight) -> Step {
        match (flight.departed, flight.arrival_delay) {
            (None, _) => Step::Cancelled,
            (_, None) => Step::NoArrival,
            _ => Step::Handled,
        }
    }

    fn summary<'a>(flights: impl IntoIterator<Item = &'a Flight>) -> Summary {
        let mut summary = Summary::default();
        for flight in flights {
            summary.count(flight, Step::Sent);
            summary.count(flight, end(flight));
        }
        summary
    }

    #[test]
    fn the_table_equals_the_one_computed_by_awk() {
        let summary = summary(&Flight::january_2013().unwrap());
        let table = summary.table(&Airlines::of_2013().unwrap(), "lost");
        assert_eq!(table, EXPECTED.trim_end());
    }

    #[test]
    fn a_flight_delivered_twice_counts_once() {
        let flights = Flight::january_2013().unwrap();
        let summary = summary(flights[..100].iter().chain(&flights[..100]));
        let all = Progress {
            sent: 100,
            ended: 100,
        };
        assert_eq!((summary.progress(), summary.lost()), (all, 0));
        let by_airline = summary.airlines.values().map(|delays| delays.flights);
        assert_eq!(by_airline.sum::<u32>(), 100);
    }

    #[test]
    fn a_sent_flight_without_an_end_is_lost() {
        let flights = Flight::january_2013().unwrap();
        let mut summary = summary(&flights[..3]);
        summary.count(&flights[3], Step::Sent);
        assert_eq!(summary.lost(), 1);
        // One that the listener has, and whose acknowledgement is still to come, is not.
        summary.count(&flights[4], Step::Handled);
        assert_eq!(summary.lost(), 1);
    }
}
