//! A log subscriber for programs that set none.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Logs to stderr what `RUST_LOG` asks for, by default `info`; does nothing if the program has set
/// a subscriber already. [`KafkaApp::run`](super::KafkaApp::run) calls it.
pub fn log_to_stderr(default_filter: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // An error means that there is a subscriber.
    let _ = subscriber.try_init();
}
