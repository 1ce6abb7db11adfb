//! All settings that count, those of the linked listeners included.

use super::dlt_handlers;
use super::registration::Registration;
use super::resolve::{Parts, Resolver};
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
    Ok(explanation)
}
