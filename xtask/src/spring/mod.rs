//! A Spring service beside ours: `interop/`.

mod console;
mod service;

use std::process::ExitCode;

use clap::Args;

use crate::ci::{CiError, Run};
use service::Service;

/// How a Spring service and ours are brought together.
#[derive(Debug, Args)]
pub struct Options {
    /// A broker that runs already
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_servers: String,
    /// The talks; none: all
    talks: Vec<String>,
}

/// Starts the service and has it talk with ours.
///
/// # Errors
/// When the service does not start, or a talk fails.
pub fn run(options: &Options) -> Result<ExitCode, CiError> {
    talk(&options.bootstrap_servers, &options.talks).map(|()| ExitCode::SUCCESS)
}

/// Talks of a run have topics and groups of their own.
pub(crate) fn talk(bootstrap: &str, talks: &[String]) -> Result<(), CiError> {
    Run::cargo("build --quiet --locked -p interop").check()?;
    let namespace = format!("spring-{}", std::process::id());
    let with_console = talks.is_empty() || talks.iter().any(|talk| talk == console::TALK);
    if with_console {
        console::produce(bootstrap, &namespace)?;
    }
    let _service = Service::start(bootstrap, &namespace)?;
    Run::cargo("run --quiet --locked -p interop --")
        .arguments(["--bootstrap-servers", bootstrap, "--namespace", &namespace])
        .arguments(talks)
        .check()?;
    if with_console {
        console::consume(bootstrap, &namespace)?;
    }
    Ok(())
}
