//! `#[derive(Classify)]`.

mod attribute;
mod expand;
mod policy;

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let Some(input) = ctxt.keep(syn::parse2(item)) else {
        return ctxt.finish().unwrap_or_default();
    };
    let plan = attribute::plan(&input, &mut ctxt);
    match ctxt.finish() {
        Some(errors) => errors,
        None => expand::implementation(&input, &plan),
    }
}
