//! The broker as a program.

mod cli;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = cli::Args::of_program();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match args.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A log line may be filtered away; this must be seen.
            let _ = writeln!(std::io::stderr(), "micro-kafka-broker: {failure}");
            ExitCode::FAILURE
        }
    }
}
