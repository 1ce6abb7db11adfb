//! How many clients are connected.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Counts the connections of a broker; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Clients(Arc<watch::Sender<usize>>);

impl Clients {
    pub(super) fn none() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Counts a client until the guard is dropped.
    pub(super) fn enter(&self) -> Client {
        self.0.send_modify(|connected| *connected += 1);
        Client(self.clone())
    }

    /// Waits until there has been none for so long.
    pub(super) async fn none_for(&self, duration: Duration) {
        let mut connected = self.0.subscribe();
        while connected
            .wait_for(|connected| *connected == 0)
            .await
            .is_ok()
        {
            if tokio::time::timeout(duration, connected.changed())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// A client that is connected.
#[derive(Debug)]
pub(super) struct Client(Clients);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.0.send_modify(|connected| *connected -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, advance};

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_visit_begins_the_time_without_clients_anew() {
        let clients = Clients::none();
        let start = Instant::now();
        let idle = tokio::spawn({
            let clients = clients.clone();
            async move { clients.none_for(MINUTE).await }
        });
        tokio::task::yield_now().await;
        advance(MINUTE / 2).await;
        drop(clients.enter());
        idle.await.unwrap();
        assert_eq!(start.elapsed(), MINUTE / 2 + MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connected_client_is_waited_for() {
        let clients = Clients::none();
        let client = clients.enter();
        let idle = tokio::spawn({
            let clients = clients.clone();
            async move { clients.none_for(MINUTE).await }
        });
        tokio::task::yield_now().await;
        advance(MINUTE * 10).await;
        assert!(!idle.is_finished());
        drop(client);
        idle.await.unwrap();
    }
}
