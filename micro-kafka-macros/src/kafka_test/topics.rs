//! The topics of a test: `"orders"`, or `"orders:6"` with partitions of its own.

use syn::LitStr;

use super::args::MOST_PARTITIONS;
use crate::ctxt::Ctxt;
use crate::setting::Setting;
use crate::text::topic;
use crate::value::texts;

/// A topic, and how many partitions it has if not as many as the others.
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) partitions: Option<u32>,
}

/// Reads the list; each mistake is reported, and its topic left out.
pub(super) fn topics(setting: &Setting, ctxt: &mut Ctxt) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    for text in &texts(setting, ctxt) {
        match read(text, &topics) {
            Ok(topic) => topics.push(topic),
            Err(message) => ctxt.error(text.span(), message),
        }
    }
    topics
}

fn read(text: &LitStr, earlier: &[Topic]) -> Result<Topic, String> {
    let value = text.value();
    if value.contains("${") {
        return Err("a test's topic cannot hold placeholders".to_owned());
    }
    let (name, partitions) = match value.split_once(':') {
        None => (&*value, None),
        Some((name, count)) => (name, Some(partitions(name, count)?)),
    };
    topic(name)?;
    if earlier.iter().any(|earlier| earlier.name == name) {
        return Err(format!("the topic `{name}` is given twice"));
    }
    let name = name.to_owned();
    Ok(Topic { name, partitions })
}

fn partitions(name: &str, count: &str) -> Result<u32, String> {
    let count = count.trim().parse().ok();
    let count = count.filter(|count| (1..=MOST_PARTITIONS).contains(count));
    let message = || {
        format!(
            "after the colon stands how many partitions the topic has, from 1 to {MOST_PARTITIONS}: \
             write `\"{name}:3\"`"
        )
    };
    count.ok_or_else(message)
}
