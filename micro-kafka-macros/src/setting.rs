//! `key = value, key(…)`: what stands in the parentheses of an attribute.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;

use crate::ctxt::Ctxt;
use crate::suggestion::unknown;

/// One key with its value, whatever that is.
pub(crate) struct Setting {
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

/// The value of a key.
pub(crate) enum Value {
    /// `key`
    Absent,
    /// `key = …`
    Assigned(TokenStream),
    /// `key(…)`
    List(Group),
}

impl Setting {
    /// The key as text.
    pub(crate) fn name(&self) -> String {
        self.key.to_string()
    }

    /// Where the key stands.
    pub(crate) fn span(&self) -> Span {
        self.key.span()
    }

    /// What is assigned; any other form is a mistake, mended as `example` shows.
    pub(crate) fn assigned(&self, example: &str, ctxt: &mut Ctxt) -> Option<TokenStream> {
        match &self.value {
            Value::Assigned(tokens) if !tokens.is_empty() => Some(tokens.clone()),
            _ => {
                ctxt.error(self.span(), format!("write `{example}`"));
                None
            }
        }
    }

    /// A word alone: a value is a mistake.
    pub(crate) fn alone(&self, ctxt: &mut Ctxt) {
        if !matches!(self.value, Value::Absent) {
            let key = &self.key;
            ctxt.error(
                self.span(),
                format!("`{key}` takes no value: write `{key}`"),
            );
        }
    }
}

/// Reads all settings; mistakes in one do not hide those in others. Only the valid keys come back,
/// each once.
pub(crate) fn settings(tokens: TokenStream, valid: &[&str], ctxt: &mut Ctxt) -> Vec<Setting> {
    read(tokens, Some(valid), ctxt)
}

/// The same where any key is valid.
pub(crate) fn any_settings(tokens: TokenStream, ctxt: &mut Ctxt) -> Vec<Setting> {
    read(tokens, None, ctxt)
}

fn read(tokens: TokenStream, valid: Option<&[&str]>, ctxt: &mut Ctxt) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    for part in split_at_commas(tokens) {
        let Some(setting) = setting(part, ctxt) else {
            continue;
        };
        let (name, span) = (setting.name(), setting.span());
        if let Some(valid) = valid.filter(|valid| !valid.contains(&&*name)) {
            ctxt.error(span, unknown("key", &name, valid));
        } else if found.iter().any(|earlier| earlier.key == setting.key) {
            ctxt.error(span, format!("`{name}` is given twice"));
        } else {
            found.push(setting);
        }
    }
    found
}

fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => {
                parts.push(TokenStream::new());
            }
            (_, Some(part)) => token.to_tokens(part),
            (_, None) => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn setting(tokens: TokenStream, ctxt: &mut Ctxt) -> Option<Setting> {
    let mut tokens = tokens.into_iter();
    let key = match tokens.next()? {
        TokenTree::Ident(key) => key,
        other => {
            ctxt.error(other.span(), "write `key = value`");
            return None;
        }
    };
    let value = match tokens.next() {
        None => Value::Absent,
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {
            return Some(Setting {
                key,
                value: Value::Assigned(tokens.collect()),
            });
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            Value::List(group)
        }
        Some(other) => {
            ctxt.error(other.span(), format!("write `{key} = value`"));
            return None;
        }
    };
    if let Some(rest) = tokens.next() {
        ctxt.error(rest.span(), "a comma is missing before this");
    }
    Some(Setting { key, value })
}
