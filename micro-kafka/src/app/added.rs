//! Listeners that come and go while the application runs.

use std::sync::Arc;

use futures_util::future::join_all;

use super::all_partitions;
use super::dead_letters::DeadLetters;
use super::error::{BootError, BootErrors, Error};
use super::idempotency;
use super::missing_topics;
use super::programmatic::Listener;
use super::resolve::resolve;
use super::running::RunningApp;
use crate::listener::{ListenerContainer, StopReport};

impl RunningApp {
    /// Adds a listener, with the settings under `[kafka.listeners.<id>]` as at boot, and starts it
    /// unless it says `auto_startup(false)`. Its missing dead-letter topics are created first.
    ///
    /// # Errors
    /// If something is wrong with it, all of it at once; if its id is taken; or if it cannot be
    /// started.
    pub async fn add(&self, listener: Listener) -> Result<Arc<ListenerContainer>, Error> {
        let registration = listener.into_registration();
        let mut problems = Vec::new();
        if self.has(&registration.id) {
            let text = format!("listener id `{}` is taken", registration.id);
            problems.push(BootError::at(registration.source, text));
        }
        let maker = &self.maker;
        let mut plans = resolve(
            &maker.config,
            vec![registration],
            &maker.states,
            &maker.parts,
            &mut problems,
        );
        BootErrors::check(problems)?;
        all_partitions::fill(&mut plans, &maker.template).await?;
        idempotency::prepare(&plans, &maker.template).await?;
        let Some(plan) = plans.pop() else {
            return Err(Error::Runtime("the listener was not resolved".into()));
        };
        let recovers = maker.recoverer.is_some();
        let dead_letters = DeadLetters::of([&plan], &maker.template, recovers)?;
        dead_letters.create(None, &maker.template).await?;
        let containers = maker.containers(plan)?;
        missing_topics::check(&containers, None, &maker.template).await?;
        let containers: Vec<_> = containers.into_iter().map(Arc::new).collect();
        for container in &containers {
            if container.endpoint().auto_startup {
                container.start().map_err(Error::Start)?;
            }
        }
        let main = containers.first().cloned();
        self.added.lock().extend(containers);
        main.ok_or_else(|| Error::Runtime("the listener was not made".into()))
    }

    /// Stops a listener that was added, with whatever reads its retry topics, and forgets it; `None` if there is none of that id.
    ///
    /// # Cancel safety
    /// The stop goes on if this future is dropped.
    pub async fn remove(&self, id: &str) -> Option<StopReport> {
        let removed: Vec<_> = {
            let mut added = self.added.lock();
            let is = |container: &ListenerContainer| {
                let endpoint = container.endpoint();
                &**endpoint.retry_of().unwrap_or(&endpoint.id) == id
            };
            added.extract_if(.., |container| is(container)).collect()
        };
        let mut report = None::<StopReport>;
        for stopped in join_all(removed.iter().map(|container| container.stop())).await {
            *report.get_or_insert_default() += stopped;
        }
        report
    }

    /// The listeners that were added and not removed.
    #[must_use]
    pub fn added(&self) -> Vec<Arc<ListenerContainer>> {
        self.added.lock().clone()
    }

    fn has(&self, id: &str) -> bool {
        let added = self.added();
        let added = added.iter().map(|container| &container.endpoint().id);
        let known = self.containers().iter();
        let known = known.map(|container| &container.endpoint().id);
        known.chain(added).any(|known| &**known == id)
    }
}
