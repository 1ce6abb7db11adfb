//! A broker's configuration in a file: TOML, or the Java properties that Kafka itself reads.

mod error;
mod listeners;
mod properties;
mod suggestion;
#[cfg(test)]
mod tests;
mod toml;

use std::path::{Path, PathBuf};

pub use error::{ConfigFileError, ConfigMistake};
pub(crate) use listeners::FileListener;
pub(crate) use suggestion::unknown_name;

use crate::meta::{BrokerConfig, ConfigError};

/// A setting in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    name: String,
    value: String,
    /// Where its name stands.
    at: Place,
    /// Where its value stands.
    value_at: Place,
}

/// A line and a column, from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

/// What a file says of a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    /// `node.id`, or `broker.id`.
    pub(crate) node_id: Option<i32>,
    /// `log.dirs`, or `log.dir`.
    pub(crate) data_dir: Option<PathBuf>,
    /// `listeners` with `advertised.listeners`, but for those of a controller.
    pub(crate) listeners: Vec<FileListener>,
    /// All else, by name.
    pub(crate) values: Vec<(String, String)>,
}

impl ConfigFile {
    /// Reads and checks a file: `.properties` is Java's format, everything else TOML.
    ///
    /// # Errors
    /// [`ConfigFileError`] with all that is wrong in it.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigFileError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigFileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let java = path.extension().is_some_and(|known| known == "properties");
        let format = match java {
            true => Format::Properties,
            false => Format::Toml,
        };
        let file = Self::parse(&path.display().to_string(), &text, format);
        file.map_err(ConfigFileError::Mistakes)
    }

    fn parse(name: &str, text: &str, format: Format) -> Result<Self, Vec<ConfigMistake>> {
        let mut mistakes = Mistakes::of(name);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut settings = match format {
            Format::Toml => toml::settings(text, &mut mistakes),
            Format::Properties => properties::settings(text),
        };
        settings.retain(|setting| is_good(setting, format, &mut mistakes));
        let file = Self::from_settings(settings, &mut mistakes);
        match mistakes.found.is_empty() {
            true => Ok(file),
            false => Err(mistakes.found),
        }
    }

    fn from_settings(settings: Vec<Setting>, mistakes: &mut Mistakes) -> Self {
        let mut file = Self {
            listeners: listeners::listeners(&settings, mistakes),
            ..Self::default()
        };
        let of = |name: &str| settings.iter().find(|setting| setting.name == name);
        let id = of("node.id").or_else(|| of("broker.id"));
        file.node_id = id.and_then(|id| id.value.trim().parse().ok());
        if let Some(dirs) = of("log.dirs").or_else(|| of("log.dir")) {
            match dirs.value.contains(',') {
                false => file.data_dir = Some(PathBuf::from(dirs.value.trim())),
                true => mistakes.add(
                    dirs.value_at,
                    format!("{}: one directory, not several", dirs.name),
                ),
            }
        }
        let elsewhere = [
            "node.id",
            "broker.id",
            "log.dirs",
            "log.dir",
            "listeners",
            "advertised.listeners",
        ];
        let values = settings
            .into_iter()
            .filter(|setting| !elsewhere.contains(&setting.name.as_str()));
        file.values = values
            .map(|setting| (setting.name, setting.value))
            .collect();
        file
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Toml,
    Properties,
}

/// Whether a setting can be used; one that cannot is a mistake, or is warned about.
fn is_good(setting: &Setting, format: Format, mistakes: &mut Mistakes) -> bool {
    match BrokerConfig::check(&setting.name, &setting.value) {
        Ok(()) => return true,
        Err(ConfigError::Unknown { name, .. }) => {
            let unknown = unknown_name(&name);
            if format == Format::Properties {
                // Kafka's own file has more names than this broker, and Kafka ignores others too.
                let at = mistakes.place(setting.at);
                tracing::warn!("{at}: {unknown}; it has no effect");
                return false;
            }
            mistakes.add(setting.at, unknown);
        }
        Err(error) => mistakes.add(setting.value_at, error.to_string()),
    }
    false
}

/// What is wrong in a file.
#[derive(Debug)]
struct Mistakes {
    file: String,
    found: Vec<ConfigMistake>,
}

impl Mistakes {
    fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            found: Vec::new(),
        }
    }

    fn add(&mut self, at: Place, reason: String) {
        self.found.push(ConfigMistake {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            reason,
        });
    }

    fn place(&self, at: Place) -> String {
        format!("{}:{}:{}", self.file, at.line, at.column)
    }
}
