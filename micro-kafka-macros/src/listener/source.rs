//! Where records come from: topics, a pattern of topics, or partitions.

use proc_macro2::Span;
use syn::LitStr;

use crate::ctxt::Ctxt;
use crate::setting::Setting;
use crate::text::{has_placeholder, pattern, placeholders, topic_partitions};
use crate::value::{text, texts};

const WAYS: [&str; 3] = ["topics", "topic_pattern", "topic_partitions"];

/// There is exactly one of them.
pub(super) fn check_sources(settings: &[Setting], ctxt: &mut Ctxt) {
    let named = |setting: &&Setting| WAYS.contains(&&*setting.name());
    let mut ways = settings.iter().filter(named);
    let first = ways.next();
    // A key that was not understood may have been meant to be this one.
    if ctxt.count() == 0 && first.is_none() {
        ctxt.error(
            Span::call_site(),
            "no topics: write `#[kafka_listener(topics = \"…\")]`",
        );
    }
    for second in ways {
        ctxt.error(
            second.span(),
            "`topics`, `topic_pattern` and `topic_partitions` exclude each other",
        );
    }
}

/// A regular expression.
pub(super) fn topic_pattern(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    let value = text(setting, ctxt)?;
    let checked =
        placeholders(&value.value()).and_then(|()| match has_placeholder(&value.value()) {
            true => Ok(()),
            false => pattern(&value.value()),
        });
    if let Err(message) = checked {
        ctxt.error(value.span(), message);
    }
    Some(value)
}

/// `"orders[0-5,7]@earliest"`, or several of them.
pub(super) fn partitions(setting: &Setting, ctxt: &mut Ctxt) -> Vec<LitStr> {
    let all = texts(setting, ctxt);
    for text in &all {
        let value = text.value();
        let checked = placeholders(&value).and_then(|()| match has_placeholder(&value) {
            true => Ok(()),
            false => topic_partitions(&value),
        });
        if let Err(message) = checked {
            ctxt.error(text.span(), message);
        }
    }
    all
}
