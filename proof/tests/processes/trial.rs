//! One run from the first record to the verdict.

use std::path::Path;
use std::time::Duration;

use micro_kafka_proof::check::{Evidence, Verdict, check};

use super::folder::Folder;
use super::kafka::{Kafka, LISTENERS};
use super::member::{Member, Start};
use super::schedule::{MEMBERS, Schedule};
use super::traffic;

const PARTITIONS: u32 = 6;

#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) records: u64,
    /// Of each listener.
    pub(crate) keys: u64,
    pub(crate) schedule: Schedule,
    /// Whether the records are spread over the time, or all sent before the service starts.
    pub(crate) paced: bool,
    /// Further arguments of the service.
    pub(crate) service: &'static [&'static str],
    /// Whether a new process is the same member as the one before, and so has its partitions at once.
    pub(crate) static_members: bool,
    /// Further environment variables of the service.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

impl Trial {
    /// The verdict, and where the histories and logs are.
    pub(crate) async fn run(&self) -> (Verdict, Folder) {
        let (kafka, folder) = (Kafka::start(&LISTENERS, PARTITIONS).await, Folder::new());
        let time = self.schedule.time;
        let traffic = traffic::send(
            &kafka.template,
            self.records,
            self.keys,
            if self.paced { time } else { Duration::ZERO },
        );
        let (sent, members) = if self.paced {
            tokio::join!(traffic, self.members(&kafka, folder.path()))
        } else {
            (traffic.await, self.members(&kafka, folder.path()).await)
        };
        kafka.all_is_committed().await;
        let mut processes = Vec::new();
        for member in members {
            processes.extend(member.end().await);
        }
        (check(&Evidence { sent, processes }), folder)
    }

    /// The members, when all has been done to them.
    async fn members(&self, kafka: &Kafka, folder: &Path) -> Vec<Member> {
        let mut tasks = Vec::new();
        for (number, deeds) in (0..MEMBERS).zip(self.schedule.deeds.clone()) {
            let mut member = Member::start(self.start(number, kafka, folder));
            tasks.push(tokio::spawn(async move {
                member.suffer(&deeds).await;
                member
            }));
        }
        let mut members = Vec::new();
        for task in tasks {
            members.push(task.await.unwrap());
        }
        members
    }

    fn start(&self, number: usize, kafka: &Kafka, folder: &Path) -> Start {
        let own = self.settings.iter();
        let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let name = format!("member-{number}");
        let instance = self.static_members.then_some(name.clone());
        let instance = instance.map(|own| ("KAFKA__LISTENER__GROUP_INSTANCE_ID".to_owned(), own));
        let namespace = ("KAFKA__NAMESPACE".to_owned(), kafka.namespace.clone());
        Start {
            name,
            folder: folder.to_owned(),
            bootstrap: kafka.bootstrap.clone(),
            arguments: self.service.iter().map(|&word| word.to_owned()).collect(),
            variables: own.chain([namespace]).chain(instance).collect(),
        }
    }
}

/// A number that the environment says.
pub(crate) fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(format!("MICRO_KAFKA_PROOF_{name}")).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{name} = {text}: {error}")),
    )
}
