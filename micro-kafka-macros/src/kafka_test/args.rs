//! What stands in the parentheses of `#[kafka_test(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::{LitStr, Path};

use super::broker::properties;
use super::topics::{Topic, topics};
use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, settings};
use crate::suggestion::unknown;
use crate::value::{number, text};

const KEYS: [&str; 10] = [
    "topics",
    "partitions",
    "brokers",
    "broker",
    "shared",
    "embedded",
    "clock",
    "config",
    "deadline",
    "crate",
];
pub(super) const MOST_PARTITIONS: u32 = 10_000;
const MOST_BROKERS: u32 = 100;
const CLOCKS: [&str; 2] = ["running", "paused"];

/// The values of all keys.
#[derive(Default)]
pub(super) struct Args {
    pub(super) topics: Vec<Topic>,
    pub(super) partitions: Option<u32>,
    pub(super) brokers: Option<u32>,
    /// Kafka's names of broker properties, and their values.
    pub(super) broker: Vec<(String, String)>,
    pub(super) shared: bool,
    /// Why the test does not run on another Kafka.
    pub(super) embedded: Option<LitStr>,
    pub(super) paused: bool,
    pub(super) config: Option<LitStr>,
    pub(super) deadline: Option<LitStr>,
    pub(super) crate_path: Option<Path>,
}

/// Reads them; each mistake is reported, and its value left out.
pub(super) fn parse(tokens: TokenStream, ctxt: &mut Ctxt) -> Args {
    let mut args = Args::default();
    let mut shared: Option<Span> = None;
    for setting in &settings(tokens, &KEYS, ctxt) {
        match &*setting.name() {
            "topics" => args.topics = topics(setting, ctxt),
            "partitions" => args.partitions = number(setting, 1..=MOST_PARTITIONS, ctxt),
            "brokers" => args.brokers = number(setting, 1..=MOST_BROKERS, ctxt),
            "broker" => args.broker = properties(setting, ctxt),
            "shared" => {
                setting.alone(ctxt);
                shared = Some(setting.span());
            }
            "embedded" => args.embedded = reason(setting, ctxt),
            "clock" => args.paused = paused(setting, ctxt),
            "config" => args.config = text(setting, ctxt),
            "deadline" => args.deadline = text(setting, ctxt),
            _ => args.crate_path = crate_path(setting, ctxt),
        }
    }
    let several = args.brokers.is_some_and(|brokers| brokers > 1);
    if let Some(span) = shared.filter(|_| several) {
        let message = "the shared broker is that of all tests: leave out `shared` to give this test \
                       several `brokers` of its own";
        ctxt.error(span, message);
    }
    if let Some(span) = shared.filter(|_| !args.broker.is_empty()) {
        let message = "the shared broker is that of all tests: leave out `shared` to give this test \
                       one with `broker` properties of its own";
        ctxt.error(span, message);
    }
    args.shared = shared.is_some();
    args
}

fn reason(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let reason = text(setting, ctxt)?;
    if reason.value().trim().is_empty() {
        ctxt.error(
            reason.span(),
            "say why the test runs on the embedded broker only",
        );
    }
    Some(reason)
}

fn paused(setting: &Setting, ctxt: &mut Ctxt) -> bool {
    let Some(clock) = text(setting, ctxt) else {
        return false;
    };
    let value = clock.value();
    if !CLOCKS.contains(&&*value) {
        ctxt.error(clock.span(), unknown("clock", &value, &CLOCKS));
    }
    value == "paused"
}
