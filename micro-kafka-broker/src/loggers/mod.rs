//! The levels of the program's log, which admin clients read and change.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

/// The logger that decides where no other does.
pub(crate) const ROOT: &str = "root";

/// The broker's parts that log.
const PARTS: [&str; 14] = [
    "micro_kafka_broker",
    "micro_kafka_broker::api",
    "micro_kafka_broker::batch",
    "micro_kafka_broker::compat",
    "micro_kafka_broker::coord",
    "micro_kafka_broker::coord::group",
    "micro_kafka_broker::coord::transaction",
    "micro_kafka_broker::fault",
    "micro_kafka_broker::log",
    "micro_kafka_broker::meta",
    "micro_kafka_broker::partition",
    "micro_kafka_broker::server",
    "micro_kafka_broker::session",
    "micro_kafka_broker::upkeep",
];

/// How much a logger says, by Kafka's names; the last is nothing at all.
const LEVELS: [(&str, &str); 6] = [
    ("TRACE", "trace"),
    ("DEBUG", "debug"),
    ("INFO", "info"),
    ("WARN", "warn"),
    ("ERROR", "error"),
    ("FATAL", "off"),
];

/// Kafka's names of the levels, as its messages list them.
pub(crate) const LEVEL_NAMES: [&str; 6] = ["DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"];

type Apply = dyn Fn(&str) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;

/// The log of the program that runs a broker, for admin clients that read and change its levels:
/// loggers are the paths of modules, and `root`.
#[derive(Clone)]
pub struct Loggers {
    directives: Arc<str>,
    set: Arc<Mutex<BTreeMap<String, &'static str>>>,
    apply: Arc<Apply>,
}

impl Loggers {
    /// Loggers of a program that began with these `directives`, written as in `RUST_LOG`; `apply`
    /// puts others in force.
    pub fn new(
        directives: &str,
        apply: impl Fn(&str) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            directives: directives.into(),
            set: Arc::default(),
            apply: Arc::new(apply),
        }
    }

    /// All loggers with their levels, by name.
    pub(crate) fn all(&self) -> Vec<(String, &'static str)> {
        let levels = self.levels(&self.set.lock());
        let named = levels.keys().map(String::as_str);
        let names: BTreeSet<&str> = named.chain(PARTS).chain([ROOT]).collect();
        let shown = |name: &str| (name.to_owned(), effective(&levels, name));
        names.into_iter().map(shown).collect()
    }

    /// Whether there is such a logger.
    pub(crate) fn contains(&self, logger: &str) -> bool {
        self.all().iter().any(|(name, _)| name == logger)
    }

    /// Sets levels, or for `None` lets those loggers have what they began with.
    ///
    /// # Errors
    /// What the log says when it cannot be changed; nothing is changed then.
    pub(crate) fn change(
        &self,
        changes: &[(&str, Option<&'static str>)],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut set = self.set.lock();
        let mut changed = set.clone();
        for (logger, level) in changes {
            match level {
                Some(level) => changed.insert((*logger).to_owned(), *level),
                None => changed.remove(*logger),
            };
        }
        (self.apply)(&self.directives_with(&changed))?;
        *set = changed;
        Ok(())
    }

    /// The directives that say what was set over what the program began with.
    fn directives_with(&self, set: &BTreeMap<String, &'static str>) -> String {
        let mut directives = vec![self.directives.to_string()];
        directives.extend(set.iter().map(|(logger, level)| match logger.as_str() {
            ROOT => directive_level(level).to_owned(),
            module => format!("{module}={}", directive_level(level)),
        }));
        directives.retain(|directive| !directive.is_empty());
        directives.join(",")
    }

    /// Every level that was said, by logger.
    fn levels(&self, set: &BTreeMap<String, &'static str>) -> BTreeMap<String, &'static str> {
        let said = self.directives.split(',').filter_map(|directive| {
            let (logger, level) = directive.split_once('=').unwrap_or((ROOT, directive));
            Some((logger.trim().to_owned(), level_named(level.trim())?))
        });
        let mut levels: BTreeMap<_, _> = said.collect();
        levels.extend(set.iter().map(|(logger, level)| (logger.clone(), *level)));
        levels
    }
}

impl fmt::Debug for Loggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = self.levels(&self.set.lock());
        f.debug_tuple("Loggers").field(&levels).finish()
    }
}

/// The level of Kafka's or of a directive's name.
pub(crate) fn level_named(name: &str) -> Option<&'static str> {
    let is_named = |level: &&(&str, &str)| level.0 == name || level.1.eq_ignore_ascii_case(name);
    LEVELS.iter().find(is_named).map(|(kafka, _)| *kafka)
}

fn directive_level(level: &str) -> &'static str {
    let found = LEVELS.iter().find(|(kafka, _)| *kafka == level);
    found.map_or("off", |(_, directive)| directive)
}

/// The level of a logger: its own, that of the nearest module around it, or the root's.
fn effective(levels: &BTreeMap<String, &'static str>, logger: &str) -> &'static str {
    let mut module = logger;
    loop {
        if let Some(level) = levels.get(module) {
            return level;
        }
        match module.rsplit_once("::") {
            Some((around, _)) => module = around,
            None => break,
        }
    }
    // Where directives name modules alone, all others are silent.
    levels.get(ROOT).copied().unwrap_or("FATAL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loggers(directives: &str) -> (Loggers, Arc<Mutex<String>>) {
        let applied = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&applied);
        let apply = move |directives: &str| {
            directives.clone_into(&mut into.lock());
            Ok(())
        };
        (Loggers::new(directives, apply), applied)
    }

    fn level(loggers: &Loggers, name: &str) -> &'static str {
        let all = loggers.all();
        all.iter().find(|(logger, _)| logger == name).unwrap().1
    }

    #[test]
    fn a_logger_has_the_level_of_the_nearest_module() {
        let (loggers, _) = loggers("warn,micro_kafka_broker::coord=debug,hyper=off");
        assert_eq!(level(&loggers, "root"), "WARN");
        assert_eq!(level(&loggers, "micro_kafka_broker::log"), "WARN");
        assert_eq!(level(&loggers, "micro_kafka_broker::coord::group"), "DEBUG");
        assert_eq!(level(&loggers, "hyper"), "FATAL");
        assert!(loggers.contains("hyper") && !loggers.contains("tokio"));
    }

    #[test]
    fn without_a_root_level_all_others_are_silent() {
        let (loggers, _) = loggers("micro_kafka_broker::log=info");
        assert_eq!(level(&loggers, "root"), "FATAL");
        assert_eq!(level(&loggers, "micro_kafka_broker::log"), "INFO");
    }

    #[test]
    fn what_is_set_comes_after_what_the_program_began_with_until_it_is_taken_back() {
        let (loggers, applied) = loggers("warn");
        let log = "micro_kafka_broker::log";
        loggers
            .change(&[(log, Some("DEBUG")), ("root", Some("ERROR"))])
            .unwrap();
        assert_eq!(*applied.lock(), "warn,micro_kafka_broker::log=debug,error");
        assert_eq!(level(&loggers, log), "DEBUG");
        assert_eq!(level(&loggers, "root"), "ERROR");
        loggers.change(&[(log, None)]).unwrap();
        assert_eq!(*applied.lock(), "warn,error");
        assert_eq!(level(&loggers, log), "ERROR");
    }

    #[test]
    fn what_the_log_refuses_is_not_shown() {
        let loggers = Loggers::new("warn", |_| Err("gone".into()));
        loggers.change(&[("root", Some("INFO"))]).unwrap_err();
        assert_eq!(level(&loggers, "root"), "WARN");
    }
}
