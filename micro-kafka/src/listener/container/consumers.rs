//! How its consumers come to be, each with a thread and a loop of its own.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::ListenerContainer;
use crate::client::AnyClient;
use crate::listener::command::Command;
use crate::listener::consumer_loop::LoopSeat;
use crate::listener::gate::Gate;
use crate::listener::health::ConsumerStatus;
use crate::listener::running::Consumer;
use crate::listener::runtime_end::{Guest, RuntimeEnd};
use crate::listener::transactional::TransactionLine;
use crate::listener::worker::Worker;
use crate::listener::{ConsumerLine, ContainerError, HealthReason, StopReport, watchdog};
use crate::template::{KafkaTemplate, Postage, StagedCommitter, random_prefix};

impl ListenerContainer {
    pub(super) fn spawn(
        &self,
        number: u32,
        stop_all: &mpsc::UnboundedSender<HealthReason>,
        gate: &Gate,
    ) -> Result<(Consumer, AnyClient, Guest), ContainerError> {
        let transactions = self.transactions(number)?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let status = Arc::new(ConsumerStatus::default());
        let worker = Worker {
            seat: LoopSeat {
                number,
                endpoint: Arc::clone(&self.endpoint),
                deps: self.deps.clone(),
                listener: Arc::clone(&self.listener),
                status: Arc::clone(&status),
                stats: Arc::clone(&self.stats),
                assignment: Arc::clone(&self.assignment),
                stop_all: stop_all.clone(),
                pauses: Arc::clone(&self.pauses),
                events: self.events.clone(),
                throttle: self.throttle.clone(),
                line: Some(ConsumerLine::new(
                    &self.pauses,
                    &self.events,
                    &commands,
                    &self.deps,
                )),
                transactions,
            },
            commands: receiver,
            properties: self.properties(number),
        };
        if let Some(throttle) = &self.throttle {
            throttle.register(commands.clone());
        }
        let consumer = worker.connect().map_err(|source| ContainerError::Client {
            listener: self.endpoint.id.to_string(),
            source,
        })?;
        let client = consumer.client();
        let (done, is_done) = watch::channel(None);
        let (end, ended) = std::sync::mpsc::channel();
        let (runtime_end, outlived) = std::sync::mpsc::channel();
        let runtime = self.deps.runtime.clone();
        let gate = gate.clone();
        let thread = std::thread::Builder::new()
            .name(format!("kafka-{}-{number}", self.endpoint.id))
            .spawn(move || {
                let report = runtime.block_on(async {
                    match gate.passed().await {
                        true => worker.run(consumer).await,
                        false => StopReport::default(),
                    }
                });
                done.send_replace(Some(report));
                let _ = end.send(());
                drop(runtime_end);
            })
            .map_err(|source| ContainerError::Thread {
                listener: self.endpoint.id.to_string(),
                source,
            })?;
        let guest = Guest {
            commands: commands.clone(),
            done: is_done.clone(),
            ended: outlived,
        };
        let consumer = Consumer {
            commands,
            status,
            done: is_done,
            ended,
            thread,
        };
        Ok((consumer, client, guest))
    }

    /// The way to the transactions of one consumer, if the listener is transactional. Its ids are
    /// taken over from whoever had them while the consumer joins.
    fn transactions(&self, number: u32) -> Result<Option<Arc<TransactionLine>>, ContainerError> {
        let Some(spec) = &self.endpoint.transaction else {
            return Ok(None);
        };
        let listener = || self.endpoint.id.to_string();
        let kafka = self.deps.states.get::<KafkaTemplate>();
        let committer = kafka.and_then(|kafka| {
            let prefix = spec.id_prefix.clone().unwrap_or_else(random_prefix);
            let id = format!("{prefix}{}-{number}", self.endpoint.id);
            Some((kafka, StagedCommitter::new(kafka, &id, spec.timeout)?))
        });
        let (kafka, committer) = committer.ok_or_else(|| ContainerError::NoTransactions {
            listener: listener(),
        })?;
        let name = format!("kafka-{}-{number}-tx", self.endpoint.id);
        let line = TransactionLine::start(spec.clone(), Postage::of(kafka), committer, name);
        let line = line.map_err(|source| ContainerError::Thread {
            listener: listener(),
            source,
        })?;
        Ok(Some(Arc::new(line)))
    }

    /// The properties of one consumer: its own client id, and a static member's own instance id.
    fn properties(&self, number: u32) -> Vec<(String, String)> {
        let mut properties = self.endpoint.properties.clone();
        for (key, value) in &mut properties {
            if key == "group.instance.id" {
                *value = format!("{value}-{number}");
            }
        }
        properties.retain(|(key, _)| key != "client.id" && key != "group.id");
        let client_id = match self.endpoint.client_id.as_str() {
            "" => &self.endpoint.id,
            given => given,
        };
        properties.push(("client.id".to_owned(), format!("{client_id}-{number}")));
        properties.push(("group.id".to_owned(), self.endpoint.group_id.to_string()));
        properties
    }

    /// Starts the watchdog, and the one who stops all consumers when a record asks for it; another
    /// one ends them with the runtime, and lives as long as they do.
    pub(super) fn guard(
        &self,
        consumers: &[Consumer],
        guests: Vec<Guest>,
        mut stop_requests: mpsc::UnboundedReceiver<HealthReason>,
    ) -> Vec<tokio::task::AbortHandle> {
        let statuses = consumers
            .iter()
            .map(|consumer| Arc::clone(&consumer.status));
        let watchdog = watchdog::watch(
            Arc::clone(&self.endpoint.id),
            statuses.collect(),
            self.events.clone(),
        );
        let commands = consumers.iter().map(|consumer| consumer.commands.clone());
        let commands = commands.collect::<Vec<_>>();
        let stopped_by = Arc::clone(&self.stopped_by);
        let stopper = async move {
            while let Some(reason) = stop_requests.recv().await {
                stopped_by.lock().get_or_insert(reason);
                for consumer in &commands {
                    let _ = consumer.send(Command::Stop);
                }
            }
        };
        let runtime = &self.deps.runtime;
        runtime.spawn(RuntimeEnd::of(guests).watch());
        vec![
            runtime.spawn(watchdog).abort_handle(),
            runtime.spawn(stopper).abort_handle(),
        ]
    }
}
