//! Its listeners, from the start until SIGTERM.

mod bugs;
mod listeners;
mod sends;
mod stuck;
mod waiting;
mod work;

use std::io;

use micro_kafka::KafkaApp;
use micro_kafka::config::Config;
use micro_kafka::template::ErrorHook;
use micro_kafka_proof::history::History;

use crate::Args;
use work::Bugs;

/// Short sessions, so that partitions of a killed process are soon taken over; a stop outlasts them,
/// since its last commit may have to wait until the group has thrown out who was killed.
const SETTINGS: &str = r#"
[kafka]
shutdown-timeout = "30s"

[kafka.consumer.properties]
"session.timeout.ms" = 6000
"heartbeat.interval.ms" = 500

[kafka.listener]
concurrency = 2

[kafka.listener.retry]
attempts = 3
backoff = "5ms"
"#;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the history cannot be written")]
    History(#[source] io::Error),
    #[error(transparent)]
    App(#[from] micro_kafka::Error),
}

pub(crate) async fn run(args: Args) -> Result<(), Error> {
    let history = History::create(&args.history).map_err(Error::History)?;
    micro_kafka::app::log_to_stderr("warn,micro_kafka::error=off");
    let settings = Config::builder()
        .toml_str("settings of the proof", SETTINGS)
        .env(std::env::vars())
        .set("kafka.bootstrap-servers", &args.bootstrap_servers);
    let app = KafkaApp::builder().config_from(settings).state(history);
    let app = app.error_hook(ErrorHook::new(|_| {}));
    let app = app.state(Bugs(args.with_bugs)).build()?;
    if let Some(topic) = &args.sends_to {
        sends::without_end(app.template(), topic);
    }
    app.run().await?;
    Ok(())
}
