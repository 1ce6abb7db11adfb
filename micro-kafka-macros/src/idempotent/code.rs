//! The code of a key.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::Args;
use super::key::Key;
use crate::crate_path::Support;

impl Args {
    /// The function that computes the key, if there is one. `take` gives the code that takes the
    /// argument of a position into a variable.
    pub(crate) fn function(
        &self,
        support: &Support,
        take: impl Fn(usize, &Ident) -> TokenStream,
    ) -> TokenStream {
        let delivery = Ident::new("delivery", Span::mixed_site());
        let body = match &self.key {
            Key::Header(_) | Key::Record | Key::Offset => return TokenStream::new(),
            Key::Function(function) => {
                let support = support.at(Span::mixed_site().located_at(function.span()));
                let call = Span::mixed_site().located_at(function.span());
                quote_spanned!(call=> #support::key_of_record(#function, #delivery))
            }
            Key::Expression {
                expression,
                arguments,
            } => {
                let takes = arguments.iter().map(|(at, pattern)| {
                    let name = format_ident!("argument_{at}", span = Span::mixed_site());
                    let take = take(*at, &name);
                    quote!(#take let #pattern = #name;)
                });
                let span = Span::mixed_site().located_at(expression.span());
                let support = support.at(span);
                let text = quote_spanned!(span=> #support::key_text(&(#expression)));
                quote! {
                    #(#takes)*
                    #support::Result::Ok(#support::Option::Some(#text))
                }
            }
        };
        // Patterns may bind more than the key needs.
        quote_spanned! {Span::mixed_site()=>
            #[allow(unused, clippy::all)]
            fn __micro_kafka_key(
                #delivery: &#support::Delivery,
            ) -> #support::Result<#support::Option<#support::String>, #support::ListenerError> {
                #body
            }
        }
    }

    /// The framework's `IdempotentDef`.
    pub(crate) fn tokens(&self, support: &Support) -> TokenStream {
        let key = match &self.key {
            Key::Header(name) => quote!(Header(#name)),
            Key::Record => quote!(RecordKey),
            Key::Offset => quote!(Offset),
            Key::Function(_) | Key::Expression { .. } => quote!(Computed(__micro_kafka_key)),
        };
        let text = |text: &Option<syn::LitStr>| match text {
            Some(text) => quote!(#support::Option::Some(#text)),
            None => quote!(#support::Option::None),
        };
        let (store, window) = (text(&self.store), text(&self.window));
        quote! {
            #support::IdempotentDef {
                key: #support::KeyDef::#key,
                store: #store,
                window: #window,
            }
        }
    }
}
