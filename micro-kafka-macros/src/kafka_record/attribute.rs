//! `#[kafka(topic = "…")]` before a type, `#[kafka(key)]` before a field of it.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field, Index, LitStr, Member, Path};

use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::derive::all_settings;
use crate::text::topic as check_topic;
use crate::value::text;

/// What the attributes say.
pub(super) struct Plan {
    pub(super) crate_path: Option<Path>,
    pub(super) topic: LitStr,
    pub(super) key: Option<Member>,
}

/// Reads the attributes of a type and of its fields.
pub(super) fn plan(input: &DeriveInput, ctxt: &mut Ctxt) -> Option<Plan> {
    let on_type = all_settings(&input.attrs, &["topic", "crate"], ctxt);
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
    let key = key(&input.data, ctxt);
    Some(Plan {
        crate_path,
        topic: topic?,
        key,
    })
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
