//! A departure, as it travels through Kafka.

use serde::{Deserialize, Serialize};

use crate::csv::{self, CsvError, Row};

const COLUMNS: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,\
    arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour";
const JANUARY_2013: &str = include_str!("../data/flights-2013-01.csv");

/// One departure. Times are local, as in `1530`; delays are minutes, negative when early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// The day, as in `2013-01-31`.
    pub date: String,
    /// The airline's code.
    pub carrier: String,
    /// The flight's number.
    pub number: u16,
    /// The tail number of the aeroplane, if one was assigned.
    pub tail: Option<String>,
    /// The airport it leaves.
    pub origin: String,
    /// The airport it flies to.
    pub destination: String,
    /// When it should have left.
    pub scheduled: u16,
    /// When it left; `None` when it was cancelled.
    pub departed: Option<u16>,
    /// How late it left.
    pub departure_delay: Option<i16>,
    /// When it arrived.
    pub arrived: Option<u16>,
    /// How late it arrived; `None` when it did not arrive as planned.
    pub arrival_delay: Option<i16>,
    /// Minutes in the air.
    pub air_time: Option<u16>,
    /// Miles between the airports.
    pub distance: u16,
}

impl Flight {
    /// The departures of January 2013 from New York's three airports, in the order of their dates.
    ///
    /// # Errors
    /// When the data was damaged.
    pub fn january_2013() -> Result<Vec<Self>, CsvError> {
        Self::read(JANUARY_2013)
    }

    /// Reads departures from the form of nycflights13.
    ///
    /// # Errors
    /// When columns or values are not as expected: the message names line and column.
    pub fn read(text: &str) -> Result<Vec<Self>, CsvError> {
        csv::rows(text, COLUMNS)?
            .map(|row| Self::from_row(&row?))
            .collect()
    }

    /// What tells a flight from all others of the month.
    #[must_use]
    pub fn id(&self) -> String {
        let Self {
            date,
            carrier,
            number,
            origin,
            scheduled,
            ..
        } = self;
        format!("{date} {carrier}{number} {origin} {scheduled:04}")
    }

    fn from_row(row: &Row<'_>) -> Result<Self, CsvError> {
        let (year, month, day) = (
            row.value::<u16>("year")?,
            row.value::<u8>("month")?,
            row.value::<u8>("day")?,
        );
        Ok(Self {
            date: format!("{year}-{month:02}-{day:02}"),
            carrier: row.value("carrier")?,
            number: row.value("flight")?,
            tail: row.known("tailnum")?,
            origin: row.value("origin")?,
            destination: row.value("dest")?,
            scheduled: row.value("sched_dep_time")?,
            departed: row.known("dep_time")?,
            departure_delay: row.known("dep_delay")?,
            arrived: row.known("arr_time")?,
            arrival_delay: row.known("arr_delay")?,
            air_time: row.known("air_time")?,
            distance: row.value("distance")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_month_has_27004_departures_that_ids_tell_apart() {
        let flights = Flight::january_2013().unwrap();
        let ids: HashSet<String> = flights.iter().map(Flight::id).collect();
        assert_eq!((flights.len(), ids.len()), (27_004, 27_004));
    }

    #[test]
    fn missing_values_are_none() {
        let line =
            "2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,NA,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z";
        let flight = Flight::read(&format!("{COLUMNS}\n{line}\n"))
            .unwrap()
            .remove(0);
        assert_eq!(flight.id(), "2013-01-01 EV4308 EWR 1630");
        assert_eq!(
            (flight.tail, flight.departed, flight.arrival_delay),
            (None, None, None)
        );
    }

    #[test]
    fn json_brings_the_same_flight_back() {
        for flight in Flight::january_2013().unwrap().into_iter().step_by(501) {
            let json = serde_json::to_vec(&flight).unwrap();
            assert_eq!(serde_json::from_slice::<Flight>(&json).unwrap(), flight);
        }
    }
}
