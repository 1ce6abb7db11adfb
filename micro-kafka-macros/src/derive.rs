//! What the derives share.

use proc_macro2::TokenStream;
use syn::{Attribute, DeriveInput, Meta};

use crate::ctxt::Ctxt;
use crate::setting::{Setting, settings};

/// Expands a derive: reads what the attributes say, and makes the code of it unless there are
/// mistakes.
pub(crate) fn expand<P>(
    item: TokenStream,
    plan: fn(&DeriveInput, &mut Ctxt) -> Option<P>,
    implementation: fn(&DeriveInput, &P) -> TokenStream,
) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let Some(input) = ctxt.keep(syn::parse2(item)) else {
        return ctxt.finish().unwrap_or_default();
    };
    let plan = plan(&input, &mut ctxt);
    match (ctxt.finish(), plan) {
        (Some(errors), _) => errors,
        (None, Some(plan)) => implementation(&input, &plan),
        (None, None) => TokenStream::new(),
    }
}

/// All settings of the `#[kafka(…)]` attributes.
pub(crate) fn all_settings(attrs: &[Attribute], valid: &[&str], ctxt: &mut Ctxt) -> Vec<Setting> {
    let mut tokens = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("kafka")) {
        match &attr.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                tokens.extend(list.tokens.clone());
                tokens.extend(quote::quote!(,));
            }
            _ => {
                let valid = valid.join(")]`, `#[kafka(");
                let message = format!("write one of `#[kafka({valid})]`");
                ctxt.push(syn::Error::new_spanned(attr, message));
            }
        }
    }
    settings(tokens, valid, ctxt)
}
