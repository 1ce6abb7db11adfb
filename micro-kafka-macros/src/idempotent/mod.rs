//! `#[idempotent]`: read by the `#[kafka_listener]` that stands before the same function.

mod args;
mod code;
mod key;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ItemFn, Meta, parse_quote};

pub(crate) use args::Args;

use crate::ctxt::Ctxt;
use crate::function::function;

/// Where it stands above its listener, it moves below: the listener's expansion reads it there.
pub(crate) fn expand(args: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let Some(mut function) = function(item, "idempotent", &mut ctxt) else {
        let errors = ctxt.finish();
        return quote!(#errors #item);
    };
    match function.attrs.iter().rposition(is_listener) {
        Some(last) => {
            let own: Attribute = parse_quote!(#[idempotent(#args)]);
            function.attrs.insert(last + 1, own);
        }
        None => ctxt.error(
            function.sig.ident.span(),
            "`#[idempotent]` stands beside `#[kafka_listener(…)]`, which this function lacks",
        ),
    }
    match ctxt.finish() {
        Some(errors) => quote!(#errors #function),
        None => quote!(#function),
    }
}

/// Reads the function's `#[idempotent]`, and takes it away unless another listener needs it.
pub(crate) fn take(function: &mut ItemFn, ctxt: &mut Ctxt) -> Option<Args> {
    let mut found = function.attrs.iter().filter(|attr| is(attr, "idempotent"));
    let own = found.next()?.clone();
    if let Some(second) = found.next() {
        let message = "`#[idempotent]` stands twice: keep one of them";
        ctxt.push(syn::Error::new_spanned(second, message));
    }
    if !function.attrs.iter().any(is_listener) {
        function.attrs.retain(|attr| !is(attr, "idempotent"));
    }
    let Meta::List(list) = &own.meta else {
        ctxt.push(syn::Error::new_spanned(own, args::NO_KEY));
        return None;
    };
    args::parse(&own, list.tokens.clone(), &function.sig, ctxt)
}

fn is_listener(attr: &Attribute) -> bool {
    is(attr, "kafka_listener") || is(attr, "dlt_handler")
}

fn is(attr: &Attribute, name: &str) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|segment| segment.ident == name)
}
