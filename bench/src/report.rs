//! The table, and the lines that say whether targets are met.

use crate::meter::Sample;
use crate::pairs::{Metric, spread};

/// How a row's wall time is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Microseconds a record.
    PerRecord,
    /// Milliseconds of the whole run.
    Whole,
    /// Megabytes a second, with so many bytes a record.
    Throughput(u16),
    /// Microseconds: the sample's wall time is a median already, and 99 of 100 take the other time
    /// at most.
    Median,
}

/// One side of one comparison.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) what: &'a str,
    pub(crate) broker: &'a str,
    pub(crate) side: &'a str,
    pub(crate) shown: Shown,
    pub(crate) records: u64,
    pub(crate) samples: &'a [Sample],
}

/// A ratio, and the one to be reached.
#[derive(Debug)]
pub(crate) struct Part {
    label: &'static str,
    ratio: f64,
    target: Option<f64>,
}

impl Part {
    /// A ratio that is told only.
    pub(crate) fn of(label: &'static str, ratio: f64) -> Self {
        Self {
            label,
            ratio,
            target: None,
        }
    }

    /// A ratio that must reach `target`.
    pub(crate) fn at_least(self, target: f64) -> Self {
        Self {
            target: Some(target),
            ..self
        }
    }
}

/// Prints rows as they come, and keeps the closing lines for the end.
#[derive(Debug, Default)]
pub(crate) struct Report {
    head: bool,
    closing: Vec<String>,
}

impl Report {
    /// Prints a row.
    #[expect(clippy::print_stdout, reason = "the table is the result")]
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        if !std::mem::replace(&mut self.head, true) {
            println!(
                "{:<18} {:<16} {:<12} {:<34} {:<28} memory",
                "what", "broker", "side", "wall [least-most]", "CPU [least-most]"
            );
        }
        println!("{row}");
    }

    /// Keeps the line that closes a scenario.
    pub(crate) fn close(&mut self, scenario: &str, broker: &str, parts: &[Part]) {
        self.closing.push(closing_line(scenario, broker, parts));
    }

    /// Keeps a line of another kind.
    pub(crate) fn note(&mut self, line: String) {
        self.closing.push(line);
    }

    /// Prints the closing lines.
    #[expect(clippy::print_stdout, reason = "the table is the result")]
    pub(crate) fn finish(&self) {
        println!();
        for line in &self.closing {
            println!("{line}");
        }
    }
}

fn closing_line(scenario: &str, broker: &str, parts: &[Part]) -> String {
    let ratios: String = parts
        .iter()
        .map(|part| format!(" {}={:.2}", part.label, part.ratio))
        .collect();
    let mut targets: Vec<String> = parts
        .iter()
        .filter_map(|part| part.target)
        .map(|target| ((target * 1e3).round() / 1e3).to_string())
        .collect();
    targets.dedup();
    let met = parts
        .iter()
        .all(|part| part.target.is_none_or(|target| part.ratio >= target));
    let verdict = if met { "met" } else { "missed" };
    format!(
        "{scenario} {broker}{ratios} target={} {verdict}",
        targets.join("/")
    )
}

impl std::fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |metric| spread(self.samples, metric);
        let records = u32::try_from(self.records).map_or(f64::INFINITY, f64::from);
        let wall = match self.shown {
            Shown::PerRecord => told(of(Metric::Wall).map(|ns| ns / 1e3 / records), "us/record"),
            Shown::Whole => told(of(Metric::Wall).map(|ns| ns / 1e6), "ms"),
            Shown::Throughput(bytes) => {
                let [least, median, most] =
                    of(Metric::Wall).map(|ns| records * f64::from(bytes) / (ns / 1e3));
                told([most, median, least], "MB/s")
            }
            Shown::Median => {
                let [_, rare, _] = of(Metric::Other).map(|ns| ns / 1e3);
                let usual = told(of(Metric::Wall).map(|ns| ns / 1e3), "us");
                format!("{usual} p99 {rare:.0} us")
            }
        };
        let cpu = match self.shown {
            Shown::Whole => told(of(Metric::Cpu).map(|ns| ns / 1e6), "ms"),
            _ => told(of(Metric::Cpu).map(|ns| ns / 1e3 / records), "us/record"),
        };
        let [_, memory, _] = of(Metric::Memory).map(|kib| kib / 1024.0);
        let Self {
            what, broker, side, ..
        } = self;
        write!(
            f,
            "{what:<18} {broker:<16} {side:<12} {wall:<34} {cpu:<28} {memory:.1} MiB"
        )
    }
}

fn told([least, median, most]: [f64; 3], unit: &str) -> String {
    let places = if median < 10.0 { 2 } else { 0 };
    format!("{median:.places$} {unit} [{least:.places$}-{most:.places$}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_must_be_reached() {
        let parts = |cpu| {
            [
                Part::of("wall", 1.5).at_least(1.2),
                Part::of("cpu", cpu).at_least(1.2),
            ]
        };
        assert_eq!(
            closing_line("listener-json", "apache", &parts(1.2)),
            "listener-json apache wall=1.50 cpu=1.20 target=1.2 met"
        );
        assert_eq!(
            closing_line("listener-json", "apache", &parts(1.1)),
            "listener-json apache wall=1.50 cpu=1.10 target=1.2 missed"
        );
    }

    #[test]
    fn a_ratio_without_a_target_is_told_only() {
        let parts = [Part::of("wall", 7.0).at_least(6.5), Part::of("cpu", 0.5)];
        assert_eq!(
            closing_line("startup", "embedded", &parts),
            "startup embedded wall=7.00 cpu=0.50 target=6.5 met"
        );
    }

    #[test]
    fn a_ratio_that_could_not_be_computed_misses() {
        let parts = [Part::of("wall", f64::NAN).at_least(1.0)];
        assert!(closing_line("template", "apache", &parts).ends_with("missed"));
    }

    #[test]
    fn throughput_tells_the_slowest_run_first() {
        let samples = [500_000_000, 1_000_000_000].map(|wall| Sample {
            wall,
            cpu: 0,
            memory: 2_048,
            other: 0,
            sharers: 0,
        });
        let row = Row {
            what: "w",
            broker: "b",
            side: "s",
            shown: Shown::Throughput(1_000),
            records: 1_000_000,
            samples: &samples,
        };
        assert!(row.to_string().contains("[1000-2000]"), "{row}");
        assert!(row.to_string().ends_with("2.0 MiB"), "{row}");
    }
}
