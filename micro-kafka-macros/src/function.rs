//! The function that an attribute stands before.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, GenericParam, Item, ItemFn, Safety};

use crate::ctxt::Ctxt;

/// Reads the item; anything but a function is a mistake.
pub(crate) fn function(item: &TokenStream, attribute: &str, ctxt: &mut Ctxt) -> Option<ItemFn> {
    let found = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => return Some(function),
        Ok(other) => keyword(&other),
        Err(_) => item
            .to_token_stream()
            .into_iter()
            .next()
            .map_or_else(Span::call_site, |t| t.span()),
    };
    ctxt.error(
        found,
        format!("`#[{attribute}]` stands before an `async fn` with a body"),
    );
    None
}

fn keyword(item: &Item) -> Span {
    match item {
        Item::Struct(item) => item.struct_token.span(),
        Item::Enum(item) => item.enum_token.span(),
        Item::Mod(item) => item.mod_token.span(),
        Item::Trait(item) => item.trait_token.span(),
        Item::Impl(item) => item.impl_token.span(),
        other => other.span(),
    }
}

/// Everything that a plain `async fn` is not is a mistake.
pub(crate) fn check_plain(function: &ItemFn, ctxt: &mut Ctxt) {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        ctxt.error(
            signature.fn_token.span(),
            "must be `async`: write `async fn`",
        );
    }
    if let Some(token) = signature.constness {
        ctxt.error(token.span(), "cannot be `const`");
    }
    if let Safety::Unsafe(token) = signature.safety {
        ctxt.error(token.span(), "cannot be `unsafe`: the framework calls it");
    }
    if let Some(abi) = &signature.abi {
        ctxt.error(abi.extern_token.span(), "cannot be `extern`");
    }
    if let Some(dots) = &signature.variadic {
        ctxt.error(dots.span(), "cannot take `…`");
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let message = "cannot be generic: the framework calls it with the arguments' own types";
            ctxt.push(syn::Error::new_spanned(parameter, message));
        }
    }
    for argument in &signature.inputs {
        if let FnArg::Receiver(receiver) = argument {
            let message = "cannot be a method: write a free function, and take `State<…>`";
            ctxt.push(syn::Error::new_spanned(receiver, message));
        }
    }
}
