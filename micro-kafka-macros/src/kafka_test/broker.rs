//! The broker of a test: with which of Kafka's properties.

use crate::ctxt::Ctxt;
use crate::setting::Setting;
use crate::value::texts;

/// `broker = ["name=value", …]`, with Kafka's names; the broker knows which there are.
pub(super) fn properties(setting: &Setting, ctxt: &mut Ctxt) -> Vec<(String, String)> {
    let mut properties: Vec<(String, String)> = Vec::new();
    for entry in texts(setting, ctxt) {
        match property(&entry.value(), &properties) {
            Ok(property) => properties.push(property),
            Err(message) => ctxt.error(entry.span(), message),
        }
    }
    properties
}

fn property(entry: &str, earlier: &[(String, String)]) -> Result<(String, String), String> {
    let (name, value) = entry
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write a broker's property as `\"log.retention.ms=1000\"`")?;
    if earlier.iter().any(|(earlier, _)| earlier == name) {
        return Err(format!("the broker's property `{name}` is given twice"));
    }
    Ok((name.to_owned(), value.to_owned()))
}
