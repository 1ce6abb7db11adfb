//! `#[kafka_listener]`.

mod args;
mod argument;
mod expand;
mod lifetime;
mod retry;

use proc_macro2::TokenStream;
use quote::quote;

pub(crate) use retry::{Retry, retry};

use crate::ctxt::Ctxt;
use crate::function::{check_plain, function};

/// Expands the attribute. With mistakes the function is kept as it is, so that they are the only
/// errors.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let args = args::parse(args, &mut ctxt);
    let Some(mut function) = function(item, "kafka_listener", &mut ctxt) else {
        let errors = ctxt.finish();
        return quote!(#errors #item);
    };
    check_plain(&function, &mut ctxt);
    let arguments = argument::arguments(&mut function.sig, &mut ctxt);
    match ctxt.finish() {
        Some(errors) => quote!(#errors #function),
        None => expand::listener(&args, &function, &arguments),
    }
}
