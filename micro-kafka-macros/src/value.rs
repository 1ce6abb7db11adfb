//! Values of settings: texts, lists of texts, numbers, `true` and `false`.

use std::ops::RangeInclusive;

use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Lit, LitStr, Path};

use crate::ctxt::Ctxt;
use crate::setting::Setting;

/// A text: `key = "…"`.
pub(crate) fn text(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let example = format!("{} = \"…\"", setting.key);
    as_text(value(setting, &example, ctxt)?, &example, ctxt)
}

/// One text or several: `key = "…"`, `key = ["…", "…"]`.
pub(crate) fn texts(setting: &Setting, ctxt: &mut Ctxt) -> Vec<LitStr> {
    let example = format!("{0} = \"…\"` or `{0} = [\"…\", \"…\"]", setting.key);
    match value(setting, &example, ctxt) {
        None => Vec::new(),
        Some(Expr::Array(array)) => {
            let texts = array.elems.into_iter();
            texts
                .filter_map(|text| as_text(text, &example, ctxt))
                .collect()
        }
        Some(text) => as_text(text, &example, ctxt).into_iter().collect(),
    }
}

/// A text, or the path of a type.
pub(crate) enum TextOrPath {
    Text(LitStr),
    Path(Path),
}

/// One of them or several: `key = "…"`, `key = ["…", std::io::Error]`.
pub(crate) fn texts_or_paths(setting: &Setting, ctxt: &mut Ctxt) -> Vec<TextOrPath> {
    let example = format!("{0} = \"…\"` or `{0} = [\"…\", \"…\"]", setting.key);
    let values = match value(setting, &example, ctxt) {
        None => Vec::new(),
        Some(Expr::Array(array)) => array.elems.into_iter().collect(),
        Some(one) => vec![one],
    };
    let one = |value| match bare(value) {
        Expr::Path(path) if path.qself.is_none() => Some(TextOrPath::Path(path.path)),
        other => as_text(other, &example, ctxt).map(TextOrPath::Text),
    };
    values.into_iter().filter_map(one).collect()
}

/// A whole number within bounds: `key = 3`.
pub(crate) fn number(
    setting: &Setting,
    bounds: RangeInclusive<u32>,
    ctxt: &mut Ctxt,
) -> Option<u32> {
    let (key, first, last) = (&setting.key, bounds.start(), bounds.end());
    let message = format!("`{key}` is a number from {first} to {last}: write `{key} = 3`");
    let example = format!("{key} = 3");
    let value = value(setting, &example, ctxt)?;
    let number = match &value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    };
    let number = number.filter(|number| bounds.contains(number));
    if number.is_none() {
        ctxt.push(syn::Error::new_spanned(value, message));
    }
    number
}

/// `key = true` or `key = false`.
pub(crate) fn boolean(setting: &Setting, ctxt: &mut Ctxt) -> Option<bool> {
    let example = format!("{0} = true` or `{0} = false", setting.key);
    match value(setting, &example, ctxt)? {
        Expr::Lit(literal) if matches!(literal.lit, Lit::Bool(_)) => match literal.lit {
            Lit::Bool(boolean) => Some(boolean.value),
            _ => None,
        },
        other => {
            ctxt.push(syn::Error::new_spanned(other, format!("write `{example}`")));
            None
        }
    }
}

fn as_text(value: Expr, example: &str, ctxt: &mut Ctxt) -> Option<LitStr> {
    match bare(value) {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(text) => return Some(text),
            other => ctxt.push(syn::Error::new_spanned(other, format!("write `{example}`"))),
        },
        other => ctxt.push(syn::Error::new_spanned(other, format!("write `{example}`"))),
    }
    None
}

fn value(setting: &Setting, example: &str, ctxt: &mut Ctxt) -> Option<Expr> {
    let whole = |input: ParseStream<'_>| {
        let value = input.parse::<Expr>()?;
        match input.is_empty() {
            true => Ok(bare(value)),
            false => Err(input.error("a comma is missing before this")),
        }
    };
    let tokens = setting.assigned(example, ctxt)?;
    ctxt.keep(whole.parse2(tokens))
}

/// A fragment that came through a `macro_rules!` macro is wrapped in an invisible group.
fn bare(mut value: Expr) -> Expr {
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    value
}
