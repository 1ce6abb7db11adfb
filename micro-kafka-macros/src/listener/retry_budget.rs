//! How many records may go to retry topics and dead letters in a minute:
//! `retry_budget(percent = 20, at_least = 10)`.

use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::value::number;

const KEYS: [&str; 2] = ["percent", "at_least"];
const EXAMPLE: &str = "write `retry_budget`, or `retry_budget(percent = 20, at_least = 10)` with \
    what is to be otherwise";

/// Keys and values as the settings name them; each mistake is reported.
pub(super) fn retry_budget(setting: &Setting, ctxt: &mut Ctxt) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("enabled", "true".to_owned())];
    let list = match &setting.value {
        Value::Absent => return pairs,
        Value::List(list) => list,
        Value::Assigned(_) => {
            ctxt.error(setting.span(), EXAMPLE);
            return pairs;
        }
    };
    for setting in &settings(list.stream(), &KEYS, ctxt) {
        let (key, range) = match &*setting.name() {
            "percent" => ("percent", 1..=100),
            _ => ("at-least", 0..=1_000_000),
        };
        let value = number(setting, range, ctxt);
        pairs.extend(value.map(|value| (key, value.to_string())));
    }
    pairs
}
