//! What stands in the parentheses of `#[kafka_test(…)]`.

use proc_macro2::TokenStream;
use syn::{LitStr, Path};

use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, settings};
use crate::text::topic;
use crate::value::{number, text, texts};

const KEYS: [&str; 5] = ["topics", "partitions", "config", "deadline", "crate"];
const MOST_PARTITIONS: u32 = 10_000;

/// The values of all keys.
#[derive(Default)]
pub(super) struct Args {
    pub(super) topics: Vec<LitStr>,
    pub(super) partitions: Option<u32>,
    pub(super) config: Option<LitStr>,
    pub(super) deadline: Option<LitStr>,
    pub(super) crate_path: Option<Path>,
}

/// Reads them; each mistake is reported, and its value left out.
pub(super) fn parse(tokens: TokenStream, ctxt: &mut Ctxt) -> Args {
    let mut args = Args::default();
    for setting in &settings(tokens, &KEYS, ctxt) {
        match &*setting.name() {
            "topics" => args.topics = topics(setting, ctxt),
            "partitions" => args.partitions = number(setting, 1..=MOST_PARTITIONS, ctxt),
            "config" => args.config = text(setting, ctxt),
            "deadline" => args.deadline = text(setting, ctxt),
            _ => args.crate_path = crate_path(setting, ctxt),
        }
    }
    args
}

fn topics(setting: &Setting, ctxt: &mut Ctxt) -> Vec<LitStr> {
    let topics = texts(setting, ctxt);
    for (at, name) in topics.iter().enumerate() {
        let value = name.value();
        if value.contains("${") {
            ctxt.error(name.span(), "a test's topic cannot hold placeholders");
        } else if let Err(message) = topic(&value) {
            ctxt.error(name.span(), message);
        } else if topics[..at].iter().any(|earlier| earlier.value() == value) {
            ctxt.error(name.span(), format!("the topic `{value}` is given twice"));
        }
    }
    topics
}
