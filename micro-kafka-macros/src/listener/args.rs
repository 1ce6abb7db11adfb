//! What stands in the parentheses of `#[kafka_listener(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, LitStr, Path, ReturnType, Signature};

use super::breaker::breaker;
use super::code::{ErrorHandler, SendTo, error_handler, function, of, one_topic, send_to};
use super::gathering::{Gathering, gathering};
use super::pace::{rate_limit, timeout};
use super::quarantine::quarantine;
use super::retry_budget::retry_budget;
use super::source::{check_sources, partitions, topic_pattern};
use super::{Retry, retry};
use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::idempotent::Args as Idempotent;
use crate::retryable::Pairs;
use crate::setting::{Setting, settings};
use crate::suggestion::unknown;
use crate::text::{has_placeholder, placeholders, topic};
use crate::value::{boolean, number, text, texts};

/// What is told if one of them has another form.
const BATCH: &str = "write `batch`, or `batch(max = 500, linger = \"50ms\")`";
const TRANSACTIONAL: &str =
    "write `transactional`, or `transactional(max = 500, linger = \"100ms\")`";

/// Each consumer is a thread: more is a mistake.
const MOST_CONSUMERS: u32 = 1_000;

/// Each handler at work has its memory: more is a mistake.
const MOST_HANDLERS: u32 = 1_000_000;

const KEYS: [&str; 30] = [
    "topics",
    "topic_pattern",
    "topic_partitions",
    "id",
    "group_id",
    "concurrency",
    "auto_startup",
    "client_id",
    "client_id_prefix",
    "properties",
    "order",
    "parallelism",
    "dispatch",
    "timeout",
    "rate_limit",
    "breaker",
    "quarantine",
    "retry_budget",
    "ack_mode",
    "retry",
    "batch",
    "transactional",
    "container",
    "filter",
    "error_handler",
    "recoverer",
    "dead_letter_topic",
    "send_to",
    "info",
    "crate",
];

/// Those of `#[dlt_handler]`: its topics follow from its listener.
const LETTER_KEYS: [&str; 24] = [
    "of",
    "id",
    "group_id",
    "concurrency",
    "auto_startup",
    "client_id",
    "client_id_prefix",
    "properties",
    "order",
    "parallelism",
    "dispatch",
    "timeout",
    "rate_limit",
    "breaker",
    "quarantine",
    "retry_budget",
    "ack_mode",
    "retry",
    "batch",
    "container",
    "filter",
    "error_handler",
    "info",
    "crate",
];

/// The values of all keys.
#[derive(Default)]
pub(super) struct Args {
    pub(super) topics: Vec<LitStr>,
    pub(super) id: Option<LitStr>,
    pub(super) group_id: Option<LitStr>,
    pub(super) concurrency: Option<u32>,
    pub(super) auto_startup: Option<bool>,
    pub(super) client_id: Option<LitStr>,
    pub(super) properties: Vec<(String, String)>,
    pub(super) order: Option<&'static str>,
    pub(super) parallelism: Option<u32>,
    pub(super) dispatch: Option<&'static str>,
    pub(super) timeout: Option<LitStr>,
    pub(super) rate_limit: Option<LitStr>,
    pub(super) breaker: Vec<(&'static str, String)>,
    pub(super) quarantine: Vec<(&'static str, String)>,
    pub(super) retry_budget: Vec<(&'static str, String)>,
    pub(super) ack_mode: Option<&'static str>,
    pub(super) retry: Retry,
    pub(super) topic_pattern: Option<LitStr>,
    pub(super) topic_partitions: Vec<LitStr>,
    pub(super) batch: Option<Gathering>,
    pub(super) transactional: Option<Gathering>,
    pub(super) container: Option<LitStr>,
    pub(super) filter: Option<Expr>,
    pub(super) error_handler: Option<ErrorHandler>,
    /// The listener whose dead letters it takes.
    pub(super) of: Option<Path>,
    pub(super) recoverer: Option<&'static str>,
    pub(super) dead_letter_topic: Option<LitStr>,
    pub(super) send_to: Option<SendTo>,
    pub(super) info: Option<LitStr>,
    pub(super) crate_path: Option<Path>,
    /// What `#[retryable]` says.
    pub(super) retryable: Option<Pairs>,
    /// What `#[idempotent]` says.
    pub(super) idempotent: Option<Idempotent>,
    retry_span: Option<Span>,
}

impl Args {
    /// Retries in place are another key's where there are retry topics.
    pub(super) fn check_retries(&self, retryable: bool, ctxt: &mut Ctxt) {
        if let Some(span) = self.retry_span.filter(|_| retryable) {
            ctxt.error(
                span,
                "with `#[retryable]` retries in place are its own: write `in_place(attempts = 3, …)` there",
            );
        }
    }

    /// Only a record by itself, with an end that is known, has one key.
    pub(super) fn check_idempotent(&self, idempotent: Option<&Idempotent>, ctxt: &mut Ctxt) {
        let manual = self.ack_mode.is_some_and(|mode| mode.starts_with("Manual"));
        if let Some(idempotent) = idempotent {
            let (batch, transactional) = (self.batch.is_some(), self.transactional.is_some());
            idempotent.check(batch, transactional, manual, ctxt);
        }
    }

    /// What is to be sent has to be returned.
    pub(super) fn check_replies(&self, signature: &Signature, ctxt: &mut Ctxt) {
        if self.send_to.is_none() {
            return;
        }
        if self.batch.is_some() && matches!(self.send_to, Some(SendTo::ReplyHeader)) {
            let message =
                "a batch is no request that says where to reply: write `send_to = \"topic\"`";
            ctxt.error(signature.ident.span(), message);
        } else if matches!(signature.output, ReturnType::Default) {
            let message = "`send_to` sends what the function returns, which is nothing";
            ctxt.error(signature.ident.span(), message);
        }
    }
}

/// Reads them; each mistake is reported, and its value left out.
pub(super) fn parse(tokens: TokenStream, ctxt: &mut Ctxt) -> Args {
    let settings = settings(tokens, &KEYS, ctxt);
    check_sources(&settings, ctxt);
    values(&settings, ctxt)
}

/// The same of `#[dlt_handler(…)]`.
pub(super) fn parse_letters(tokens: TokenStream, ctxt: &mut Ctxt) -> Args {
    let settings = settings(tokens, &LETTER_KEYS, ctxt);
    if !settings.iter().any(|setting| setting.key == "of") {
        let message = "whose dead letters? write `#[dlt_handler(of = listener)]`";
        ctxt.error(Span::call_site(), message);
    }
    values(&settings, ctxt)
}

fn values(settings: &[Setting], ctxt: &mut Ctxt) -> Args {
    let mut args = Args::default();
    for setting in settings {
        match &*setting.name() {
            "topics" => args.topics = topics(setting, ctxt),
            "topic_pattern" => args.topic_pattern = topic_pattern(setting, ctxt),
            "topic_partitions" => args.topic_partitions = partitions(setting, ctxt),
            "id" => args.id = named(setting, ctxt),
            "group_id" => args.group_id = named(setting, ctxt),
            "client_id" | "client_id_prefix" => args.client_id = named(setting, ctxt),
            "concurrency" => args.concurrency = number(setting, 1..=MOST_CONSUMERS, ctxt),
            "auto_startup" => args.auto_startup = boolean(setting, ctxt),
            "properties" => args.properties = properties(setting, ctxt),
            "order" => args.order = word(setting, "order", &ORDERS, ctxt),
            "parallelism" => args.parallelism = number(setting, 1..=MOST_HANDLERS, ctxt),
            "dispatch" => args.dispatch = word(setting, "dispatch", &DISPATCHES, ctxt),
            "timeout" => args.timeout = timeout(setting, ctxt),
            "rate_limit" => args.rate_limit = rate_limit(setting, ctxt),
            "breaker" => args.breaker = breaker(setting, ctxt),
            "retry_budget" => args.retry_budget = retry_budget(setting, ctxt),
            "quarantine" => args.quarantine = quarantine(setting, ctxt),
            "ack_mode" => args.ack_mode = word(setting, "ack mode", &ACK_MODES, ctxt),
            "retry" => {
                args.retry_span = Some(setting.span());
                args.retry = retry(setting, ctxt);
            }
            "batch" => args.batch = Some(gathering(setting, BATCH, ctxt)),
            "transactional" => args.transactional = Some(gathering(setting, TRANSACTIONAL, ctxt)),
            "container" => args.container = named(setting, ctxt),
            "filter" => args.filter = function(setting, ctxt),
            "error_handler" => args.error_handler = error_handler(setting, ctxt),
            "of" => args.of = of(setting, ctxt),
            "recoverer" => args.recoverer = word(setting, "recoverer", &RECOVERERS, ctxt),
            "dead_letter_topic" => args.dead_letter_topic = one_topic(setting, ctxt),
            "send_to" => args.send_to = send_to(setting, ctxt),
            "info" => args.info = named(setting, ctxt),
            _ => args.crate_path = crate_path(setting, ctxt),
        }
    }
    args
}

fn topics(setting: &Setting, ctxt: &mut Ctxt) -> Vec<LitStr> {
    let before = ctxt.count();
    let topics = texts(setting, ctxt);
    if topics.is_empty() && ctxt.count() == before {
        ctxt.error(setting.span(), "no topics: the list is empty");
    }
    for (at, name) in topics.iter().enumerate() {
        let value = name.value();
        if let Err(message) = placeholders(&value).and_then(|()| topic(&value)) {
            ctxt.error(name.span(), message);
        } else if topics[..at].iter().any(|earlier| earlier.value() == value) {
            ctxt.error(name.span(), format!("the topic `{value}` is given twice"));
        }
    }
    topics
}

/// An id, a group, a client id.
pub(super) fn named(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let name = text(setting, ctxt)?;
    let value = name.value();
    if let Err(message) = placeholders(&value) {
        ctxt.error(name.span(), message);
    } else if value.trim().is_empty() {
        ctxt.error(name.span(), format!("`{}` is empty", setting.key));
    } else if !has_placeholder(&value) && value.contains(char::is_control) {
        ctxt.error(
            name.span(),
            format!("`{}` holds a control character", setting.key),
        );
    }
    Some(name)
}

/// Words and the variants of the framework's `AckMode`.
const ACK_MODES: [(&str, &str); 7] = [
    ("record", "Record"),
    ("batch", "Batch"),
    ("time", "Time"),
    ("count", "Count"),
    ("count-time", "CountTime"),
    ("manual", "Manual"),
    ("manual-immediate", "ManualImmediate"),
];

/// The same of `Order`.
const ORDERS: [(&str, &str); 3] = [("partition", "Partition"), ("key", "Key"), ("none", "None")];

/// The same of `Dispatch`.
const DISPATCHES: [(&str, &str); 3] = [
    ("inline", "Inline"),
    ("spawn", "Spawn"),
    ("blocking", "Blocking"),
];

/// The same of `Recoverer`.
const RECOVERERS: [(&str, &str); 2] = [("dead-letter", "DeadLetter"), ("log", "Log")];

/// The variant that one of a few words stands for.
fn word(
    setting: &Setting,
    what: &str,
    words: &[(&'static str, &'static str)],
    ctxt: &mut Ctxt,
) -> Option<&'static str> {
    let name = text(setting, ctxt)?;
    let found = words.iter().find(|(word, _)| *word == name.value());
    if found.is_none() {
        let valid: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        ctxt.error(name.span(), unknown(what, &name.value(), &valid));
    }
    found.map(|(_, variant)| *variant)
}

/// Properties that a key of the attribute stands for.
const OWNED: [(&str, &str); 3] = [
    ("group.id", "group_id"),
    ("client.id", "client_id"),
    ("enable.auto.commit", "ack_mode"),
];

fn properties(setting: &Setting, ctxt: &mut Ctxt) -> Vec<(String, String)> {
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
    placeholders(entry)?;
    let (name, value) = entry
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write a property as `\"name=value\"`")?;
    if let Some((_, key)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return Err(format!(
            "`{name}` belongs to the framework: write `{key} = …`"
        ));
    }
    if earlier.iter().any(|(earlier, _)| earlier == name) {
        return Err(format!("the property `{name}` is given twice"));
    }
    Ok((name.into(), value.into()))
}
