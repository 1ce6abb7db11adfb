//! Transactions that were not committed, and the records that spoil them.

use std::time::Duration;

use super::ConsumerLoop;
use super::transactions::{Blame, Handed};
use crate::client::RecordSource;
use crate::error::ListenerError;
use crate::listener::health::HealthReason;
use crate::listener::{AckToken, Delivery};
use crate::template::TransactionError;

/// A record may spoil so many transactions before its own policy is helped by a pause.
const PATIENT: u32 = 10;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    pub(super) fn aborted(&mut self, handed: &Handed, error: TransactionError) {
        self.counts.aborted += 1;
        let Some(tx) = &mut self.transactions else {
            return;
        };
        tx.aborts = tx.aborts.saturating_add(1);
        tx.era = tx.line.next_era();
        tx.staging.clear();
        tx.ready_since = None;
        let aborts = tx.aborts;
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            aborts,
            %error,
            "a transaction was not committed: its records are read again"
        );
        let reason = HealthReason::TransactionsFailing {
            consumer: self.seat.number,
            error: error.to_string(),
            aborts,
        };
        if aborts > 1 {
            self.seat.status.set_transaction_trouble(Some(reason));
        }
        let tries = match is_by_records(&error) {
            true => self.blame(handed, error).saturating_sub(PATIENT),
            false => aborts,
        };
        self.begin_rewind(pause(tries));
    }

    /// Finds out which record spoils a transaction, or notes that it did; how often it has.
    fn blame(&mut self, handed: &Handed, error: TransactionError) -> u32 {
        let Some(tx) = &mut self.transactions else {
            return 0;
        };
        let Some(single) = handed.single else {
            for (slot, end) in &handed.ends {
                let until = tx.suspects.entry(*slot).or_insert(end.next);
                *until = end.next.max(*until);
            }
            return 0;
        };
        let attempt = tx.blamed.get(&single).map_or(1, |blame| blame.attempt + 1);
        let blame = Blame {
            attempt,
            error: ListenerError::from_error(error),
            told: false,
        };
        tx.blamed.insert(single, blame);
        attempt
    }

    /// Whether a record failed by its transaction, so that the error handler has to decide first.
    pub(super) fn take_blame(&mut self, delivery: &mut Delivery) -> Option<ListenerError> {
        let AckToken { slot, offset, .. } = delivery.token;
        let blamed = &mut self.transactions.as_mut()?.blamed;
        let blame = blamed.get_mut(&(slot, offset))?;
        delivery.attempt = blame.attempt;
        if std::mem::replace(&mut blame.told, true) {
            delivery.attempt = blame.attempt.saturating_add(1);
            return None;
        }
        Some(blame.error.clone())
    }

    /// The same as [`Self::take_blame`] for a batch, which then holds one record.
    pub(super) fn take_blame_of_one(
        &mut self,
        batch: &mut Vec<Delivery>,
    ) -> Option<(Delivery, ListenerError)> {
        let [one] = batch.as_mut_slice() else {
            return None;
        };
        let error = self.take_blame(one)?;
        Some((batch.pop()?, error))
    }
}

/// Whether it is the records that cannot be sent, so that trying again is of no use.
fn is_by_records(error: &TransactionError) -> bool {
    matches!(error, TransactionError::Undelivered { failures, .. }
        if failures.iter().any(|failure| !failure.is_retriable()))
}

/// How long is waited, after so many failures, before what was aborted is handled again.
fn pause(failures: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(10);
    match failures.checked_sub(1) {
        Some(doublings) => FIRST.saturating_mul(1 << doublings.min(10)).min(LONGEST),
        None => Duration::ZERO,
    }
}
