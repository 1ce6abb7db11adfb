//! The thread of one consumer: runs its loop, and replaces a consumer that is beyond help.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::StartFrom;
use super::StopReport;
use super::command::Command;
use super::consumer_loop::{ConsumerLoop, Exit, LoopSeat};
use super::event::ContainerEvent;
use super::health::HealthReason;
use super::in_flight::panic_text;
use crate::client::{Beginning, ClientError, KafkaConsumer, Spot};

/// The first wait before a consumer is replaced; it doubles from there.
const WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(30);
/// A consumer that ran this long begins again with the first wait.
const HEALTHY: Duration = Duration::from_secs(60);

/// One consumer of a container.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) seat: LoopSeat,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) properties: Vec<(String, String)>,
}

impl Worker {
    /// Joins the group.
    pub(super) fn connect(&self) -> Result<KafkaConsumer, ClientError> {
        let endpoint = &self.seat.endpoint;
        if !endpoint.topic_partitions.is_empty() {
            return KafkaConsumer::by_hand(&self.properties, &self.share());
        }
        match &endpoint.topic_pattern {
            Some(pattern) => {
                KafkaConsumer::subscribe(&self.properties, std::slice::from_ref(pattern))
            }
            None => KafkaConsumer::subscribe(&self.properties, &endpoint.topics),
        }
    }

    /// This consumer's part of the partitions that are read by hand.
    fn share(&self) -> Vec<(String, i32, Beginning)> {
        let endpoint = &self.seat.endpoint;
        let all = endpoint.topic_partitions.iter().flat_map(|partitions| {
            let beginning = beginning(partitions.from);
            let each = partitions.partitions.iter();
            each.map(move |partition| (partitions.topic.clone(), *partition, beginning))
        });
        let own = (0..endpoint.concurrency.max(1))
            .cycle()
            .zip(all)
            .filter(|(consumer, _)| *consumer == self.seat.number);
        own.map(|(_, partition)| partition).collect()
    }

    /// Runs until it is stopped; `first` has joined already.
    pub(super) async fn run(mut self, first: KafkaConsumer) -> StopReport {
        let mut consumer = Some(first);
        let mut attempt = 0_u32;
        loop {
            let started = Instant::now();
            let reason = match consumer.take() {
                Some(consumer) => match self.run_loop(consumer).await {
                    Ok(report) => {
                        let consumer = self.seat.number;
                        let event = ContainerEvent::ConsumerStopped { consumer };
                        self.seat.events.tell(event);
                        return report;
                    }
                    Err(reason) => reason,
                },
                None => match self.connect() {
                    Ok(connected) => {
                        consumer = Some(connected);
                        continue;
                    }
                    Err(error) => error.to_string(),
                },
            };
            attempt = if started.elapsed() > HEALTHY {
                1
            } else {
                attempt.saturating_add(1)
            };
            let wait = WAIT.saturating_mul(1 << (attempt - 1).min(5)).min(MAX_WAIT);
            tracing::error!(
                listener = &*self.seat.endpoint.id,
                consumer = self.seat.number,
                reason,
                attempt,
                ?wait,
                "a consumer is beyond help and will be replaced"
            );
            self.seat.events.tell(ContainerEvent::ConsumerFailed {
                consumer: self.seat.number,
                reason: reason.clone(),
                retry_in: wait,
            });
            self.seat
                .status
                .set_consumer_trouble(Some(HealthReason::Restarting {
                    consumer: self.seat.number,
                    reason,
                    attempt,
                }));
            if self.is_stopped_within(wait).await {
                return StopReport::default();
            }
        }
    }

    async fn run_loop(&mut self, consumer: KafkaConsumer) -> Result<StopReport, String> {
        let number = self.seat.number;
        let event = ContainerEvent::ConsumerStarted { consumer: number };
        self.seat.events.tell(event);
        let running = ConsumerLoop::new(&self.seat, consumer, &mut self.commands).run();
        match AssertUnwindSafe(running).catch_unwind().await {
            Ok(Exit::Stopped(report)) => Ok(report),
            Ok(Exit::Fatal(reason)) => Err(reason),
            Err(panic) => {
                let of_others = |partition: &super::AssignedPartition| partition.consumer != number;
                self.seat
                    .assignment
                    .send_modify(|all| all.retain(of_others));
                Err(format!("its loop panicked: {}", panic_text(&*panic)))
            }
        }
    }

    async fn is_stopped_within(&mut self, wait: Duration) -> bool {
        let until = tokio::time::Instant::now() + wait;
        loop {
            match tokio::time::timeout_at(until, self.commands.recv()).await {
                Err(_elapsed) => return false,
                Ok(None | Some(Command::Stop | Command::Abandon | Command::RuntimeEnds)) => {
                    return true;
                }
                Ok(Some(Command::Progress(answer))) => {
                    let _ = answer.send(Vec::new());
                }
                // Dropped: the asker hears it, and asks again.
                Ok(Some(
                    Command::Quiet(_) | Command::Paused | Command::Unpark | Command::Seek(_),
                )) => {}
            }
        }
    }
}

fn beginning(from: StartFrom) -> Beginning {
    match from {
        StartFrom::Committed => Beginning::Committed,
        StartFrom::Earliest => Beginning::At(Spot::Beginning),
        StartFrom::Latest => Beginning::At(Spot::End),
        StartFrom::BeforeEnd(count) => Beginning::BeforeEnd(count),
        StartFrom::Offset(offset) => Beginning::Offset(offset),
        StartFrom::Time(millis) => Beginning::At(Spot::Timestamp(millis)),
        StartFrom::Ago(duration) => Beginning::At(Spot::Timestamp(millis_before_now(duration))),
    }
}

/// Records have their makers' time, which is the real one.
fn millis_before_now(duration: Duration) -> i64 {
    let since = SystemTime::now().checked_sub(duration);
    let since = since.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
