//! Where a loop sits in these tests: by itself, with nobody beside it.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::listener::consumer_loop::LoopSeat;
use crate::listener::event::Events;
use crate::listener::{ContainerDeps, ListenerContext, ListenerEndpoint, States};

pub(super) fn seat(endpoint: ListenerEndpoint, deps: ContainerDeps) -> LoopSeat {
    LoopSeat {
        number: 0,
        endpoint: Arc::new(endpoint),
        deps,
        listener: Arc::new(ListenerContext {
            id: "test".into(),
            group_id: "g".into(),
            namespace: "".into(),
            states: Arc::new(States::default()),
            send_to: None,
            info: None,
            retry_topics: None,
        }),
        status: Arc::default(),
        stats: Arc::default(),
        assignment: Arc::new(watch::Sender::new(Vec::new())),
        stop_all: mpsc::unbounded_channel().0,
        pauses: Arc::default(),
        events: Events::default(),
        throttle: None,
        line: None,
        transactions: None,
    }
}
