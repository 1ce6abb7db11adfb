//! Dead letters as lines of JSON: written to a file, and read from one.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt};

use super::builder::Replay;
use super::{ReplayError, engine, line};
use crate::record::{OwnedRecord, Record, Timestamp};
use crate::template::KafkaTemplate;

/// So many records are on their way at once.
const AT_ONCE: usize = 500;

impl Replay {
    /// Writes the selected letters as lines of JSON, one each, and returns how many; nothing else is
    /// changed. Keys, payloads and values of headers are in Base64, and null where they are null.
    /// [`import`] reads them.
    ///
    /// # Errors
    /// If letters cannot be read, or lines not be written.
    pub async fn export(&self, lines: &mut (impl AsyncWrite + Unpin)) -> Result<u64, ReplayError> {
        let mut letters = engine::Letters::open(self).await?;
        let mut count = 0;
        while let Some(chunk) = letters.next().await? {
            for record in &chunk {
                let Some(failure) = self.selected(record) else {
                    continue;
                };
                let mut line = line::write(record, &failure).map_err(std::io::Error::from)?;
                line.push('\n');
                lines.write_all(line.as_bytes()).await?;
                count += 1;
            }
        }
        lines.flush().await?;
        Ok(count)
    }
}

/// Sends what [`Replay::export`] has written to a topic of dead letters (without namespace), and
/// returns how many letters that are: each to the partition that it had, or by its key if the topic
/// has no such one. They get the time of the import, so that retention does not delete them at once.
///
/// An import that fails has sent the lines before the one that it names; a line may be sent twice if
/// an import is repeated.
///
/// # Errors
/// If a line is damaged or a record is refused; the error has the number of the line.
///
/// # Cancel safety
/// Dropped, some of the lines are sent and some are not.
pub async fn import(
    kafka: &KafkaTemplate,
    lines: &mut (impl AsyncBufRead + Unpin),
    topic: &str,
) -> Result<u64, ReplayError> {
    let topic = format!("{}{topic}", kafka.namespace());
    let admin = kafka.admin().with_wire_names();
    let Some(width) = admin.partition_count(&topic).await? else {
        return Err(ReplayError::UnknownTopic {
            topic,
            letter: None,
        });
    };
    let kafka = kafka.with_wire_names();
    let (mut number, mut count) = (0, 0);
    let mut text = String::new();
    let mut waiting = Vec::new();
    loop {
        text.clear();
        let end = lines.read_line(&mut text).await? == 0;
        number += u64::from(!end);
        if !text.trim().is_empty() {
            let read = line::read(&text);
            let mut record = read.map_err(|reason| ReplayError::Line { number, reason })?;
            address(&mut record, &topic, width);
            let queued = kafka.send_as_it_is(&record).queue().await;
            waiting.push((number, queued));
        }
        if end || waiting.len() >= AT_ONCE {
            for (number, queued) in waiting.drain(..) {
                let sent = match queued {
                    Ok(delivery) => delivery.await,
                    Err(error) => Err(error),
                };
                sent.map_err(|source| ReplayError::Import { number, source })?;
                count += 1;
            }
        }
        if end {
            return Ok(count);
        }
    }
}

fn address(record: &mut OwnedRecord, topic: &str, width: u32) {
    topic.clone_into(&mut record.topic);
    record.timestamp = Timestamp::NotAvailable;
    let there = u32::try_from(record.partition).is_ok_and(|partition| partition < width);
    if !there {
        record.partition = super::target::BY_KEY;
    }
}

impl Replay {
    /// Why that record has failed, if it is a letter that is meant.
    fn selected(&self, record: &Record) -> Option<crate::error::Failure> {
        let letter = super::letter::Letter::read(record)?;
        self.selection.includes(&letter).then_some(letter.failure)
    }
}
