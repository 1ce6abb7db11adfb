//! What a configuration is: name, type, default, bounds.

use super::{ConfigError, iso_duration};

/// A configuration's type; the numbers are those of the DescribeConfigs response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
#[allow(
    dead_code,
    reason = "the types of the protocol, whichever are used today"
)]
pub(crate) enum ConfigKind {
    /// `true` or `false`.
    Boolean = 1,
    /// Text.
    String = 2,
    /// 32 bits.
    Int = 3,
    /// 16 bits.
    Short = 4,
    /// 64 bits.
    Long = 5,
    /// A floating-point number.
    Double = 6,
    /// Words separated by commas.
    List = 7,
    /// A Java class.
    Class = 8,
    /// A secret.
    Password = 9,
}

impl ConfigKind {
    /// A value as Kafka shows what it has understood of it.
    pub(crate) fn shown(self, value: String) -> String {
        match self {
            Self::Boolean => value.trim().to_ascii_lowercase(),
            Self::Int | Self::Short | Self::Long => value.trim().to_owned(),
            Self::Double => match value.trim().parse::<f64>() {
                Ok(number) => format!("{number:?}"),
                Err(_) => value,
            },
            Self::String | Self::List | Self::Class | Self::Password => value,
        }
    }

    /// The type's name in Kafka's messages.
    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }
}

/// Where a value comes from; the numbers are those of the DescribeConfigs response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub(crate) enum ConfigSource {
    /// Set for the topic.
    Topic = 1,
    /// Set for the broker while it runs.
    DynamicBroker = 2,
    /// Set for all brokers while they run.
    DynamicDefaultBroker = 3,
    /// Given to the broker at start.
    StaticBroker = 4,
    /// The default.
    Default = 5,
    /// A logger's level.
    BrokerLogger = 6,
    /// Set for a subscription to client metrics.
    ClientMetrics = 7,
    /// Set for a group.
    Group = 8,
}

/// The codecs that a topic can be stored in.
pub(super) const COMPRESSIONS: &[&str] =
    &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// What values are allowed beyond the type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// All of the type.
    Any,
    /// At least this.
    AtLeast(i64),
    /// Within both bounds.
    Between(i64, i64),
    /// The first, or within the other two.
    OffOr(i64, i64, i64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    ListOf(&'static [&'static str]),
    /// `earliest`, `latest`, or `by_duration:` and a duration as ISO 8601 writes it.
    OffsetReset,
    /// `*`, or partitions and brokers as in `0:1,1:2`.
    Replicas,
}

/// One configuration of a topic or a broker.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfigDef {
    pub(super) name: &'static str,
    pub(super) kind: ConfigKind,
    /// The default as text; `None` for null.
    pub(super) default: Option<&'static str>,
    pub(super) check: Check,
    /// What it is for, in a sentence.
    pub(super) doc: &'static str,
}

/// A configuration as DescribeConfigs shows it.
#[derive(Debug, Clone)]
pub(crate) struct ConfigEntry {
    /// Its name.
    pub(crate) name: String,
    /// The value in force.
    pub(crate) value: Option<String>,
    /// Where the value comes from.
    pub(crate) source: ConfigSource,
    /// Its type; `None` for what is not known here.
    pub(crate) kind: Option<ConfigKind>,
    /// What it is for.
    pub(crate) documentation: &'static str,
    /// Whether it can only be set at start.
    pub(crate) read_only: bool,
    /// Whether the value is a secret (and not shown).
    pub(crate) sensitive: bool,
    /// All places that give a value, the strongest first.
    pub(crate) synonyms: Vec<ConfigSynonym>,
}

/// One place that gives a configuration its value.
#[derive(Debug, Clone)]
pub(crate) struct ConfigSynonym {
    /// The name there.
    pub(crate) name: String,
    /// The value there.
    pub(crate) value: Option<String>,
    /// The place.
    pub(crate) source: ConfigSource,
}

impl ConfigDef {
    /// Checks a value against type and bounds.
    pub(super) fn check(&self, value: &str) -> Result<(), ConfigError> {
        let text = value.trim();
        let outcome = match self.kind {
            ConfigKind::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "false" => Ok(()),
                _ => Err("Expected value to be either true or false".to_owned()),
            },
            ConfigKind::Short => self.check_number(text, i64::from(i16::MIN), i64::from(i16::MAX)),
            ConfigKind::Int => self.check_number(text, i64::from(i32::MIN), i64::from(i32::MAX)),
            ConfigKind::Long => self.check_number(text, i64::MIN, i64::MAX),
            ConfigKind::Double => self.check_double(text),
            ConfigKind::List | ConfigKind::String | ConfigKind::Class | ConfigKind::Password => {
                self.check_words(text)
            }
        };
        outcome.map_err(|reason| ConfigError::Invalid {
            name: self.name.to_owned(),
            value: self.at_fault(value),
            reason,
        })
    }

    /// The part of a refused value that is shown.
    fn at_fault(&self, value: &str) -> String {
        let mut items = value.split(',').map(str::trim);
        match self.check {
            Check::ListOf(words) => {
                let wrong = items.find(|item| !words.contains(item));
                wrong.unwrap_or(value).to_owned()
            }
            Check::Replicas => format!("[{}]", items.collect::<Vec<_>>().join(", ")),
            _ if self.kind == ConfigKind::String => value.trim().to_owned(),
            _ => value.to_owned(),
        }
    }

    fn check_number(&self, text: &str, min: i64, max: i64) -> Result<(), String> {
        let parsed = text
            .parse::<i64>()
            .ok()
            .filter(|number| (min..=max).contains(number));
        let number = parsed.ok_or_else(|| format!("Not a number of type {}", self.kind.name()))?;
        match self.check {
            Check::AtLeast(least) | Check::Between(least, _) if number < least => {
                Err(format!("Value must be at least {least}"))
            }
            Check::Between(_, most) if number > most => {
                Err(format!("Value must be no more than {most}"))
            }
            Check::OffOr(off, least, most)
                if number != off && !(least..=most).contains(&number) =>
            {
                Err(format!(
                    "Value must be between {least} and {most} or equal to {off}"
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_double(&self, text: &str) -> Result<(), String> {
        let number: f64 = text
            .parse()
            .map_err(|_| "Not a number of type DOUBLE".to_owned())?;
        match self.check {
            // The only double with bounds is a ratio.
            Check::Between(..) if number < 0.0 => Err("Value must be at least 0".to_owned()),
            Check::Between(..) if number > 1.0 => Err("Value must be no more than 1".to_owned()),
            _ => Ok(()),
        }
    }

    fn check_words(&self, text: &str) -> Result<(), String> {
        match self.check {
            Check::OneOf(words) if !words.contains(&text) => {
                Err(format!("String must be one of: {}", words.join(", ")))
            }
            Check::ListOf(words) => {
                let known = |word: &str| words.contains(&word.trim());
                let all = text.is_empty() || text.split(',').all(known);
                all.then_some(())
                    .ok_or_else(|| format!("String must be one of: {}", words.join(", ")))
            }
            Check::OffsetReset if !is_offset_reset(text) => Err(format!(
                "Invalid value `{text}` for configuration {}. The value must be either 'earliest', \
                 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
                self.name
            )),
            Check::Replicas if !is_replica_list(text) => Err(format!(
                "{} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],...",
                self.name
            )),
            _ => Ok(()),
        }
    }
}

fn is_offset_reset(text: &str) -> bool {
    let duration = text.strip_prefix("by_duration:");
    let nanoseconds = duration.and_then(iso_duration::nanoseconds);
    matches!(text, "earliest" | "latest") || nanoseconds.is_some_and(|length| length >= 0)
}

fn is_replica_list(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let pair = |item: &str| {
        let pair = item.trim().split_once(':');
        pair.is_some_and(|(partition, broker)| number(partition) && number(broker))
    };
    text.is_empty() || text == "*" || text.split(',').all(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn def(kind: ConfigKind, check: Check) -> ConfigDef {
        ConfigDef {
            name: "x",
            kind,
            default: None,
            check,
            doc: "",
        }
    }

    #[test]
    fn values_are_checked_by_type_and_bound() {
        let cases = [
            (ConfigKind::Int, Check::AtLeast(1), "1", true),
            (ConfigKind::Int, Check::AtLeast(1), "0", false),
            (ConfigKind::Int, Check::Any, "2147483648", false),
            (ConfigKind::Long, Check::Any, "2147483648", true),
            (ConfigKind::Long, Check::Any, "ten", false),
            (ConfigKind::Boolean, Check::Any, "TRUE", true),
            (ConfigKind::Boolean, Check::Any, "yes", false),
            (ConfigKind::Int, Check::OffOr(-1, 1, 9), "-1", true),
            (ConfigKind::Int, Check::OffOr(-1, 1, 9), "9", true),
            (ConfigKind::Int, Check::OffOr(-1, 1, 9), "0", false),
            (ConfigKind::List, Check::Replicas, "*", true),
            (ConfigKind::List, Check::Replicas, "", true),
            (ConfigKind::List, Check::Replicas, "0:1, 1:2", true),
            (ConfigKind::List, Check::Replicas, "0:1,1", false),
            (ConfigKind::List, Check::Replicas, "a:b", false),
            (ConfigKind::Double, Check::Between(0, 1), "0.5", true),
            (ConfigKind::Double, Check::Between(0, 1), "1.5", false),
            (ConfigKind::List, Check::ListOf(&["a", "b"]), "a, b", true),
            (ConfigKind::List, Check::ListOf(&["a", "b"]), "a,c", false),
            (ConfigKind::String, Check::OneOf(&["a"]), "a", true),
            (ConfigKind::String, Check::OneOf(&["a"]), "A", false),
        ];
        for (kind, check, value, good) in cases {
            assert_eq!(
                def(kind, check).check(value).is_ok(),
                good,
                "{kind:?} {value}"
            );
        }
    }
}
