//! `#[derive(KafkaEvent)]`.

mod attribute;
mod expand;

use proc_macro2::TokenStream;

use crate::derive;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    derive::expand(item, attribute::plan, expand::implementation)
}
