//! `#[kafka_listener]`.

mod args;
mod argument;
mod batch;
mod breaker;
mod code;
mod expand;
mod gathering;
mod kind;
mod lifetime;
mod pace;
mod quarantine;
mod retry;
mod retry_budget;
mod source;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Attribute;

use self::args::Args;

pub(crate) use retry::{Retry, retry};

use crate::ctxt::Ctxt;
use crate::function::{check_plain, function};
use crate::{idempotent, retryable};

/// Expands the attribute. With mistakes the function is kept as it is, so that they are the only
/// errors.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let args = args::parse(args, &mut ctxt);
    of_function(args, item, "kafka_listener", ctxt)
}

/// Expands `#[dlt_handler]`: a listener whose topics follow from another one.
pub(crate) fn expand_letters(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let args = args::parse_letters(args, &mut ctxt);
    of_function(args, item, "dlt_handler", ctxt)
}

fn of_function(mut args: Args, item: &TokenStream, name: &str, mut ctxt: Ctxt) -> TokenStream {
    let Some(mut function) = function(item, name, &mut ctxt) else {
        let errors = ctxt.finish();
        return quote!(#errors #item);
    };
    check_plain(&function, &mut ctxt);
    let retryable = retryable::take(&mut function, &mut ctxt);
    args.check_retries(retryable.is_some(), &mut ctxt);
    let idempotent = idempotent::take(&mut function, &mut ctxt);
    args.check_idempotent(idempotent.as_ref(), &mut ctxt);
    let signature = function.sig.clone();
    batch::check_batch(args.batch.is_some(), &function.sig, &mut ctxt);
    let arguments = argument::arguments(&mut function.sig, args.batch.is_some(), &mut ctxt);
    args.check_replies(&function.sig, &mut ctxt);
    if function.attrs.iter().any(is_listener) {
        // The next expansion needs the arguments' attributes, and takes them away itself.
        function.sig = signature;
    }
    match ctxt.finish() {
        Some(errors) => quote!(#errors #function),
        None => {
            args.retryable = retryable;
            args.idempotent = idempotent;
            expand::listener(&args, &function, &arguments)
        }
    }
}

fn is_listener(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|segment| segment.ident == "kafka_listener" || segment.ident == "dlt_handler")
}
