//! What stands in the parentheses of `#[retryable(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Lit, Path};

use crate::crate_path::Support;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, any_settings, settings};
use crate::suggestion::unknown;
use crate::text::{back_off, has_placeholder, millis, placeholders, topic};
use crate::value::{TextOrPath, boolean, number, text, texts_or_paths};

/// As Spring's header counts.
const MOST_ATTEMPTS: u32 = 32_767;
const MOST_PARTITIONS: u32 = 10_000;
const MOST_CONSUMERS: u32 = 1_000;
const MOST_WINDOW: u32 = 100_000_000;

const KEYS: [&str; 22] = [
    "attempts",
    "backoff",
    "max_delay",
    "jitter",
    "timeout",
    "include",
    "exclude",
    "suffix",
    "dlt_suffix",
    "suffixing",
    "same_interval",
    "dlt_strategy",
    "dlt_routing",
    "auto_create",
    "partitions",
    "replication_factor",
    "concurrency",
    "window",
    "compat",
    "group_in_names",
    "order",
    "max_fenced_keys",
];
const IN_PLACE: [&str; 2] = ["attempts", "backoff"];

const SUFFIXINGS: [&str; 2] = ["delay", "index"];
const SAME_INTERVALS: [&str; 2] = ["single-topic", "multiple-topics"];
const DLT_STRATEGIES: [&str; 3] = ["fail", "always-retry", "none"];
const ORDERS: [&str; 2] = ["none", "key"];
const COMPATS: [&str; 2] = ["own", "spring"];

/// Keys and values as the settings name them.
#[derive(Default)]
pub(crate) struct Pairs {
    pairs: Vec<(String, String)>,
    /// The types that stand among the names of errors.
    types: Vec<Path>,
}

impl Pairs {
    fn put(&mut self, key: &str, value: Option<String>) {
        self.pairs
            .extend(value.map(|value| (key.to_owned(), value)));
    }

    /// As elements of a slice.
    pub(crate) fn tokens(&self) -> TokenStream {
        let pairs = self.pairs.iter().map(|(key, value)| quote!((#key, #value)));
        quote!(#(#pairs),*)
    }

    /// Its types, as elements of a slice; what is no error is reported where it stands.
    pub(crate) fn causes(&self, support: &Support) -> TokenStream {
        let causes = self.types.iter().map(|path| {
            let name = path_name(path);
            let span = Span::mixed_site().located_at(path.span());
            let support = support.at(span);
            quote_spanned!(span=> #support::CauseDef::named::<#path>(#name))
        });
        quote!(#(#causes),*)
    }
}

/// Reads them; each mistake is reported, and its value left out.
pub(super) fn parse(tokens: TokenStream, ctxt: &mut Ctxt) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.put("enabled", Some("true".to_owned()));
    let keys = KEYS.iter().copied().chain(["in_place"]);
    let settings = settings(tokens, &keys.collect::<Vec<_>>(), ctxt);
    check_lists(&settings, ctxt);
    for setting in &settings {
        let name = setting.name();
        match &*name {
            "dlt_routing" => routing(setting, &mut pairs, ctxt),
            "in_place" => in_place(setting, &mut pairs, ctxt),
            "include" | "exclude" => {
                let names = errors(setting, &mut pairs.types, ctxt);
                pairs.put(&name, names);
            }
            _ => {
                let value = value(&name, setting, ctxt);
                pairs.put(&name, value);
            }
        }
    }
    pairs
}

fn value(name: &str, setting: &Setting, ctxt: &mut Ctxt) -> Option<String> {
    let shown = |number: Option<u32>| number.map(|number| number.to_string());
    match name {
        "attempts" => shown(number(setting, 2..=MOST_ATTEMPTS, ctxt)),
        "backoff" => waits(setting, ctxt),
        "max_delay" | "timeout" => checked(setting, ctxt, |text| millis(text).map(|_| ())),
        "jitter" => jitter(setting, ctxt),
        "suffix" | "dlt_suffix" => checked(setting, ctxt, topic),
        "suffixing" => word(setting, "suffixing", &SUFFIXINGS, ctxt),
        "same_interval" => word(setting, "way", &SAME_INTERVALS, ctxt),
        "dlt_strategy" => word(setting, "strategy", &DLT_STRATEGIES, ctxt),
        "order" => word(setting, "order", &ORDERS, ctxt),
        "compat" => word(setting, "kind", &COMPATS, ctxt),
        "auto_create" | "group_in_names" => boolean(setting, ctxt).map(|yes| yes.to_string()),
        "partitions" => shown(number(setting, 1..=MOST_PARTITIONS, ctxt)),
        "replication_factor" => shown(number(setting, 1..=1_000, ctxt)),
        "concurrency" => shown(number(setting, 1..=MOST_CONSUMERS, ctxt)),
        _ => shown(number(setting, 1..=MOST_WINDOW, ctxt)),
    }
}

fn check_lists(settings: &[Setting], ctxt: &mut Ctxt) {
    let has = |name: &str| settings.iter().any(|setting| setting.key == name);
    let second = settings
        .iter()
        .rfind(|setting| setting.key == "include" || setting.key == "exclude");
    if let Some(second) = second.filter(|_| has("include") && has("exclude")) {
        ctxt.error(
            second.span(),
            "`include` and `exclude` exclude each other: keep one of them",
        );
    }
}

/// A text that passes a check, unless it is known at boot only.
fn checked(
    setting: &Setting,
    ctxt: &mut Ctxt,
    check: impl Fn(&str) -> Result<(), String>,
) -> Option<String> {
    let literal = text(setting, ctxt)?;
    let value = literal.value();
    let outcome = placeholders(&value).and_then(|()| match has_placeholder(&value) {
        true => Ok(()),
        false => check(&value),
    });
    match outcome {
        Ok(()) => Some(value),
        Err(message) => {
            ctxt.error(literal.span(), message);
            None
        }
    }
}

fn waits(setting: &Setting, ctxt: &mut Ctxt) -> Option<String> {
    checked(setting, ctxt, |text| back_off(text).map(|_| ()))
}

/// `jitter = 0.2`
fn jitter(setting: &Setting, ctxt: &mut Ctxt) -> Option<String> {
    const EXAMPLE: &str = "jitter = 0.2";
    let tokens = setting.assigned(EXAMPLE, ctxt)?;
    let span = tokens
        .clone()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span());
    let literal = syn::parse2::<Lit>(tokens).ok();
    let share = match literal {
        Some(Lit::Float(share)) => share.base10_parse::<f64>().ok(),
        Some(Lit::Int(share)) => share.base10_parse::<f64>().ok(),
        _ => None,
    };
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    if share.is_none() {
        let message = format!("`jitter` is a share from 0 to 1: write `{EXAMPLE}`");
        ctxt.error(span, message);
    }
    share.map(|share| share.to_string())
}

/// Names of variants and types as texts, and types as paths.
fn errors(setting: &Setting, types: &mut Vec<Path>, ctxt: &mut Ctxt) -> Option<String> {
    let before = ctxt.count();
    let names = texts_or_paths(setting, ctxt);
    if names.is_empty() && ctxt.count() == before {
        ctxt.error(setting.span(), "no errors: the list is empty");
    }
    let mut known: Vec<String> = Vec::new();
    for name in names {
        let (value, shown) = match &name {
            TextOrPath::Text(text) => (text.value(), text.to_token_stream()),
            TextOrPath::Path(path) => (path_name(path), path.to_token_stream()),
        };
        let legal = match name {
            TextOrPath::Text(_) => error_name(&value),
            TextOrPath::Path(path) => {
                types.push(path);
                Ok(())
            }
        };
        if let Err(message) = legal {
            ctxt.push(syn::Error::new_spanned(shown, message));
        } else if known.contains(&value) {
            let message = format!("the error `{value}` is given twice");
            ctxt.push(syn::Error::new_spanned(shown, message));
        }
        known.push(value);
    }
    (ctxt.count() == before).then(|| known.join(","))
}

/// As it is written, as far as a name may have its characters.
fn path_name(path: &Path) -> String {
    let text = path.to_token_stream().to_string().replace(' ', "");
    text.replace(|c| !is_legal(c), "_")
}

fn is_legal(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// A variant, or a type with or without its path.
fn error_name(name: &str) -> Result<(), String> {
    match name.is_empty() || !name.chars().all(is_legal) {
        true => Err(format!(
            "`{name}` names no error: write a variant as in `\"Timeout\"`, or a type"
        )),
        false => Ok(()),
    }
}

fn word(setting: &Setting, what: &str, words: &[&str], ctxt: &mut Ctxt) -> Option<String> {
    let literal = text(setting, ctxt)?;
    let value = literal.value();
    if has_placeholder(&value) || words.contains(&&*value) {
        return Some(value);
    }
    ctxt.error(literal.span(), unknown(what, &value, words));
    None
}

/// `dlt_routing(Timeout = "-timeout")`
fn routing(setting: &Setting, pairs: &mut Pairs, ctxt: &mut Ctxt) {
    let Value::List(list) = &setting.value else {
        let example = "write `dlt_routing(Timeout = \"-timeout\")`";
        return ctxt.error(setting.span(), example);
    };
    let mut routes = Vec::new();
    for route in any_settings(list.stream(), ctxt) {
        let suffix = checked(&route, ctxt, topic);
        routes.extend(suffix.map(|suffix| format!("{}={suffix}", route.name())));
    }
    pairs.put(
        "dlt_routing",
        (!routes.is_empty()).then(|| routes.join(",")),
    );
}

/// `in_place(attempts = 3, backoff = "10ms")`
fn in_place(setting: &Setting, pairs: &mut Pairs, ctxt: &mut Ctxt) {
    let Value::List(list) = &setting.value else {
        let example = "write `in_place(attempts = 3, backoff = \"10ms\")`";
        return ctxt.error(setting.span(), example);
    };
    for setting in settings(list.stream(), &IN_PLACE, ctxt) {
        match &*setting.name() {
            "attempts" => {
                let attempts = number(&setting, 1..=MOST_ATTEMPTS, ctxt);
                pairs.put(
                    "in_place_attempts",
                    attempts.map(|number| number.to_string()),
                );
            }
            _ => {
                let waits = waits(&setting, ctxt);
                pairs.put("in_place_backoff", waits);
            }
        }
    }
}
