//! From the command line to a broker.

use std::path::PathBuf;

use micro_kafka_broker::{Broker, BrokerBuilder, FlushPolicy};

use super::Failure;
use super::args::{Args, Flush, setting};

/// Where clients look for a broker.
const USUAL_ADDRESS: &str = "127.0.0.1:9092";

impl From<Flush> for FlushPolicy {
    fn from(flush: Flush) -> Self {
        match flush {
            Flush::Never => Self::Never,
            Flush::Interval => Self::Interval,
            Flush::Every => Self::Every,
        }
    }
}

impl Args {
    /// What is to be started.
    pub(super) fn builder(mut self) -> Result<BrokerBuilder, Failure> {
        let settings = self.take_settings();
        let mut builder = Broker::builder();
        for file in &self.config {
            builder = builder.config_file(file)?;
        }
        for (name, value) in settings {
            builder = builder.config(name, value);
        }
        if let Some(id) = self.broker_id {
            builder = builder.broker_id(id);
        }
        if let Some(count) = self.brokers {
            builder = builder.brokers(count);
        }
        if self.auto_create {
            builder = builder.auto_create(true);
        }
        if let Some(partitions) = self.default_partitions {
            builder = builder.default_partitions(partitions);
        }
        if let Some(flush) = self.flush {
            builder = builder.flush(flush.into());
        }
        if let Some(release) = self.compat {
            builder = builder.emulate(release);
        }
        if let Some(requests) = self.journal {
            builder = builder.journal(requests);
        }
        if let Some(address) = self.http {
            builder = builder.http(address);
        }
        if let Some(path) = self.data_dir {
            builder = builder.data_dir(path);
        }
        for topic in self.topic {
            builder = builder.topic(topic.name, topic.partitions.unwrap_or(-1));
        }
        listen(builder, self.listen, self.advertised)
    }

    /// The settings of the command line: those of --set, and of --config NAME=VALUE.
    fn take_settings(&mut self) -> Vec<(String, String)> {
        let as_setting = |path: &PathBuf| path.to_str().and_then(|text| setting(text).ok());
        let (settings, files): (Vec<_>, Vec<_>) = std::mem::take(&mut self.config)
            .into_iter()
            .partition(|path| as_setting(path).is_some() && !path.exists());
        self.config = files;
        let settings = settings.iter().filter_map(as_setting);
        settings.chain(std::mem::take(&mut self.set)).collect()
    }
}

fn listen(
    mut builder: BrokerBuilder,
    mut addresses: Vec<String>,
    advertised: Vec<String>,
) -> Result<BrokerBuilder, Failure> {
    if addresses.is_empty() && !builder.has_listeners() {
        addresses.push(USUAL_ADDRESS.to_owned());
    }
    if advertised.len() > addresses.len() {
        return Err(Failure::TooManyAdvertised {
            advertised: advertised.len(),
            listen: addresses.len(),
        });
    }
    let mut advertised = advertised.into_iter();
    for address in addresses {
        builder = builder.listen(address);
        if let Some(address) = advertised.next() {
            builder = builder.advertise(address);
        }
    }
    Ok(builder)
}
