//! The job: the departures are sent, handled and counted.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use flights::airlines::Airlines;
use flights::flight::Flight;
use flights::summary::Progress;
use flights::tally::Tally;
use micro_kafka::KafkaApp;
use micro_kafka::app::log_to_stderr;
use micro_kafka::config::{Config, ConfigErrors};

use crate::args::{Args, Chore};
use crate::broker::{self, Kafka};
use crate::error::Error;
use crate::{departures, progress};

/// What is logged unless RUST_LOG says otherwise: not each of the flights that are meant to fail.
const LOG: &str = "warn,micro_kafka::error=off";

/// Does what the command line asks for.
pub(crate) async fn run(args: Args) -> Result<(), Error> {
    if let Some(Chore::Broker { file }) = &args.chore {
        return Ok(broker::run(file).await?);
    }
    log_to_stderr(LOG);
    let flights = Flight::january_2013()?;
    let tally = match &args.journal {
        Some(file) => Tally::with_journal(file, &flights)?,
        None => Tally::new(),
    };
    let kafka = Kafka::of(&args).await?;
    if kafka.is_new() && tally.unfinished() > 0 {
        return Err(Error::Gone(tally.unfinished()));
    }
    let app = KafkaApp::builder()
        .config(settings(&kafka)?)
        .state(tally.clone())
        .build()?;
    let topic = departures::create_topic(app.template()).await;
    topic.map_err(|source| Error::Topic {
        servers: kafka.bootstrap_servers(),
        source,
    })?;
    if args.serve {
        serve(app, &flights, &tally).await
    } else {
        run_once(app, &flights, &tally, Duration::from_secs(args.patience)).await
    }
}

/// The settings of the usual places; of the example's own folder when the built program is run
/// from elsewhere.
fn settings(kafka: &Kafka) -> Result<Config, ConfigErrors> {
    let usual = || {
        Config::builder()
            .discover()
            .set("kafka.bootstrap-servers", kafka.bootstrap_servers())
    };
    let config = usual().build()?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("application.toml");
    if config.sources().is_empty() && own.exists() {
        return usual().file(own).build();
    }
    Ok(config)
}

/// Until every flight has come to its end, or none does for so long that the rest count as lost.
async fn run_once(
    app: KafkaApp,
    flights: &[Flight],
    tally: &Tally,
    patience: Duration,
) -> Result<(), Error> {
    let kafka = app.template().clone();
    let app = app.start().await?;
    let bar = tokio::spawn(progress::show(tally.progress(), flights.len()));
    let sent = departures::send(&kafka, flights, tally).await;
    if sent.is_ok() {
        ended(tally, flights.len(), patience).await;
    }
    app.stop().await;
    bar.abort();
    sent?;
    print(tally, "lost")?;
    match tally.unfinished() {
        0 => Ok(()),
        lost => Err(Error::Lost { lost, patience }),
    }
}

/// Until SIGTERM or Ctrl-C.
async fn serve(app: KafkaApp, flights: &[Flight], tally: &Tally) -> Result<(), Error> {
    let kafka = app.template().clone();
    let app = app.start().await?;
    tokio::spawn(progress::show(tally.progress(), flights.len()));
    let job = async {
        departures::send(&kafka, flights, tally).await?;
        ended(tally, flights.len(), Duration::MAX).await;
        print(tally, "lost")?;
        std::future::pending().await
    };
    tokio::select! {
        stopped = app.until_signal() => stopped?,
        result = job => return result,
    }
    match tally.unfinished() {
        0 => print(tally, "lost"),
        _ => print(tally, "on their way"),
    }
}

/// Waits until that many flights were sent and have come to their end, or none does for so long.
async fn ended(tally: &Tally, flights: usize, patience: Duration) {
    let mut progress = tally.progress();
    loop {
        let Progress { sent, ended } = *progress.borrow_and_update();
        if sent.min(ended) >= flights {
            return;
        }
        if tokio::time::timeout(patience, progress.changed())
            .await
            .is_err()
        {
            return;
        }
    }
}

fn print(tally: &Tally, lost: &str) -> Result<(), Error> {
    let table = tally.table(&Airlines::of_2013()?, lost);
    writeln!(io::stdout(), "{table}").map_err(Error::Print)
}
