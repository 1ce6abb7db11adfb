//! `#[kafka(topic = "…", partitions = 6)]` before a type, `#[kafka(key)]` before a field of it.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field, Index, LitStr, Member, Path};

use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::derive::all_settings;
use crate::setting::Setting;
use crate::text::topic as check_topic;
use crate::value::{number, text, texts};

const KEYS: [&str; 6] = [
    "topic",
    "partitions",
    "replication_factor",
    "compacted",
    "configs",
    "crate",
];
const MOST_PARTITIONS: u32 = 10_000;
const MOST_REPLICAS: u32 = 1_000;
/// What `compacted` sets.
const CLEANUP_POLICY: &str = "cleanup.policy";

/// What the attributes say.
pub(super) struct Plan {
    pub(super) crate_path: Option<Path>,
    pub(super) topic: LitStr,
    pub(super) declared: Declared,
    pub(super) key: Option<Member>,
}

/// What the topic is to be like.
#[derive(Default)]
pub(super) struct Declared {
    pub(super) partitions: Option<u32>,
    pub(super) replication_factor: Option<u32>,
    pub(super) compacted: bool,
    pub(super) configs: Vec<(String, String)>,
}

/// Reads the attributes of a type and of its fields.
pub(super) fn plan(input: &DeriveInput, ctxt: &mut Ctxt) -> Option<Plan> {
    let on_type = all_settings(&input.attrs, &KEYS, ctxt);
    let find = |name: &str| on_type.iter().find(|setting| setting.key == name);
    let crate_path = find("crate").and_then(|setting| crate_path(setting, ctxt));
    let topic = match find("topic") {
        Some(setting) => text(setting, ctxt),
        None => {
            let message = "write `#[kafka(topic = \"…\")]` before the type";
            ctxt.error(input.ident.span(), message);
            None
        }
    };
    let topic = topic.filter(|topic| match check_topic(&topic.value()) {
        Ok(()) => true,
        Err(reason) => {
            ctxt.error(topic.span(), reason);
            false
        }
    });
    let declared = declared(&on_type, ctxt);
    let key = key(&input.data, ctxt);
    Some(Plan {
        crate_path,
        topic: topic?,
        declared,
        key,
    })
}

fn declared(settings: &[Setting], ctxt: &mut Ctxt) -> Declared {
    let mut declared = Declared::default();
    for setting in settings {
        match &*setting.name() {
            "partitions" => declared.partitions = number(setting, 1..=MOST_PARTITIONS, ctxt),
            "replication_factor" => {
                declared.replication_factor = number(setting, 1..=MOST_REPLICAS, ctxt);
            }
            "compacted" => {
                setting.alone(ctxt);
                declared.compacted = true;
            }
            "configs" => declared.configs = configs(setting, ctxt),
            _ => {}
        }
    }
    let policy = |(name, _): &(String, String)| name == CLEANUP_POLICY;
    if let (true, true) = (declared.compacted, declared.configs.iter().any(policy)) {
        let configs = settings.iter().find(|setting| setting.key == "configs");
        let span = configs.map_or_else(Span::call_site, Setting::span);
        let message = "`compacted` and `cleanup.policy` say the same thing: leave one of them out";
        ctxt.error(span, message);
    }
    declared
}

/// `configs = ["retention.ms=60000"]`.
fn configs(setting: &Setting, ctxt: &mut Ctxt) -> Vec<(String, String)> {
    let mut configs: Vec<(String, String)> = Vec::new();
    for entry in texts(setting, ctxt) {
        let text = entry.value();
        let config = text.split_once('=');
        let config = config.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        match config.filter(|(name, _)| !name.is_empty()) {
            None => ctxt.error(entry.span(), "write a setting as `\"name=value\"`"),
            Some((name, _)) if configs.iter().any(|(earlier, _)| *earlier == name) => {
                ctxt.error(entry.span(), format!("the setting `{name}` is given twice"));
            }
            Some(config) => configs.push(config),
        }
    }
    configs
}

/// The field that is the key.
fn key(data: &Data, ctxt: &mut Ctxt) -> Option<Member> {
    let fields = match data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => {
            let fields = data.variants.iter().flat_map(|variant| &variant.fields);
            refuse_keys(fields, ctxt);
            return None;
        }
        Data::Union(data) => {
            ctxt.error(data.union_token.span(), "a union cannot be a record");
            return None;
        }
    };
    let mut found = None;
    for (index, field) in fields.iter().enumerate() {
        let Some(span) = key_of(field, ctxt) else {
            continue;
        };
        if found.is_some() {
            ctxt.error(span, "a record has one key: leave this one out");
            continue;
        }
        found = Some(match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                span,
            }),
        });
    }
    found
}

fn refuse_keys<'f>(fields: impl Iterator<Item = &'f Field>, ctxt: &mut Ctxt) {
    for field in fields {
        if let Some(span) = key_of(field, ctxt) {
            let message = "only a struct's field can be the key: implement `KafkaRecord` by hand";
            ctxt.error(span, message);
        }
    }
}

/// Where `key` stands, if it does.
fn key_of(field: &Field, ctxt: &mut Ctxt) -> Option<Span> {
    let settings = all_settings(&field.attrs, &["key"], ctxt);
    let setting = settings.first()?;
    setting.alone(ctxt);
    Some(setting.span())
}
