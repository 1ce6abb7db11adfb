//! Waiting for records on their way, and giving them up.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::blocking::blocking;
use super::{KafkaError, KafkaTemplate};
use crate::client::LazyProducer;

impl KafkaTemplate {
    /// Waits until every accepted record is delivered or has failed, those of
    /// [named](Self::named) templates too.
    ///
    /// # Errors
    /// If that takes longer than `timeout`; the records go on being sent.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        let flushes = self.producers().map(|producer| {
            blocking(move || {
                producer
                    .if_made()
                    .map_or(Ok(()), |made| made.flush(timeout))
            })
        });
        let flushed = join_all(flushes).await;
        match flushed.into_iter().filter_map(Result::err).sum() {
            0 => Ok(()),
            outstanding => Err(KafkaError::FlushTimedOut { outstanding }),
        }
    }

    /// Accepts no more records from any clone, waits at most `deadline` for those on their way and
    /// for transactions, and gives the rest up; returns how many records were lost, and logs it.
    /// [Named](Self::named) templates are closed with it.
    ///
    /// # Cancel safety
    /// The template is closed and flushed even if the future is dropped.
    pub async fn close(&self, deadline: Duration) -> usize {
        let template = self.clone();
        match tokio::spawn(async move { template.close_all(deadline).await }).await {
            Ok(lost) => lost,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is going down, and this future with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    async fn close_all(&self, deadline: Duration) -> usize {
        let begun = Instant::now();
        let pools = self.templates().filter_map(|template| {
            let pool = template.shared().transactions.if_begun()?;
            Some(pool.close(deadline))
        });
        join_all(pools).await;
        self.close_requests();
        let deadline = deadline.saturating_sub(begun.elapsed());
        let closes = self
            .producers()
            .map(|producer| blocking(move || producer.close(deadline)));
        join_all(closes).await.into_iter().sum()
    }

    /// This template and those beside it.
    fn templates(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.shared().family.all())
    }

    fn producers(&self) -> impl Iterator<Item = Arc<LazyProducer>> {
        self.templates().flat_map(|template| {
            let shared = template.shared();
            let apart = !Arc::ptr_eq(&shared.prompt, &shared.producer);
            let prompt = apart.then(|| Arc::clone(&shared.prompt));
            std::iter::once(Arc::clone(&shared.producer)).chain(prompt)
        })
    }
}
