//! Runs sides as child processes of this program.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Instant;

use crate::broker::Broker;
use crate::error::BenchError;
use crate::meter::Sample;
use crate::peer;
use crate::side::{Task, Who, Work};

/// Where the numbers of groups begin of a bench that is another's with a setting turned.
const TURNED: u32 = 1_000_000;

/// How often a side runs at most until both of its consumers take part.
const MOST_RUNS: u32 = 20;

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Records of one run.
    pub(crate) records: u64,
    /// Pairs that count.
    pub(crate) pairs: u32,
    /// The side that is measured beside the plain one.
    pub(crate) ours: Who,
    /// Records that a template has on its way, instead of its default.
    in_flight: Option<usize>,
    /// Further properties of both sides' consumers.
    properties: Vec<(String, String)>,
    groups: Cell<u32>,
}

impl Bench {
    /// A bench of this size.
    pub(crate) fn new(
        records: u64,
        pairs: u32,
        ours: Who,
        in_flight: Option<usize>,
        properties: Vec<(String, String)>,
    ) -> Self {
        Self {
            records,
            pairs,
            ours,
            in_flight,
            properties,
            groups: Cell::new(0),
        }
    }

    /// The same with further properties, whose groups are others.
    pub(crate) fn with_properties(&self, more: &[(&str, &str)]) -> Self {
        let more = more.iter();
        let more = more.map(|&(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            properties: self.properties.iter().cloned().chain(more).collect(),
            groups: Cell::new(TURNED),
            ..*self
        }
    }

    /// Runs one side in a process and a group of its own; once more as long as only one of its two
    /// consumers had the records.
    ///
    /// Of two members that join one after the other, the first has all partitions until its next
    /// heartbeat (3 s) tells of the second, if the broker does not wait for others
    /// (`group.initial.rebalance.delay.ms=0`): which of the two happens is chance, on every side, and
    /// takes longer or shorter than anything else in the run.
    pub(crate) fn side(
        &self,
        broker: &Broker,
        who: Who,
        work: Work,
        topic: &str,
        records: u64,
    ) -> Result<Sample, BenchError> {
        let mut sample = self.once(broker, who, work, topic, records)?;
        for _ in 1..MOST_RUNS {
            if !work.has_two_consumers() || sample.sharers != 1 {
                break;
            }
            sample = self.once(broker, who, work, topic, records)?;
        }
        Ok(sample)
    }

    fn once(
        &self,
        broker: &Broker,
        who: Who,
        work: Work,
        topic: &str,
        records: u64,
    ) -> Result<Sample, BenchError> {
        self.groups.set(self.groups.get() + 1);
        let group = format!("{topic}-{}", self.groups.get());
        let (bootstrap, topic) = (broker.bootstrap().to_owned(), topic.to_owned());
        let task = Task {
            who,
            work,
            bootstrap,
            topic,
            group,
            records,
            in_flight: self.in_flight,
            properties: self.properties.clone(),
        };
        let (sample, to_first_line) = child(&task)?;
        Ok(if work == Work::FirstRecord {
            sample.lasting(to_first_line)
        } else {
            sample
        })
    }

    /// Runs one side that needs no broker.
    pub(crate) fn alone(&self, who: Who, work: Work, records: u64) -> Result<Sample, BenchError> {
        let task = Task {
            who,
            work,
            bootstrap: String::new(),
            topic: String::new(),
            group: String::new(),
            records,
            in_flight: self.in_flight,
            properties: self.properties.clone(),
        };
        child(&task).map(|(sample, _)| sample)
    }

    /// Gives `work` a topic of its own, and removes it.
    pub(crate) fn with_topic<T>(
        &self,
        broker: &Broker,
        partitions: i32,
        work: impl FnOnce(&str) -> Result<T, BenchError>,
    ) -> Result<T, BenchError> {
        self.groups.set(self.groups.get() + 1);
        let topic = format!(
            "micro-kafka-bench-{}-{}",
            std::process::id(),
            self.groups.get()
        );
        broker.create_topic(&topic, partitions)?;
        let done = work(&topic);
        broker.delete_topic(&topic)?;
        done
    }

    /// Fills a topic with orders.
    pub(crate) fn fill(
        &self,
        broker: &Broker,
        topic: &str,
        records: u64,
    ) -> Result<(), BenchError> {
        self.side(broker, Who::Plain, Work::Fill, topic, records)
            .map(drop)
    }
}

/// Runs a side to its end; the sample it printed, and the time from its start to that line.
fn child(task: &Task) -> Result<(Sample, std::time::Duration), BenchError> {
    let mut program = peer::program(task.who)?;
    let arguments = task.arguments();
    let start = Instant::now();
    let mut side = program
        .args(&arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(BenchError::Output)?;
    let mut line = String::new();
    let mut out = side.stdout.take().map(BufReader::new);
    let read = out.as_mut().map_or(Ok(0), |out| out.read_line(&mut line));
    let to_first_line = start.elapsed();
    // The side may print nothing more, but its end must not find a closed pipe.
    let drained = out.map_or(Ok(0), |mut out| out.read_to_string(&mut String::new()));
    let status = side.wait().map_err(BenchError::Output)?;
    read.and(drained).map_err(BenchError::Output)?;
    if !status.success() {
        return Err(BenchError::Side {
            side: arguments.join(" "),
            status,
        });
    }
    let sample = serde_json::from_str(&line).map_err(BenchError::Sample)?;
    Ok((sample, to_first_line))
}
