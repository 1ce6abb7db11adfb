//! What stands in the parentheses of `#[idempotent(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::{Attribute, LitStr, Signature};

use super::key::{Key, key};
use crate::ctxt::Ctxt;
use crate::setting::{Setting, settings};
use crate::text::{has_placeholder, millis, placeholders};
use crate::value::text;

const KEYS: [&str; 3] = ["key", "store", "window"];

pub(super) const NO_KEY: &str = "which key tells duplicates? write \
                                 `#[idempotent(key = header(\"event-id\"))]`, or `key = order.id` of \
                                 an argument `Json(order)`";

/// The values of all keys.
pub(crate) struct Args {
    pub(super) key: Key,
    pub(super) store: Option<LitStr>,
    pub(super) window: Option<LitStr>,
    span: Span,
}

impl Args {
    /// A listener of another kind has no place for it.
    pub(crate) fn check(&self, batch: bool, transactional: bool, manual: bool, ctxt: &mut Ctxt) {
        if batch {
            ctxt.error(
                self.span,
                "a batch has no single key: take one record at a time, or look for duplicates in \
                 the function",
            );
        }
        if transactional && self.store.is_none() {
            ctxt.error(
                self.span,
                "a transaction may be aborted after its key is marked in memory: write \
                 `store = \"topic\"`, whose marks are part of the transaction",
            );
        }
        if manual {
            ctxt.error(
                self.span,
                "with a manual ack mode nobody knows when the record is done: leave `ack_mode` out",
            );
        }
    }
}

/// Reads them; each mistake is reported.
pub(super) fn parse(
    attr: &Attribute,
    tokens: TokenStream,
    signature: &Signature,
    ctxt: &mut Ctxt,
) -> Option<Args> {
    let before = ctxt.count();
    let (mut found, mut store, mut window) = (None, None, None);
    let settings = settings(tokens, &KEYS, ctxt);
    for setting in &settings {
        match &*setting.name() {
            "key" => found = key(setting, signature, ctxt),
            "store" => store = name(setting, ctxt),
            _ => window = duration(setting, ctxt),
        }
    }
    let Some(key) = found else {
        // A mistake may have been meant to be the key.
        if ctxt.count() == before {
            ctxt.push(syn::Error::new_spanned(attr, NO_KEY));
        }
        return None;
    };
    Some(Args {
        key,
        store,
        window,
        span: attr.path().span(),
    })
}

fn name(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let name = text(setting, ctxt)?;
    if let Err(message) = placeholders(&name.value()) {
        ctxt.error(name.span(), message);
    } else if name.value().trim().is_empty() {
        let message = "`store` is empty: `\"memory\"`, or a name that the application registers by `.idempotency_store(…)`";
        ctxt.error(name.span(), message);
    }
    Some(name)
}

fn duration(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let window = text(setting, ctxt)?;
    let value = window.value();
    let checked = placeholders(&value).and_then(|()| match has_placeholder(&value) {
        true => Ok(()),
        false => match millis(&value)? {
            0 => Err("a window must be longer than 0".into()),
            _ => Ok(()),
        },
    });
    if let Err(message) = checked {
        ctxt.error(window.span(), message);
    }
    Some(window)
}
