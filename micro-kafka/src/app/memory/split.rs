//! Who gets how much of the budget.

use super::producer;
use crate::app::resolve::Plan;
use crate::app::retry_topics::readers;
use crate::config::{Config, Properties, show_size};
use crate::listener::ListenerEndpoint;
use crate::template::{KafkaTemplate, TemplateConfig};

const BUDGET: &str = "kafka.memory-budget";
/// The reader of a template's replies.
const REPLIES: &str = "replies";
/// What the two consumers of a scheduler of delayed sends hold.
const SCHEDULER: u64 = 8 << 20;
/// The least for a consumer, before it is known how many partitions there are.
const CONSUMER: u64 = 256 << 10;
/// Delayed sends take this part of the budget for what is due next, if nobody says how much, and as
/// much for what is on its way.
const DELAYED: u64 = 16;

/// The clients of one kind and name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    name: String,
    clients: u64,
    kind: Kind,
    /// What all of them together have.
    bytes: u64,
    /// What they must have.
    least: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What was written, or cannot be changed.
    Fixed,
    Producers,
    Consumers,
}

impl Kind {
    fn reason(self) -> &'static str {
        match self {
            Self::Fixed => "as it is set",
            Self::Producers => "its part of what producers share",
            Self::Consumers => "its part of what consumers share",
        }
    }
}

/// The budget, split.
#[derive(Debug, Clone)]
pub(in crate::app) struct Shares {
    budget: u64,
    holders: Vec<Holder>,
}

/// Splits the budget; `None` without one.
///
/// # Errors
/// If it is too small, with the least possible.
pub(in crate::app) fn shares<'p>(
    config: &Config,
    plans: impl IntoIterator<Item = &'p Plan>,
    given: Option<&KafkaTemplate>,
) -> Result<Option<Shares>, String> {
    let Some(budget) = config.kafka().memory_budget else {
        return Ok(None);
    };
    let mut shares = Shares {
        budget,
        holders: Vec::new(),
    };
    shares.templates(config, given);
    for plan in plans {
        shares.listener(config, &plan.endpoint);
        for reader in readers(&plan.endpoint) {
            shares.listener(config, &reader);
        }
    }
    shares.others(config);
    match shares.divide() {
        Ok(()) => Ok(Some(shares)),
        Err(least) => Err(shares.too_small(config, least)),
    }
}

impl Shares {
    fn templates(&mut self, config: &Config, given: Option<&KafkaTemplate>) {
        match given {
            Some(template) if template.is_recording() => {}
            Some(template) => {
                let bytes = template.buffer_bytes();
                self.hold("the program's own template", 1, Kind::Fixed, bytes);
            }
            None => {
                let own = TemplateConfig::from(config);
                self.producers("template", &own, config.producer_properties());
            }
        }
        for name in config.kafka().templates.keys().filter(|_| given.is_none()) {
            let made = TemplateConfig::named(config, name);
            if let (Some(own), Some(properties)) = (made, config.template_properties(name)) {
                self.producers(&format!("templates.{name}"), &own, properties);
            }
        }
    }

    /// The producers of a template: one, one more for sends that wait for no others, and those of
    /// its transactions.
    fn producers(&mut self, name: &str, config: &TemplateConfig, properties: &Properties) {
        self.producer(name, 1, properties);
        if config.lingers() {
            self.producer(&format!("{name}, single sends"), 1, properties);
        }
        if config.transactions.id_prefix.is_some() {
            let count = config.transactions.producers.max(1) as u64;
            self.producer(&format!("{name}, transactions"), count, properties);
        }
    }

    fn producer(&mut self, name: &str, clients: u64, properties: &Properties) {
        let written = producer::written(properties);
        let kind = if written.is_some() {
            Kind::Fixed
        } else {
            Kind::Producers
        };
        self.hold(name, clients, kind, clients * written.unwrap_or(0));
        if let Some(holder) = self.holders.last_mut() {
            holder.least = clients * written.unwrap_or_else(|| producer::least(properties));
        }
    }

    fn listener(&mut self, config: &Config, endpoint: &ListenerEndpoint) {
        let consumers = u64::from(endpoint.concurrency.max(1));
        let name = format!("listeners.{}", endpoint.id);
        if endpoint.transaction.is_some() {
            let properties = config.producer_properties();
            self.producer(&format!("{name}, transactions"), 2 * consumers, properties);
        }
        self.hold(&name, consumers, Kind::Consumers, 0);
        if let Some(holder) = self.holders.last_mut() {
            holder.least = consumers * CONSUMER;
        }
    }

    /// What is there beside templates and listeners.
    fn others(&mut self, config: &Config) {
        let kafka = config.kafka();
        if kafka.delayed.topic.is_some() {
            let memory = self.delayed_memory(config);
            self.hold("delayed", 2, Kind::Fixed, SCHEDULER + 2 * memory);
        }
        if kafka.template.reply_topic.is_some() {
            self.hold(REPLIES, 1, Kind::Consumers, 0);
        }
    }

    /// What delayed sends may have in memory of what is due next.
    pub(in crate::app) fn delayed_memory(&self, config: &Config) -> u64 {
        let memory = config.kafka().delayed.memory;
        match config.origin("kafka.delayed.memory") {
            Some(_) => memory,
            None => memory.min(self.budget / DELAYED),
        }
    }

    fn hold(&mut self, name: &str, clients: u64, kind: Kind, bytes: u64) {
        self.holders.push(Holder {
            name: name.to_owned(),
            clients,
            kind,
            bytes,
            least: bytes,
        });
    }

    /// Gives each its part; the least budget if this one is too small.
    fn divide(&mut self) -> Result<(), u64> {
        let count = |kind: Kind| {
            let of_kind = self
                .holders
                .iter()
                .filter(move |holder| holder.kind == kind);
            of_kind.map(|holder| holder.clients).sum::<u64>()
        };
        // What one client of a kind must have, at least.
        let most = |kind: Kind| {
            let of_kind = self
                .holders
                .iter()
                .filter(move |holder| holder.kind == kind);
            of_kind
                .map(|holder| holder.least.div_ceil(holder.clients))
                .max()
                .unwrap_or(0)
        };
        let fixed: u64 = self.holders.iter().map(|holder| holder.bytes).sum();
        let (producers, consumers) = (count(Kind::Producers), count(Kind::Consumers));
        let wanted = [
            producers * most(Kind::Producers),
            consumers * most(Kind::Consumers),
        ];
        let least = match (producers, consumers) {
            (0, _) | (_, 0) => fixed + wanted[0] + wanted[1],
            _ => fixed + 2 * wanted[0].max(wanted[1]),
        };
        if self.budget < least {
            return Err(least);
        }
        let rest = self.budget - fixed;
        let part = if producers == 0 || consumers == 0 {
            rest
        } else {
            rest / 2
        };
        for holder in &mut self.holders {
            holder.bytes = match holder.kind {
                Kind::Fixed => holder.bytes,
                Kind::Producers => part / producers * holder.clients,
                Kind::Consumers => part / consumers * holder.clients,
            };
        }
        Ok(())
    }

    fn too_small(&self, config: &Config, least: u64) -> String {
        let place = config.origin(BUDGET);
        let place = place.map_or_else(String::new, |place| format!("{place}: "));
        let clients: u64 = self.holders.iter().map(|holder| holder.clients).sum();
        format!(
            "{place}{BUDGET}: {} is too little for {clients} clients: {} is the least",
            show_size(self.budget),
            at_least(least)
        )
    }

    /// What each producer has whose size nobody wrote.
    pub(super) fn each_producer(&self) -> Option<u64> {
        let mut all = self.holders.iter();
        let found = all.find(|holder| holder.kind == Kind::Producers);
        found.map(|holder| holder.bytes / holder.clients)
    }

    /// What the reader of replies has, if there is one.
    pub(super) fn replies(&self) -> Option<u64> {
        let mut all = self.holders.iter();
        let replies = all.find(|holder| holder.name == REPLIES);
        replies.map(|holder| holder.bytes)
    }

    /// What the consumers of a listener have together. One that came later gets as much for each
    /// as all others.
    pub(super) fn of_listener(&self, endpoint: &ListenerEndpoint) -> u64 {
        let name = format!("listeners.{}", endpoint.id);
        let mut consumers = self.holders.iter();
        let own = consumers.find(|holder| holder.kind == Kind::Consumers && holder.name == name);
        if let Some(own) = own {
            return own.bytes;
        }
        tracing::warn!(
            listener = &*endpoint.id,
            "the listener came after the memory budget was split, and exceeds it"
        );
        let mut any = self
            .holders
            .iter()
            .filter(|holder| holder.kind == Kind::Consumers);
        let each = any.next().map(|holder| holder.bytes / holder.clients);
        each.unwrap_or(self.budget / 2) * u64::from(endpoint.concurrency.max(1))
    }

    pub(super) fn budget(&self) -> u64 {
        self.budget
    }

    /// A line for each: who, how much, and why that much.
    pub(in crate::app) fn lines(&self) -> impl Iterator<Item = (String, String, String)> {
        self.holders.iter().map(|holder| {
            let each = match holder.clients {
                1 => String::new(),
                clients => format!(", {clients} clients"),
            };
            let reason = format!("{}{each}", holder.kind.reason());
            (holder.name.clone(), show_size(holder.bytes), reason)
        })
    }

    /// Tells the log.
    pub(in crate::app) fn report(&self) {
        let budget = show_size(self.budget);
        tracing::info!(
            budget,
            clients = self.holders.len(),
            "the memory budget is split"
        );
        for (client, share, reason) in self.lines() {
            tracing::info!(client, share, reason, "memory");
        }
    }
}

/// Rounded up, in a form that the settings take.
pub(super) fn at_least(bytes: u64) -> String {
    format!("\"{}KiB\"", bytes.div_ceil(1_024))
}
