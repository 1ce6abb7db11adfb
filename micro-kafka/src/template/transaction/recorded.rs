//! Transactions of a template that sends to no broker.

use std::sync::Arc;

use parking_lot::Mutex;

use super::super::{KafkaError, Recorder, SendError, SendResult};
use super::handle::{Scope, Sender, Transaction};
use super::{Nesting, TransactionError};
use crate::record::OwnedRecord;

/// The records of a transaction until it commits.
#[derive(Debug, Default)]
struct Staged(Mutex<Vec<OwnedRecord>>);

impl Recorder for Staged {
    fn record(&self, record: OwnedRecord) -> Result<SendResult, SendError> {
        let sent = SendResult {
            topic: record.topic.as_str().into(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
        };
        self.0.lock().push(record);
        Ok(sent)
    }

    fn commit(&self, records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        self.0.lock().extend(records);
        Ok(())
    }
}

/// Runs the work of a transaction and gives its records to the recorder if it succeeds.
pub(in crate::template) async fn recorded<T, E: From<KafkaError>>(
    recorder: &Arc<dyn Recorder>,
    work: impl AsyncFnOnce(Transaction) -> Result<T, E>,
) -> Result<T, E> {
    let error = |error: TransactionError| E::from(error.into());
    let identity = Arc::as_ptr(recorder).cast::<()>().addr();
    let nesting = Nesting::check(identity).map_err(error)?;
    let staged = Arc::new(Staged::default());
    let scope = Scope::open(Sender::Recorder(Arc::<Staged>::clone(&staged)));
    let ended = Ended(Arc::clone(&scope));
    let done = nesting
        .scope(work(Transaction::new(scope, &"".into())))
        .await?;
    drop(ended);
    let records = std::mem::take(&mut *staged.0.lock());
    match recorder.commit(records) {
        Ok(()) => Ok(done),
        Err(failures) => Err(error(TransactionError::Undelivered {
            id: "recorded".into(),
            failures,
        })),
    }
}

/// Closes the transaction, however its work ends.
struct Ended(Arc<Scope>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.close();
    }
}
