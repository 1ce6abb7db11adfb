//! The steps of continuous integration, in the order they run.

mod clients;
mod confluent;
mod cores;
mod disk;
mod examples;
mod features;
mod programs;
pub(crate) mod step;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

pub(crate) use clients::tool;
pub(crate) use step::Run;
pub use step::{CiError, Step};
pub(crate) use steps::on;

/// The names of all steps, in their order.
#[must_use]
pub fn step_names() -> Vec<&'static str> {
    names_of(steps::ALL)
}

/// The names of steps, in their order.
pub(crate) fn names_of(steps: &[Step]) -> Vec<&'static str> {
    steps.iter().map(|step| step.name).collect()
}

/// Runs the named steps, or all; a failed step does not keep the later ones from running.
///
/// # Errors
/// Only when nothing could be run at all; failed steps are told on stderr and by the exit code.
pub fn run(names: &[String]) -> Result<ExitCode, CiError> {
    run_steps(steps::ALL, names)
}

/// Runs the named ones of these steps, or all.
pub(crate) fn run_steps(steps: &[Step], names: &[String]) -> Result<ExitCode, CiError> {
    let chosen = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    cores::allow();
    let outcomes: Vec<Outcome> = steps.iter().filter(chosen).map(perform).collect();
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.error.is_some())
        .count();
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    eprintln!(
        "\n---- {} steps, {failed} failed, {}",
        outcomes.len(),
        minutes(total)
    );
    for Outcome { name, took, error } in &outcomes {
        let result = if error.is_none() { "ok" } else { "FAILED" };
        eprintln!("{name:<16} {:>8}  {result}", minutes(*took));
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Outcome {
    name: &'static str,
    took: Duration,
    error: Option<CiError>,
}

fn perform(step: &Step) -> Outcome {
    eprintln!("\n---- {}: {}", step.name, step.about);
    let (start, began) = (Instant::now(), SystemTime::now());
    let error = (step.run)().err();
    let took = start.elapsed();
    cores::collect(began, error.is_some());
    let result = error
        .as_ref()
        .map_or_else(|| "ok".to_owned(), |error| format!("FAILED: {error}"));
    eprintln!("---- {}: {result} ({})", step.name, minutes(took));
    Outcome {
        name: step.name,
        took,
        error,
    }
}

fn minutes(time: Duration) -> String {
    format!("{}m{:02}s", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_minutes_and_seconds() {
        assert_eq!(minutes(Duration::from_millis(125_900)), "2m05s");
    }

    #[test]
    fn no_two_steps_share_a_name() {
        let mut names = step_names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), steps::ALL.len());
    }
}
