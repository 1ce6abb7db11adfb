//! `retry(attempts = 3, backoff = "1s..5m x4")`, in a listener and before an error's variant.

use proc_macro2::TokenStream;
use quote::quote;

use crate::crate_path::Support;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::text::{BackOff, back_off};
use crate::value::{number, text};

const KEYS: [&str; 2] = ["attempts", "backoff"];

/// Attempts and waits, as far as they are given.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) attempts: Option<u32>,
    pub(crate) back_off: Option<BackOff>,
}

/// Reads `retry(…)`.
pub(crate) fn retry(setting: &Setting, ctxt: &mut Ctxt) -> Retry {
    let Value::List(list) = &setting.value else {
        ctxt.error(
            setting.span(),
            "write `retry(attempts = 3, backoff = \"100ms\")`",
        );
        return Retry::default();
    };
    let mut retry = Retry::default();
    let settings = settings(list.stream(), &KEYS, ctxt);
    for setting in &settings {
        match &*setting.name() {
            "attempts" => retry.attempts = number(setting, 1..=u32::MAX, ctxt),
            _ => retry.back_off = waits(setting, ctxt),
        }
    }
    retry
}

fn waits(setting: &Setting, ctxt: &mut Ctxt) -> Option<BackOff> {
    let waits = text(setting, ctxt)?;
    back_off(&waits.value())
        .map_err(|message| ctxt.error(waits.span(), message))
        .ok()
}

impl Retry {
    /// The two fields, as they stand in a struct or variant of the framework.
    pub(crate) fn fields(&self, support: &Support) -> TokenStream {
        let attempts = option(support, self.attempts.map(|attempts| quote!(#attempts)));
        let back_off = self.back_off.map(|back_off| back_off.tokens(support));
        let back_off = option(support, back_off);
        quote!(attempts: #attempts, back_off: #back_off)
    }
}

/// `Some(…)` or `None`, whatever the user has named so.
pub(super) fn option(support: &Support, value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(#support::Option::Some(#value)),
        None => quote!(#support::Option::None),
    }
}
