//! When a listener stops for a while because too much fails: `breaker(window = 20, wait = "5s..1m x2")`.

use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::text::{back_off, has_placeholder};
use crate::value::{number, text};

const KEYS: [&str; 2] = ["window", "wait"];
const EXAMPLE: &str =
    "write `breaker`, or `breaker(window = 20, wait = \"5s..1m x2\")` with what is to be otherwise";
/// What more attempts would say is said by fewer.
const WINDOW: std::ops::RangeInclusive<u32> = 2..=10_000;

/// Keys and values as the settings name them; reads them, each mistake is reported.
pub(super) fn breaker(setting: &Setting, ctxt: &mut Ctxt) -> Vec<(&'static str, String)> {
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
        match &*setting.name() {
            "window" => {
                let window = number(setting, WINDOW, ctxt);
                pairs.extend(window.map(|window| ("window", window.to_string())));
            }
            _ => pairs.extend(wait(setting, ctxt).map(|wait| ("wait", wait))),
        }
    }
    pairs
}

fn wait(setting: &Setting, ctxt: &mut Ctxt) -> Option<String> {
    let wait = text(setting, ctxt)?;
    let value = wait.value();
    if !has_placeholder(&value) {
        let checked = back_off(&value);
        checked
            .map_err(|message| ctxt.error(wait.span(), message))
            .ok()?;
    }
    Some(value)
}
