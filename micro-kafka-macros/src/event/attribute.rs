//! `#[kafka(…)]` before an enum of events, and before its variants.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DataEnum, DeriveInput, Fields, LitStr, Path, Type};

use crate::crate_path::crate_path;
use crate::ctxt::Ctxt;
use crate::derive::all_settings;
use crate::setting::{Setting, Value};
use crate::suggestion::unknown;
use crate::value::text;

const ON_ENUM: [&str; 5] = ["header", "type_id", "tag", "unknown", "crate"];
const ON_VARIANT: [&str; 2] = ["name", "other"];
const UNKNOWN: [&str; 2] = ["dead_letter", "skip"];

/// How the variant of a record is found.
pub(super) struct Plan {
    pub(super) crate_path: Option<Path>,
    pub(super) chosen_by: ChosenBy,
    pub(super) events: Vec<Event>,
    pub(super) other: Other,
}

/// What names the event.
pub(super) enum ChosenBy {
    Header(LitStr),
    TypeId,
    Tag(LitStr),
}

/// What becomes of an event that no variant is named after.
pub(super) enum Other {
    Variant(Variant),
    DeadLetter,
    Skip,
}

/// A variant for events of one name.
pub(super) struct Event {
    pub(super) name: LitStr,
    pub(super) variant: Variant,
}

/// A variant and what it holds.
pub(super) struct Variant {
    pub(super) name: Ident,
    pub(super) types: Vec<Type>,
}

/// Reads the attributes of an enum.
pub(super) fn plan(input: &DeriveInput, ctxt: &mut Ctxt) -> Option<Plan> {
    let Data::Enum(data) = &input.data else {
        ctxt.error(
            input.ident.span(),
            "events are an enum: one variant for each type of event",
        );
        return None;
    };
    for parameter in &input.generics.params {
        if !matches!(parameter, syn::GenericParam::Lifetime(_)) {
            let message = "an enum of events cannot be generic, but for a lifetime";
            ctxt.push(syn::Error::new_spanned(parameter, message));
        }
    }
    if let Some(second) = input.generics.lifetimes().nth(1) {
        let message = "all that is borrowed is borrowed from the record: one lifetime will do";
        ctxt.push(syn::Error::new_spanned(second, message));
    }
    let settings = all_settings(&input.attrs, &ON_ENUM, ctxt);
    let chosen_by = chosen_by(&settings, input.ident.span(), ctxt);
    let policy = settings.iter().find(|setting| setting.key == "unknown");
    let policy = policy.and_then(|setting| unknown_policy(setting, ctxt));
    let (events, other) = variants(data, ctxt);
    let other = other_of(other, policy, &settings, input.ident.span(), ctxt);
    let on_crate = settings.iter().find(|setting| setting.key == "crate");
    Some(Plan {
        crate_path: on_crate.and_then(|setting| crate_path(setting, ctxt)),
        chosen_by: chosen_by?,
        events,
        other: other?,
    })
}

fn chosen_by(settings: &[Setting], span: Span, ctxt: &mut Ctxt) -> Option<ChosenBy> {
    let is_way = |setting: &&Setting| ["header", "type_id", "tag"].contains(&&*setting.name());
    let mut ways = settings.iter().filter(is_way);
    let Some(way) = ways.next() else {
        if ctxt.count() == 0 {
            ctxt.error(
                span,
                "what names the event? write `#[kafka(header = \"…\")]`, `#[kafka(type_id)]` for \
                 Spring's `__TypeId__`, or `#[kafka(tag = \"…\")]` for a field of its JSON",
            );
        }
        return None;
    };
    for second in ways {
        ctxt.error(second.span(), "an event is named in one way");
    }
    match &*way.name() {
        "header" => named(way, ctxt).map(ChosenBy::Header),
        "tag" => named(way, ctxt).map(ChosenBy::Tag),
        _ => {
            way.alone(ctxt);
            Some(ChosenBy::TypeId)
        }
    }
}

fn named(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let name = text(setting, ctxt)?;
    if name.value().is_empty() {
        ctxt.error(name.span(), format!("`{}` is empty", setting.key));
    }
    Some(name)
}

fn unknown_policy(setting: &Setting, ctxt: &mut Ctxt) -> Option<Other> {
    let policy = text(setting, ctxt)?;
    match &*policy.value() {
        "dead_letter" => Some(Other::DeadLetter),
        "skip" => Some(Other::Skip),
        other => {
            ctxt.error(policy.span(), unknown("policy", other, &UNKNOWN));
            None
        }
    }
}

fn variants(data: &DataEnum, ctxt: &mut Ctxt) -> (Vec<Event>, Option<Variant>) {
    let mut events: Vec<Event> = Vec::new();
    let mut other = None;
    for variant in &data.variants {
        let settings = all_settings(&variant.attrs, &ON_VARIANT, ctxt);
        let name = settings.iter().find(|setting| setting.key == "name");
        let is_other = settings.iter().find(|setting| setting.key == "other");
        let own = Variant {
            name: variant.ident.clone(),
            types: types(&variant.fields, ctxt),
        };
        if let Some(setting) = is_other {
            setting.alone(ctxt);
            if name.is_some() {
                ctxt.error(setting.span(), "the variant for all others has no name");
            }
            if other.replace(own).is_some() {
                ctxt.error(setting.span(), "one variant takes all others");
            }
            continue;
        }
        let name = match name {
            Some(setting) => named(setting, ctxt),
            None => {
                let name = variant.ident.unraw().to_string();
                Some(LitStr::new(&name, variant.ident.span()))
            }
        };
        let Some(name) = name else { continue };
        if events
            .iter()
            .any(|event| event.name.value() == name.value())
        {
            let message = format!("two variants are named `{}`", name.value());
            ctxt.error(name.span(), message);
        }
        events.push(Event { name, variant: own });
    }
    (events, other)
}

fn types(fields: &Fields, ctxt: &mut Ctxt) -> Vec<Type> {
    if let Fields::Named(named) = fields {
        ctxt.error(
            named.span(),
            "an event holds arguments: write `Placed(Json<Placed>)`",
        );
    }
    fields.iter().map(|field| field.ty.clone()).collect()
}

fn other_of(
    variant: Option<Variant>,
    policy: Option<Other>,
    settings: &[Setting],
    span: Span,
    ctxt: &mut Ctxt,
) -> Option<Other> {
    let stated = settings.iter().find(|setting| setting.key == "unknown");
    match (variant, stated) {
        (Some(_), Some(setting)) => {
            ctxt.error(
                setting.span(),
                "no event is unknown: a variant takes all others",
            );
            None
        }
        (Some(variant), None) => Some(Other::Variant(variant)),
        (None, Some(setting)) => {
            if !matches!(setting.value, Value::Assigned(_)) {
                return None;
            }
            policy
        }
        (None, None) => {
            if ctxt.count() == 0 {
                ctxt.error(
                    span,
                    "what becomes of other events? write `#[kafka(other)]` before a variant, or \
                     `#[kafka(unknown = \"dead_letter\")]` or `\"skip\"` before the enum",
                );
            }
            None
        }
    }
}
