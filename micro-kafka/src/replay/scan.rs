//! Letters as they are read: partition by partition, a bounded number at a time. Every call blocks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ReplayError;
use crate::client::{AssignedConsumer, TopicPartition};
use crate::record::Record;

/// About how many bytes of letters are in memory at once, beside librdkafka's own.
const BYTES: usize = 4 << 20;
/// How long one look for a record may take.
const LOOK: Duration = Duration::from_millis(100);
/// How long nothing may come of a partition that should have more.
const STALLED: Duration = Duration::from_secs(30);
/// The reader holds little at a time, and sees nothing of aborted transactions.
const SMALL: [(&str, &str); 4] = [
    ("queued.max.messages.kbytes", "4096"),
    ("fetch.message.max.bytes", "1048576"),
    ("fetch.wait.max.ms", "50"),
    ("isolation.level", "read_committed"),
];

/// A piece of a partition that is still to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) from: i64,
    /// What comes from here on came after the beginning.
    pub(super) end: i64,
}

/// Some letters of one partition.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) partition: TopicPartition,
    pub(super) records: Vec<Record>,
    /// Where to go on.
    pub(super) next: i64,
    /// Whether the span is at its end.
    pub(super) done: bool,
}

/// Reads spans one after the other.
#[derive(Debug)]
pub(super) struct Scan {
    settings: Vec<(String, String)>,
    spans: VecDeque<Span>,
    consumer: Option<AssignedConsumer>,
    /// The partition that is being read, and where.
    open: Option<(TopicPartition, Span)>,
}

impl Scan {
    pub(super) fn new(settings: &[(String, String)], spans: Vec<Span>) -> Self {
        let mut settings = settings.to_vec();
        settings.retain(|(name, _)| name != "group.instance.id");
        settings.extend(SMALL.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let spans = spans.into_iter().filter(|span| span.from < span.end);
        Self {
            settings,
            spans: spans.collect(),
            consumer: None,
            open: None,
        }
    }

    /// The next letters, at most so many; `None` at the end of the last span.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Chunk>, ReplayError> {
        if self.open.is_none() && !self.begin()? {
            return Ok(None);
        }
        let (Some(consumer), Some((partition, span))) = (&self.consumer, &mut self.open) else {
            return Ok(None);
        };
        let mut chunk = Chunk {
            partition: partition.clone(),
            records: Vec::new(),
            next: span.from,
            done: false,
        };
        let (mut bytes, mut heard) = (0, Instant::now());
        while chunk.records.len() < most && bytes < BYTES && !chunk.done {
            match consumer.next(LOOK) {
                Some(Ok(record)) if record.offset() >= span.end => {
                    chunk.next = span.end;
                    chunk.done = true;
                }
                Some(Ok(record)) => {
                    heard = Instant::now();
                    chunk.next = record.offset() + 1;
                    chunk.done = chunk.next >= span.end;
                    bytes += size(&record);
                    chunk.records.push(record);
                }
                Some(Err(code)) if !code.is_retriable() => {
                    return Err(ReplayError::unreadable(span, code.to_string()));
                }
                // The rest are records of transactions' ends, or nothing.
                _ if consumer.position(partition) >= Some(span.end) => {
                    chunk.next = span.end;
                    chunk.done = true;
                }
                _ if !chunk.records.is_empty() => break,
                _ if heard.elapsed() > STALLED => {
                    let reason = format!("nothing came within {STALLED:?}");
                    return Err(ReplayError::unreadable(span, reason));
                }
                _ => {}
            }
        }
        span.from = chunk.next;
        if chunk.done {
            self.open = None;
        }
        Ok(Some(chunk))
    }

    /// Turns to the next span; `false` if there is none.
    fn begin(&mut self) -> Result<bool, ReplayError> {
        let Some(span) = self.spans.pop_front() else {
            return Ok(false);
        };
        let partition = TopicPartition::new(&span.topic, span.partition);
        let target = [(partition.clone(), span.from)];
        match &self.consumer {
            Some(consumer) => consumer.assign(&target)?,
            None => {
                let settings = self.settings.clone();
                let made = AssignedConsumer::new(settings, &target, "earliest")?;
                self.consumer = Some(made);
            }
        }
        self.open = Some((partition, span));
        Ok(true)
    }
}

fn size(record: &Record) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record.headers();
    let headers: usize = headers
        .map(|header| header.raw_name.len() + length(header.value))
        .sum();
    length(record.payload()) + length(record.key()) + headers
}
