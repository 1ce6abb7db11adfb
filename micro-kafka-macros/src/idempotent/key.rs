//! `key = …`: what tells two records apart.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::Parser as _;
use syn::{Expr, FnArg, Lit, LitStr, Pat, Signature};

use crate::ctxt::Ctxt;
use crate::setting::Setting;
use crate::suggestion::unknown;

const EXAMPLE: &str = "key = header(\"event-id\")";
const WORDS: [&str; 2] = ["key", "offset"];

/// Where the key comes from.
pub(super) enum Key {
    Header(LitStr),
    Record,
    Offset,
    /// A function of the record.
    Function(Expr),
    /// An expression over arguments of the listener.
    Expression {
        expression: Expr,
        /// Pattern and position of each argument that it names.
        arguments: Vec<(usize, Pat)>,
    },
}

pub(super) fn key(setting: &Setting, signature: &Signature, ctxt: &mut Ctxt) -> Option<Key> {
    let tokens = setting.assigned(EXAMPLE, ctxt)?;
    let mut value = ctxt.keep(Expr::parse_without_eager_brace.parse2(tokens))?;
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    match &value {
        Expr::Lit(literal) => return word(&literal.lit, ctxt),
        Expr::Closure(_) => return Some(Key::Function(value)),
        Expr::Call(call) if call.func.to_token_stream().to_string() == "header" => {
            return header(call, ctxt);
        }
        _ => {}
    }
    let arguments = named(&value, signature);
    if !arguments.is_empty() {
        return Some(Key::Expression {
            expression: value,
            arguments,
        });
    }
    if matches!(value, Expr::Path(_)) {
        return Some(Key::Function(value));
    }
    let message = "the key names no argument of the function: every record would have the same; \
                   write `key = order.id` of an argument `Json(order)`, `key = header(\"…\")`, or a \
                   function of `&Record`";
    ctxt.push(syn::Error::new_spanned(value, message));
    None
}

/// `"key"`, `"offset"`.
fn word(literal: &Lit, ctxt: &mut Ctxt) -> Option<Key> {
    let Lit::Str(text) = literal else {
        let message = format!("every record would have the same key: write `{EXAMPLE}`");
        ctxt.push(syn::Error::new_spanned(literal, message));
        return None;
    };
    match &*text.value() {
        "key" => Some(Key::Record),
        "offset" => Some(Key::Offset),
        other => {
            let mut message = unknown("key", other, &WORDS);
            message.push_str("; a header is `header(\"…\")`");
            ctxt.error(text.span(), message);
            None
        }
    }
}

fn header(call: &syn::ExprCall, ctxt: &mut Ctxt) -> Option<Key> {
    let name = match call.args.first() {
        Some(Expr::Lit(literal)) if call.args.len() == 1 => match &literal.lit {
            Lit::Str(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let Some(name) = name else {
        let message = format!("name the header: write `{EXAMPLE}`");
        ctxt.push(syn::Error::new_spanned(call, message));
        return None;
    };
    if name.value().is_empty() || name.value().contains('\0') {
        ctxt.error(name.span(), "a header's name is not empty and holds no NUL");
    }
    Some(Key::Header(name))
}

/// The arguments that an expression names.
fn named(expression: &Expr, signature: &Signature) -> Vec<(usize, Pat)> {
    let mut names = Vec::new();
    collect(expression.to_token_stream(), &mut names);
    let arguments = signature.inputs.iter().enumerate();
    let arguments = arguments.filter_map(|(at, input)| match input {
        FnArg::Typed(typed) => Some((at, (*typed.pat).clone())),
        FnArg::Receiver(_) => None,
    });
    let is_named = |pattern: &Pat| {
        let mut bound = Vec::new();
        collect(pattern.to_token_stream(), &mut bound);
        let variable = |name: &&String| !name.starts_with(char::is_uppercase);
        let mut bound = bound.iter().filter(variable);
        bound.any(|name| names.contains(name))
    };
    arguments.filter(|(_, pattern)| is_named(pattern)).collect()
}

/// All names in some tokens, those in format strings included.
fn collect(tokens: TokenStream, names: &mut Vec<String>) {
    let mut after_dot = false;
    for token in tokens {
        let is_field = std::mem::take(&mut after_dot);
        match token {
            TokenTree::Ident(name) if is_keyword(&name) || is_field => {}
            TokenTree::Ident(name) => names.push(name.to_string()),
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Literal(literal) => captured(&literal.to_string(), names),
            TokenTree::Punct(punct) => after_dot = punct.as_char() == '.',
        }
    }
}

/// What `format!("{id}")` names.
fn captured(literal: &str, names: &mut Vec<String>) {
    let parts = literal.split('{').skip(1);
    let captured = parts.filter_map(|part| {
        let end = part.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        (end > 0).then(|| part[..end].to_owned())
    });
    names.extend(captured);
}

fn is_keyword(name: &Ident) -> bool {
    ["mut", "ref", "_", "as", "self"]
        .iter()
        .any(|word| name == word)
}
