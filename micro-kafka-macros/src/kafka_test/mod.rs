//! `#[kafka_test]`.

mod args;
mod broker;
mod expand;
mod topics;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, ItemFn};

use crate::ctxt::Ctxt;
use crate::function::{check_plain, function};

/// Expands the attribute. With mistakes the function is kept as it is, so that they are the only
/// errors.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let args = args::parse(args, &mut ctxt);
    let Some(function) = function(item, "kafka_test", &mut ctxt) else {
        let errors = ctxt.finish();
        return quote!(#errors #item);
    };
    check_plain(&function, &mut ctxt);
    check_test(&function, &mut ctxt);
    match ctxt.finish() {
        Some(errors) => quote!(#errors #function),
        None => expand::test(&args, function),
    }
}

fn check_test(function: &ItemFn, ctxt: &mut Ctxt) {
    let mut inputs = function.sig.inputs.iter();
    if inputs.next().is_none() {
        let message = "takes the broker: write `kafka: EmbeddedKafka`";
        ctxt.error(function.sig.ident.span(), message);
    }
    for input in inputs.filter(|input| matches!(input, FnArg::Typed(_))) {
        let message = "takes the broker only: `kafka: EmbeddedKafka`";
        ctxt.push(syn::Error::new_spanned(input, message));
    }
    for attr in &function.attrs {
        if attr
            .path()
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "test")
        {
            let message = "`#[kafka_test]` makes it a test already: leave this out";
            ctxt.push(syn::Error::new_spanned(attr, message));
        }
    }
}
