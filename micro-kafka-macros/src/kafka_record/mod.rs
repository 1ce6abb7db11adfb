//! `#[derive(KafkaRecord)]`.

mod attribute;
mod expand;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let Some(input) = ctxt.keep(syn::parse2(item)) else {
        return ctxt.finish().unwrap_or_default();
    };
    let plan = attribute::plan(&input, &mut ctxt);
    match (ctxt.finish(), plan) {
        (Some(errors), _) => errors,
        (None, Some(plan)) => expand::implementation(&input, &plan),
        (None, None) => TokenStream::new(),
    }
}
