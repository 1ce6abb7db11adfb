//! `#[kafka(…)]` before an error, or before its variants.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, Path};

use super::policy::{Policy, field_with_delay, only_field};
use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::derive::all_settings;
use crate::listener::{Retry, retry};
use crate::setting::{Setting, Value};

const POLICIES: [&str; 7] = [
    "dead_letter",
    "retry",
    "retry_after",
    "skip",
    "park",
    "stop",
    "transparent",
];
const ON_TYPE: [&str; 8] = [
    "dead_letter",
    "retry",
    "retry_after",
    "skip",
    "park",
    "stop",
    "transparent",
    "crate",
];

/// The policy of each variant, in order; a struct is its own only variant.
pub(super) struct Plan {
    pub(super) crate_path: Option<Path>,
    pub(super) variants: Vec<Variant>,
}

/// A variant, or a struct.
pub(super) struct Variant {
    /// `None` for a struct.
    pub(super) name: Option<Ident>,
    pub(super) policy: Policy,
}

/// Reads the attributes of a type.
pub(super) fn plan(input: &DeriveInput, ctxt: &mut Ctxt) -> Plan {
    let on_type = all_settings(&input.attrs, &ON_TYPE, ctxt);
    let (on_crate, on_type): (Vec<_>, Vec<_>) = on_type
        .into_iter()
        .partition(|setting| setting.key == "crate");
    refuse_on_fields(&input.data, ctxt);
    Plan {
        crate_path: on_crate
            .first()
            .and_then(|setting| crate_path(setting, ctxt)),
        variants: variants(&input.data, &on_type, ctxt),
    }
}

fn variants(data: &Data, on_type: &[Setting], ctxt: &mut Ctxt) -> Vec<Variant> {
    match data {
        Data::Struct(data) => vec![Variant {
            name: None,
            policy: policy(on_type, &data.fields, ctxt),
        }],
        Data::Enum(data) => {
            refuse_on_enum(on_type, ctxt);
            let variants = data.variants.iter();
            variants.map(|variant| of_enum(variant, ctxt)).collect()
        }
        Data::Union(data) => {
            ctxt.error(data.union_token.span(), "a union cannot be an error");
            Vec::new()
        }
    }
}

fn of_enum(variant: &syn::Variant, ctxt: &mut Ctxt) -> Variant {
    let settings = all_settings(&variant.attrs, &POLICIES, ctxt);
    Variant {
        name: Some(variant.ident.clone()),
        policy: policy(&settings, &variant.fields, ctxt),
    }
}

fn refuse_on_enum(settings: &[Setting], ctxt: &mut Ctxt) {
    for setting in settings {
        let message = format!("write `#[kafka({})]` before a variant", setting.key);
        ctxt.error(setting.span(), message);
    }
}

fn refuse_on_fields(data: &Data, ctxt: &mut Ctxt) {
    let fields: Vec<&Fields> = match data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| &variant.fields)
            .collect(),
        Data::Union(_) => return,
    };
    for attr in fields.into_iter().flatten().flat_map(|field| &field.attrs) {
        if attr.path().is_ident("kafka") {
            let message = "`#[kafka(…)]` stands before the variant, not before its field";
            ctxt.push(syn::Error::new_spanned(attr, message));
        }
    }
}

fn policy(settings: &[Setting], fields: &Fields, ctxt: &mut Ctxt) -> Policy {
    let Some(setting) = settings.first() else {
        return Policy::Inherit;
    };
    if let Some(second) = settings.get(1) {
        let message = format!(
            "`{}` is given already: one policy for one variant",
            setting.key
        );
        ctxt.error(second.span(), message);
    }
    let name = setting.name();
    if name != "retry" {
        setting.alone(ctxt);
    }
    match &*name {
        "dead_letter" => Policy::DeadLetter,
        "skip" => Policy::Skip,
        "park" => Policy::Park,
        "stop" => Policy::Stop,
        "retry" => Policy::Retry(retry_or_default(setting, ctxt)),
        "retry_after" => found(field_with_delay(fields), setting.span(), ctxt)
            .map_or(Policy::Inherit, Policy::RetryAfter),
        _ => found(only_field(fields), setting.span(), ctxt)
            .map_or(Policy::Inherit, Policy::Transparent),
    }
}

fn retry_or_default(setting: &Setting, ctxt: &mut Ctxt) -> Retry {
    match setting.value {
        Value::Absent => Retry::default(),
        _ => retry(setting, ctxt),
    }
}

fn found<T>(found: Result<T, &str>, span: Span, ctxt: &mut Ctxt) -> Option<T> {
    found.map_err(|message| ctxt.error(span, message)).ok()
}
