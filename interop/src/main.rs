//! Talks with a Spring service (`spring/`), one after the other; `cargo xtask spring` starts the
//! service and this.
//!
//! A talk is a file in `src/talk/` and, on the other side, a class in `spring/java/service/`.

mod differs;
mod peer;
mod talk;

use std::process::ExitCode;

use clap::Parser;

use crate::peer::Peer;
use crate::talk::{ALL, Talk};

/// Checks what a Spring service and ours have to say to each other
#[derive(Debug, Parser)]
struct Args {
    /// The broker of both
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_servers: String,
    /// The namespace of the Spring service's topics and groups
    #[arg(long)]
    namespace: String,
    /// The talks; none: all
    talks: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let unknown = |name: &&String| ALL.iter().all(|talk| talk.name != **name);
    if let Some(name) = args.talks.iter().find(unknown) {
        let known: Vec<&str> = ALL.iter().map(|talk| talk.name).collect();
        eprintln!("no talk `{name}`: there are {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let peer = match Peer::new(&args.bootstrap_servers, &args.namespace) {
        Ok(peer) => peer,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let chosen = |talk: &&Talk| args.talks.is_empty() || args.talks.iter().any(|n| n == talk.name);
    let mut failed = 0;
    for talk in ALL.iter().filter(chosen) {
        let held = (talk.hold)(&peer).await;
        match held {
            Ok(()) => eprintln!("ok      {:<16} {}", talk.name, talk.about),
            Err(error) => {
                failed += 1;
                eprintln!("FAILED  {:<16} {}: {error}", talk.name, talk.about);
            }
        }
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
