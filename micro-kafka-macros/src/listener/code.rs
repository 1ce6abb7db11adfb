//! Values that are code: a filter, an error handler; and where replies go.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;
use syn::{Expr, Lit, LitStr, Path};

use super::args::named;
use crate::crate_path::Support;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value};
use crate::text::{has_placeholder, placeholders, topic};
use crate::value::text;

/// Who decides about failures.
pub(super) enum ErrorHandler {
    Function(Expr),
    Named(LitStr),
}

/// Where what the function returns goes.
pub(super) enum SendTo {
    Topic(LitStr),
    ReplyHeader,
}

/// `key = path::to::function`, or a closure.
pub(super) fn function(setting: &Setting, ctxt: &mut Ctxt) -> Option<Expr> {
    let example = format!("{} = path::to::function", setting.key);
    let tokens = setting.assigned(&example, ctxt)?;
    let mut value = ctxt.keep(Expr::parse_without_eager_brace.parse2(tokens))?;
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    if matches!(value, Expr::Path(_) | Expr::Closure(_)) {
        return Some(value);
    }
    ctxt.push(syn::Error::new_spanned(value, format!("write `{example}`")));
    None
}

/// `error_handler = path::to::function` or `error_handler = "name"`.
pub(super) fn error_handler(setting: &Setting, ctxt: &mut Ctxt) -> Option<ErrorHandler> {
    if let Value::Assigned(tokens) = &setting.value
        && matches!(syn::parse2(tokens.clone()), Ok(Lit::Str(_)))
    {
        return named(setting, ctxt).map(ErrorHandler::Named);
    }
    function(setting, ctxt).map(ErrorHandler::Function)
}

/// `send_to = "topic"`, or `send_to` alone for the topic of the request's header.
pub(super) fn send_to(setting: &Setting, ctxt: &mut Ctxt) -> Option<SendTo> {
    if matches!(setting.value, Value::Absent) {
        return Some(SendTo::ReplyHeader);
    }
    one_topic(setting, ctxt).map(SendTo::Topic)
}

/// The name of a topic.
pub(super) fn one_topic(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let name = text(setting, ctxt)?;
    let checked = placeholders(&name.value()).and_then(|()| match has_placeholder(&name.value()) {
        true => Ok(()),
        false => topic(&name.value()),
    });
    if let Err(message) = checked {
        ctxt.error(name.span(), message);
    }
    Some(name)
}

/// `of = path::to::listener`.
pub(super) fn of(setting: &Setting, ctxt: &mut Ctxt) -> Option<Path> {
    let tokens = setting.assigned("of = listener", ctxt)?;
    match syn::parse2::<Path>(tokens.clone()) {
        Ok(path) => Some(path),
        Err(_) => {
            let message =
                "write `of = listener`: the function with `#[kafka_listener]`, not its id";
            ctxt.push(syn::Error::new_spanned(tokens, message));
            None
        }
    }
}

impl ErrorHandler {
    /// The framework's `ErrorHandlerDef`.
    pub(super) fn tokens(&self, support: &Support) -> TokenStream {
        match self {
            Self::Function(function) => quote!(#support::ErrorHandlerDef::Function(#function)),
            Self::Named(name) => quote!(#support::ErrorHandlerDef::Named(#name)),
        }
    }
}

impl SendTo {
    /// The framework's `SendToDef`.
    pub(super) fn tokens(&self, support: &Support) -> TokenStream {
        match self {
            Self::Topic(topic) => quote!(#support::SendToDef::Topic(#topic)),
            Self::ReplyHeader => quote!(#support::SendToDef::ReplyHeader),
        }
    }
}
