//! All settings that count, those of the linked listeners included.

use super::dlt_handlers;
use super::memory::{self, Shares};
use super::registration::Registration;
use super::resolve::{Parts, Plan, Resolver};
use crate::config::{Config, ConfigErrors, Explanation};
use crate::listener::{LISTENERS, States};

/// Loads the settings from the usual places and tells every one that counts with the place it
/// comes from, secrets masked: clients, templates, and each `#[kafka_listener]` of this program.
///
/// ```no_run
/// println!("{}", micro_kafka::config::explain()?);
/// # Ok::<(), micro_kafka::config::ConfigErrors>(())
/// ```
///
/// # Errors
/// All mistakes of files, variables and attributes together.
pub fn explain() -> Result<Explanation, ConfigErrors> {
    explain_linked(&Config::load()?)
}

fn explain_linked(config: &Config) -> Result<Explanation, ConfigErrors> {
    let mut explanation = config.explain();
    let mut mistakes = Vec::new();
    let (states, parts) = (States::default(), Parts::default());
    let resolver = Resolver::new(config, &states, &parts);
    for mut listener in LISTENERS.iter().map(Registration::from) {
        if let Some(of) = listener.dlt_of
            && dlt_handlers::complete(&mut listener, of, &[], &resolver).is_err()
        {
            // What is wrong is told of the listener whose dead letters it takes.
            continue;
        }
        match listener.with_attributes(|attributes| config.explain_listener(attributes)) {
            Ok(explained) => explanation = explanation.and(explained),
            Err(errors) => mistakes.extend(errors.into_vec()),
        }
    }
    ConfigErrors::check(mistakes)?;
    Ok(match memory_shares(config, &resolver) {
        Some(shares) => explanation.and(Explanation::of_shares(shares.lines())),
        None => explanation,
    })
}

/// How the memory budget is split; what is wrong with it, or with a listener, is told at boot.
fn memory_shares(config: &Config, resolver: &Resolver<'_>) -> Option<Shares> {
    config.kafka().memory_budget?;
    let mut plans: Vec<Plan> = Vec::new();
    for mut listener in LISTENERS.iter().map(Registration::from) {
        let of = listener.dlt_of;
        let completed = of.map(|of| dlt_handlers::complete(&mut listener, of, &plans, resolver));
        if completed.is_none_or(|completed| completed.is_ok()) {
            plans.extend(resolver.plan(listener, &mut Vec::new()));
        }
    }
    memory::shares(config, &plans, None).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_of_a_budget_is_explained() {
        let explained = |text: &str| {
            let config = Config::builder().toml_str("a.toml", text).build().unwrap();
            explain_linked(&config).unwrap().to_string()
        };
        let told = explained("[kafka]\nmemory-budget = '256MiB'\n");
        let (_, split) = told.split_once("[kafka.memory-budget]").unwrap();
        assert!(split.contains("template = \""), "{split}");
        assert!(split.contains("what producers share"), "{split}");
        assert!(!explained("").contains("[kafka.memory-budget]"));
    }
}
