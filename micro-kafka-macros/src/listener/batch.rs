//! `batch` and `batch(max = 500, linger = "50ms")`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Signature, Type};

use super::argument::last_segment;
use super::retry::option;
use crate::crate_path::Support;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::text::millis;
use crate::value::{number, text};

const KEYS: [&str; 2] = ["max", "linger"];
const MOST_RECORDS: u32 = 100_000;

/// A batch, as far as it is given.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Batch {
    max: Option<u32>,
    linger: Option<u64>,
}

/// Reads it.
pub(super) fn batch(setting: &Setting, ctxt: &mut Ctxt) -> Batch {
    let mut batch = Batch::default();
    let list = match &setting.value {
        Value::Absent => return batch,
        Value::List(list) => list,
        Value::Assigned(_) => {
            let example = "write `batch`, or `batch(max = 500, linger = \"50ms\")`";
            ctxt.error(setting.span(), example);
            return batch;
        }
    };
    let settings = settings(list.stream(), &KEYS, ctxt);
    for setting in &settings {
        match &*setting.name() {
            "max" => batch.max = number(setting, 1..=MOST_RECORDS, ctxt),
            _ => batch.linger = linger(setting, ctxt),
        }
    }
    batch
}

pub(super) fn linger(setting: &Setting, ctxt: &mut Ctxt) -> Option<u64> {
    let wait = text(setting, ctxt)?;
    millis(&wait.value())
        .map_err(|message| ctxt.error(wait.span(), message))
        .ok()
}

impl Batch {
    /// The framework's `BatchDef`.
    pub(super) fn tokens(self, support: &Support) -> TokenStream {
        let max = option(support, self.max.map(|max| quote!(#max)));
        let linger = self
            .linger
            .map(|millis| quote!(#support::Duration::from_millis(#millis)));
        let linger = option(support, linger);
        quote!(#support::BatchDef { max: #max, linger: #linger })
    }
}

/// A batch listener takes one `Batch`, any other none.
pub(super) fn check_batch(wanted: bool, signature: &Signature, ctxt: &mut Ctxt) {
    let batches = signature.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(input) if is_batch(&input.ty) => Some(&*input.ty),
        _ => None,
    });
    let mut batches = batches.collect::<Vec<_>>().into_iter();
    let first = batches.next();
    match (wanted, first) {
        (true, None) => {
            let message = "a batch listener takes its records as a `Batch<…>`";
            ctxt.error(signature.ident.span(), message);
        }
        (false, Some(batch)) => {
            let message =
                "a `Batch` needs `batch` in the attribute: write `#[kafka_listener(…, batch)]`";
            ctxt.push(syn::Error::new_spanned(batch, message));
        }
        _ => {}
    }
    for second in batches {
        let message = "the records come once: take several things of each as `Batch<(…, …)>`";
        ctxt.push(syn::Error::new_spanned(second, message));
    }
}

/// A header belongs to a record.
pub(super) fn refuse_header(span: Span, ctxt: &mut Ctxt) {
    let message = "a batch has no headers of its own: take `Batch<(…, Headers<'_>)>`";
    ctxt.error(span, message);
}

fn is_batch(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Batch")
}
