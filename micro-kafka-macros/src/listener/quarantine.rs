//! When a record is held to be what kills its processes: `quarantine(after = 2)`.

use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::value::number;

const EXAMPLE: &str = "write `quarantine`, or `quarantine(after = 2)` with the deaths until records run one at a time";
/// More deaths would find nothing else.
const DEATHS: std::ops::RangeInclusive<u32> = 1..=100;

/// Keys and values as the settings name them; each mistake is reported.
pub(super) fn quarantine(setting: &Setting, ctxt: &mut Ctxt) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("enabled", "true".to_owned())];
    let list = match &setting.value {
        Value::Absent => return pairs,
        Value::List(list) => list,
        Value::Assigned(_) => {
            ctxt.error(setting.span(), EXAMPLE);
            return pairs;
        }
    };
    for setting in &settings(list.stream(), &["after"], ctxt) {
        let after = number(setting, DEATHS, ctxt);
        pairs.extend(after.map(|after| ("after", after.to_string())));
    }
    pairs
}
