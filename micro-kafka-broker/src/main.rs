//! The broker as a program.

mod cli;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use micro_kafka_broker::Loggers;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = cli::Args::of_program();
    match args.run(begin_to_log()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A log line may be filtered away; this must be seen.
            let _ = writeln!(std::io::stderr(), "micro-kafka-broker: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to stderr what `RUST_LOG` says, or warnings, until an admin client changes that.
fn begin_to_log() -> Loggers {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let directives = directives.filter(|directives| EnvFilter::try_new(directives).is_ok());
    let directives = directives.unwrap_or_else(|| "warn".to_owned());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&directives))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter_reloading();
    let filter = subscriber.reload_handle();
    subscriber.init();
    Loggers::new(&directives, move |directives| {
        filter.reload(EnvFilter::try_new(directives)?)?;
        Ok(())
    })
}
