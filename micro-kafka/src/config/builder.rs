//! How the settings are gathered.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;

use super::gathered::Gathered;
use super::layers::{
    Environment, Places, find_files, insert_path, profile_names, read_environment,
};
use super::loaded::{Config, Loaded};
use super::placeholder::Resolver;
use super::secret_file::read_secret_files;
use super::tree::{Node, Table};
use super::{ConfigError, ConfigErrors, Origin};

/// Gathers layers of settings; a later one wins.
///
/// Files, then TOML texts, then environment variables, then single values. A new builder looks
/// at nothing of the process: [`discover`](Self::discover) adds the usual files and the
/// environment.
#[must_use]
pub struct ConfigBuilder {
    places: Places,
    profiles: Vec<String>,
    texts: Vec<(String, String)>,
    env: Environment,
    values: Vec<(String, String)>,
    defaults: Vec<(String, String)>,
}

impl std::fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&str> = self.values.iter().map(|(key, _)| key.as_str()).collect();
        let texts: Vec<&str> = self.texts.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ConfigBuilder")
            .field("places", &self.places)
            .field("profiles", &self.profiles)
            .field("texts", &texts)
            .field("values", &keys)
            .finish_non_exhaustive()
    }
}

impl ConfigBuilder {
    pub(crate) fn new() -> Self {
        Self {
            places: Places::None,
            profiles: Vec::new(),
            texts: Vec::new(),
            env: Environment::new(),
            values: Vec::new(),
            defaults: Vec::new(),
        }
    }

    /// Looks where a service's settings usually are, and takes the process's environment.
    ///
    /// The first of these that exists is used: the file that `MICRO_KAFKA_CONFIG` names,
    /// `./application.toml`, `./config/application.toml`, and under `cargo run` the
    /// `application.toml` of the package. `application-<profile>.toml` beside it is laid over it
    /// for each of `MICRO_KAFKA_PROFILES=a,b`, in this order. No file at all is fine.
    pub fn discover(mut self) -> Self {
        self.places = Places::Usual;
        self.env.extend(std::env::vars_os());
        self
    }

    /// Looks for `application.toml` and its profiles in this folder only.
    pub fn dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.places = Places::Folder(folder.into());
        self
    }

    /// Reads this file, which must exist, and its profiles beside it.
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.places = Places::File(file.into());
        self
    }

    /// Adds a profile, over those that `MICRO_KAFKA_PROFILES` names.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profiles.push(name.into());
        self
    }

    /// Lays a TOML text over the files; errors call it `name`.
    pub fn toml_str(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.texts.push((name.into(), text.into()));
        self
    }

    /// Adds environment variables.
    pub fn env<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter().map(|(k, v)| (k.into(), v.into()));
        self.env.extend(variables);
        self
    }

    /// Sets one value over all layers: `set("kafka.bootstrap-servers", "127.0.0.1:9092")`.
    ///
    /// The value is read as whatever type the key takes; placeholders in it stay as they are.
    pub fn set(mut self, key: impl Into<String>, value: impl Display) -> Self {
        let key = key.into();
        self.values.retain(|(earlier, _)| *earlier != key);
        self.values.push((key, value.to_string()));
        self
    }

    /// Sets one value beneath all layers: a default of the program's own. It gives way, as the
    /// framework's defaults do, where another setting excludes it.
    pub fn set_default(mut self, key: impl Into<String>, value: impl Display) -> Self {
        self.defaults.push((key.into(), value.to_string()));
        self
    }

    /// Reads and checks everything.
    ///
    /// # Errors
    /// All mistakes of all layers together.
    pub fn build(self) -> Result<Config, ConfigErrors> {
        let (config, errors) = self.read();
        ConfigErrors::check(errors)?;
        Ok(config)
    }

    /// Reads everything; what is wrong has its default, and is told.
    pub(crate) fn read(self) -> (Config, Vec<ConfigError>) {
        let mut gathered = Gathered::new(&self.env);
        gathered.layer(read_values(&self.defaults, &Origin::Default));
        self.read_files(&mut gathered);
        for (name, text) in &self.texts {
            gathered.document(name, text);
        }
        gathered.values(read_environment(&self.env));
        gathered.values(read_values(&self.values, &Origin::Program));
        for source in &gathered.sources {
            tracing::info!(file = source, "settings read");
        }
        let (tree, sources, mut errors) = (gathered.tree, gathered.sources, gathered.errors);
        let (raw, unread) = read_secret_files(&tree, &self.env);
        errors.extend(unread);
        let (table, unresolved) = Resolver::new(&raw, &self.env).table(&raw, "");
        errors.extend(unresolved);
        let (loaded, refused) = Loaded::read(table, raw, self.env, sources);
        errors.extend(refused);
        (Config::new(Arc::new(loaded)), errors)
    }

    fn read_files(&self, gathered: &mut Gathered<'_>) {
        let mut profiles = match profile_names(&self.env) {
            Ok(profiles) => profiles,
            Err(error) => {
                gathered.errors.push(error);
                Vec::new()
            }
        };
        profiles.extend(self.profiles.iter().cloned());
        let (files, errors) = find_files(&self.places, &profiles, &self.env);
        gathered.errors.extend(errors);
        gathered.profiles(profiles);
        for file in files {
            gathered.file(&file.path, &file.text);
        }
    }
}

fn read_values(values: &[(String, String)], origin: &Origin) -> (Table, Vec<ConfigError>) {
    let (mut table, mut errors) = (Table::default(), Vec::new());
    for (key, value) in values {
        let levels: Vec<&str> = key.split('.').collect();
        let node = Node::text(value, true, origin.clone());
        let outcome = insert_path(&mut table, &levels, node);
        errors.extend(outcome.err().map(|error| error.at(origin)));
    }
    (table, errors)
}
