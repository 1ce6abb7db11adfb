//! What batch listeners take.

use proc_macro2::Span;
use syn::{Signature, Type};

use super::argument::last_segment;
use crate::ctxt::Ctxt;

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
