//! Environment variables of the form `KAFKA__LISTENERS__CHARGE__GROUP_ID`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::program::insert_path;
use crate::config::tree::{Node, Table};
use crate::config::{ConfigError, Origin};

/// Variables without it, such as `KAFKA_PORT`, are none of ours: Kubernetes sets them.
const PREFIX: &str = "KAFKA__";

/// Environment variables by name.
pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// The value of one variable.
pub(crate) fn variable<'e>(env: &'e Environment, name: &str) -> Option<&'e OsStr> {
    env.get(OsStr::new(name)).map(OsString::as_os_str)
}

/// Reads the variables that begin with `KAFKA__`.
pub(crate) fn read_environment(env: &Environment) -> (Table, Vec<ConfigError>) {
    let (mut table, mut errors) = (Table::default(), Vec::new());
    for (name, value) in env {
        let shown = name.to_string_lossy();
        let Some(path) = shown.strip_prefix(PREFIX) else {
            continue;
        };
        let origin = Origin::env(&shown);
        let outcome = match value.to_str() {
            Some(value) => split(path).and_then(|levels| {
                let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
                let node = Node::text(value, true, origin.clone());
                insert_path(&mut table, &levels, node)
            }),
            None => Err(ConfigError::invalid("the value is not UTF-8")),
        };
        errors.extend(outcome.err().map(|error| error.at(&origin)));
    }
    (table, errors)
}

/// `LISTENERS__CHARGE__GROUP_ID` to `kafka`, `listeners`, `charge`, `group-id`.
fn split(path: &str) -> Result<Vec<String>, ConfigError> {
    let mut levels = vec![super::ROOT.to_owned()];
    for level in path.split("__") {
        if level.is_empty() || level.starts_with('_') || level.ends_with('_') {
            let error = ConfigError::invalid("a level of this name is empty");
            return Err(error.hint(
                "two underscores stand between levels, one within a name: KAFKA__CONSUMER__GROUP_ID",
            ));
        }
        levels.push(level.to_lowercase().replace('_', "-"));
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> (Table, Vec<ConfigError>) {
        let env = vars.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        read_environment(&env.collect())
    }

    #[test]
    fn two_underscores_separate_levels_and_one_stays_in_the_name() {
        let (table, errors) = read(&[("KAFKA__LISTENERS__CHARGE_CARD__GROUP_ID", "billing")]);
        assert!(errors.is_empty(), "{errors:?}");
        let node = table.at("kafka.listeners.chargeCard.group-id").unwrap();
        assert_eq!(node.as_text().as_deref(), Some("billing"));
        let place = "environment variable KAFKA__LISTENERS__CHARGE_CARD__GROUP_ID";
        assert_eq!(node.origin.to_string(), place);
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let (table, errors) = read(&[
            ("KAFKA_PORT", "tcp://10.0.0.1:9092"),
            ("KAFKA_LISTENERS", "PLAINTEXT://:9092"),
            ("FLIGHTS__URL", "x"),
            ("kafka__client_id", "x"),
        ]);
        assert!(errors.is_empty() && table.iter().count() == 0, "{errors:?}");
    }

    #[test]
    fn malformed_names_are_named() {
        for name in [
            "KAFKA__",
            "KAFKA____X",
            "KAFKA__A__",
            "KAFKA__A___B",
            "KAFKA___A",
        ] {
            let (_, errors) = read(&[(name, "secret-value")]);
            assert_eq!(errors.len(), 1, "{name}");
            let shown = errors[0].to_string();
            assert!(
                shown.contains(name) && !shown.contains("secret-value"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_value_and_a_table_under_one_name_are_a_mistake() {
        for pair in [
            [("KAFKA__CONSUMER", "x"), ("KAFKA__CONSUMER__GROUP_ID", "y")],
            [("KAFKA__CLIENT_ID", "x"), ("KAFKA__CLIENTID", "y")],
        ] {
            assert_eq!(read(&pair).1.len(), 1, "{pair:?}");
        }
    }

    #[test]
    fn endless_names_are_refused() {
        let name = format!("KAFKA{}", "__A".repeat(10_000));
        let (_, errors) = read(&[(&name, "x")]);
        assert_eq!(errors.len(), 1);
    }
}
