//! The talks.

mod codecs;
mod console;
mod dead_letters;
mod events;
mod keys;
mod requests;
mod retries;
mod transactions;

use std::pin::Pin;

use crate::differs::Error;
use crate::peer::Peer;

/// Something to talk about.
pub(crate) struct Talk {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) hold: for<'p> fn(&'p Peer) -> Held<'p>,
}

type Held<'p> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'p>>;

/// All of them, in their order.
pub(crate) const ALL: &[Talk] = &[
    Talk {
        name: "requests",
        about: "each side answers the other's requests, and refuses them",
        hold: |peer| Box::pin(requests::hold(peer)),
    },
    Talk {
        name: "keys",
        about: "a thousand keys go to the same partitions",
        hold: |peer| Box::pin(keys::hold(peer)),
    },
    Talk {
        name: "codecs",
        about: "serializers write the same bytes, and read them",
        hold: |peer| Box::pin(codecs::hold(peer)),
    },
    Talk {
        name: "console",
        about: "Apache Kafka's console tools read what we send, and we what they send",
        hold: |peer| Box::pin(console::hold(peer)),
    },
    Talk {
        name: "events",
        about: "types are told apart by `__TypeId__`",
        hold: |peer| Box::pin(events::hold(peer)),
    },
    Talk {
        name: "dead-letters",
        about: "each side reads why the other gave a record up",
        hold: |peer| Box::pin(dead_letters::hold(peer)),
    },
    Talk {
        name: "retries",
        about: "instances of both in one group share its retry topics: each retry once, none early",
        hold: |peer| Box::pin(retries::hold(peer)),
    },
    Talk {
        name: "transactions",
        about: "what one side aborts, the other does not see",
        hold: |peer| Box::pin(transactions::hold(peer)),
    },
];
