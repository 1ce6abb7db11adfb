//! Settings as the properties that librdkafka's clients are made with.

use std::time::Duration;

use crate::client::{CONSUMER_DEFAULTS, CONSUMER_FIXED};
use crate::template::DEFAULT_PROPERTIES;

use super::compatibility::BROKERS_AFFAIR;
use super::property_names::{self, Clients};
use super::tree::{Node, Table};
use super::{
    ConfigError, KafkaSettings, ListenerSettings, NamedTemplateSettings, Origin, Pem,
    ProducerSettings, Properties, Secret,
};

/// Builds the properties of one client, the more special ones last.
pub(crate) struct ClientProperties<'c> {
    tree: &'c Table,
    section: String,
    properties: Properties,
    /// Settings and properties that say the same thing.
    conflicts: Vec<ConfigError>,
}

impl<'c> ClientProperties<'c> {
    fn new(
        settings: &KafkaSettings,
        tree: &'c Table,
        section: &'static str,
        defaults: &[(&str, &str)],
        others: Clients,
    ) -> Self {
        let mut this = Self {
            tree,
            section: "kafka".into(),
            properties: Properties::new(),
            conflicts: Vec::new(),
        };
        for (name, value) in defaults {
            this.properties.set_default(name, *value);
        }
        for (name, value, origin) in settings.properties.iter() {
            let foreign = property_names::lookup(name).is_some_and(|info| info.clients == others);
            if !foreign {
                let secret = settings.properties.is_secret(name);
                this.properties
                    .insert(name, value.to_owned(), origin.clone(), secret);
            }
        }
        let servers = Some(settings.bootstrap_servers.clone());
        this.put("bootstrap-servers", "bootstrap.servers", servers);
        this.put("client-id", "client.id", settings.client_id.clone());
        this.put_security(settings);
        this.section = section.into();
        this
    }

    /// How the client proves who it is, and who the brokers are.
    fn put_security(&mut self, settings: &KafkaSettings) {
        let (security, beside) = (&settings.security, &settings.properties);
        let (ssl, sasl) = (&security.ssl, &security.sasl);
        self.section = "kafka.security".into();
        let protocol = security.protocol.map(|protocol| protocol.as_property());
        self.once("protocol", "security.protocol", protocol, beside);
        self.section = "kafka.ssl".into();
        self.pem(
            "trust-store-certificates",
            "ssl.ca",
            ssl.trust_store.as_ref(),
            beside,
        );
        let chain = ssl.certificate_chain.as_ref();
        self.pem(
            "key-store-certificate-chain",
            "ssl.certificate",
            chain,
            beside,
        );
        self.pem("key-store-key", "ssl.key", ssl.key.as_ref(), beside);
        let password = ssl.key_password.as_ref().map(Secret::expose);
        self.once("key-password", "ssl.key.password", password, beside);
        let verify = ssl
            .verify_hostname
            .map(|yes| if yes { "https" } else { "none" });
        let name = "ssl.endpoint.identification.algorithm";
        self.once("verify-hostname", name, verify, beside);
        self.section = "kafka.sasl".into();
        let mechanism = sasl.mechanism.map(|mechanism| mechanism.as_property());
        self.once("mechanism", "sasl.mechanism", mechanism, beside);
        self.once(
            "username",
            "sasl.username",
            sasl.username.as_deref(),
            beside,
        );
        let password = sasl.password.as_ref().map(Secret::expose);
        self.once("password", "sasl.password", password, beside);
        let tokens = sasl.oauthbearer.as_property();
        self.once("oauthbearer", "sasl.oauthbearer.config", tokens, beside);
    }

    fn pem(&mut self, key: &str, name: &str, pem: Option<&Pem>, beside: &Properties) {
        match pem {
            Some(Pem::Inline(text)) => {
                self.once(key, &format!("{name}.pem"), Some(text.expose()), beside);
            }
            Some(Pem::File(path)) => {
                let path = path.display().to_string();
                self.once(key, &format!("{name}.location"), Some(path), beside);
            }
            None => {}
        }
    }

    /// What all clients share.
    pub(crate) fn shared(settings: &KafkaSettings, tree: &'c Table) -> Properties {
        let mut shared = Self::new(settings, tree, "kafka", &[], Clients::Consumers).properties;
        let producers = |name: &str| {
            property_names::lookup(name).is_some_and(|info| info.clients == Clients::Producers)
        };
        shared.retain(|name| !producers(name));
        shared
    }

    /// The properties of the consumers of one listener, and what contradicts itself in them.
    pub(crate) fn consumer(
        settings: &KafkaSettings,
        tree: &'c Table,
        listener: &ListenerSettings,
    ) -> (Properties, Vec<ConfigError>) {
        let defaults = CONSUMER_DEFAULTS;
        let mut this = Self::new(
            settings,
            tree,
            "kafka.consumer",
            defaults,
            Clients::Producers,
        );
        let consumer = &settings.consumer;
        let twice = &consumer.properties;
        let reset = consumer.auto_offset_reset.as_property();
        this.put("client-id", "client.id", consumer.client_id.clone());
        this.put("auto-offset-reset", "auto.offset.reset", Some(reset));
        this.size(
            "fetch-min-size",
            "fetch.min.bytes",
            consumer.fetch_min_size,
            twice,
        );
        this.millis(
            "fetch-max-wait",
            "fetch.wait.max.ms",
            consumer.fetch_max_wait,
            twice,
        );
        let heartbeat = consumer.heartbeat_interval;
        this.millis(
            "heartbeat-interval",
            "heartbeat.interval.ms",
            heartbeat,
            twice,
        );
        let poll = consumer.max_poll_interval;
        this.millis("max-poll-interval", "max.poll.interval.ms", poll, twice);
        let isolation = consumer.isolation_level.map(|level| level.as_property());
        this.once("isolation-level", "isolation.level", isolation, twice);
        this.properties.extend(&consumer.properties);
        this.properties.extend(&listener.properties);
        this.put("", "client.id", listener.client_id.clone());
        this.leave_to_the_broker();
        for (name, value) in CONSUMER_FIXED {
            this.properties.set(name, *value, Origin::Default);
        }
        (this.properties, this.conflicts)
    }

    /// What the broker decides with KIP-848 gives way, where it is but a default.
    fn leave_to_the_broker(&mut self) {
        let protocol = self.properties.get("group.protocol").unwrap_or_default();
        if !protocol.eq_ignore_ascii_case("consumer") {
            return;
        }
        for name in BROKERS_AFFAIR {
            if self.properties.origin(name) == Some(&Origin::Default) {
                self.properties.retain(|other| other != name);
            }
        }
    }

    /// The properties of the producers, and what contradicts itself in them.
    pub(crate) fn producer(
        settings: &KafkaSettings,
        tree: &'c Table,
    ) -> (Properties, Vec<ConfigError>) {
        let defaults = DEFAULT_PROPERTIES;
        let mut this = Self::new(
            settings,
            tree,
            "kafka.producer",
            defaults,
            Clients::Consumers,
        );
        this.put_producer(&settings.producer);
        (this.properties, this.conflicts)
    }

    /// The properties of a template of its own, over those of all producers.
    pub(crate) fn template(
        settings: &KafkaSettings,
        tree: &'c Table,
        name: &str,
        template: &NamedTemplateSettings,
    ) -> (Properties, Vec<ConfigError>) {
        let mut this = Self {
            tree,
            section: format!("kafka.templates.{name}"),
            properties: Self::producer(settings, tree).0,
            conflicts: Vec::new(),
        };
        this.put_producer(&template.producer);
        (this.properties, this.conflicts)
    }

    fn put_producer(&mut self, producer: &ProducerSettings) {
        let twice = &producer.properties;
        let acks = producer.acks.as_property();
        self.put("client-id", "client.id", producer.client_id.clone());
        self.put("acks", "acks", Some(acks));
        self.millis("linger", "linger.ms", producer.linger, twice);
        self.size("batch-size", "batch.size", producer.batch_size, twice);
        let memory = producer.buffer_memory.map(|bytes| bytes / 1_024);
        self.size("buffer-memory", "queue.buffering.max.kbytes", memory, twice);
        let compression = producer.compression_type.map(|codec| codec.as_property());
        self.once("compression-type", "compression.type", compression, twice);
        let retries = producer.retries.map(u64::from);
        self.size("retries", "retries", retries, twice);
        self.properties.extend(&producer.properties);
    }

    fn origin(&self, key: &str) -> Origin {
        let node = self.tree.at(&format!("{}.{key}", self.section));
        node.map_or(Origin::Default, |node| node.origin.clone())
    }

    fn put(&mut self, key: &str, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            let node = self.tree.at(&format!("{}.{key}", self.section));
            let secret = node.is_some_and(Node::is_secret);
            let origin = self.origin(key);
            self.properties.insert(name, value.into(), origin, secret);
        }
    }

    /// Puts a setting; the same thing among the properties beside it is a contradiction.
    fn once(
        &mut self,
        key: &str,
        name: &str,
        value: Option<impl Into<String>>,
        beside: &Properties,
    ) {
        if let (Some(_), Some(origin)) = (&value, beside.origin(name)) {
            let setting = self.origin(key);
            if setting == Origin::Default {
                return;
            }
            let reason = format!("{key} was set as well, at {setting}, and says the same thing");
            let error = ConfigError::conflict(reason).hint("leave one of them out");
            let property = format!("{}.properties.{name}", self.section);
            self.conflicts.push(error.key(property).at(origin));
        }
        self.put(key, name, value);
    }

    fn size(&mut self, key: &str, name: &str, value: Option<u64>, beside: &Properties) {
        self.once(key, name, value.map(|number| number.to_string()), beside);
        self.check_range(key, name);
    }

    fn millis(&mut self, key: &str, name: &str, value: Option<Duration>, beside: &Properties) {
        self.once(key, name, value.map(|d| d.as_millis().to_string()), beside);
        self.check_range(key, name);
    }

    /// A setting of the right form may still be too large for librdkafka.
    fn check_range(&mut self, key: &str, name: &str) {
        let Some(value) = self.properties.get(name) else {
            return;
        };
        let origin = self.origin(key);
        if origin == Origin::Default {
            return;
        }
        if let Some(error) = super::property_check::refused_number(name, value) {
            let key = format!("{}.{key}", self.section);
            self.conflicts.push(error.key(key).at(&origin));
        }
    }
}
