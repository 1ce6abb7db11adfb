//! An error with all that caused it, as text.

use std::error::Error;

/// Longer texts are cut: a header must not make a record too large to be dead-lettered.
const LONGEST: usize = 8 * 1024;

/// The messages of an error and its sources, the outermost first.
pub(crate) fn messages(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        messages.push(error.to_string());
        cause = error.source();
    }
    messages
}

/// The messages in one line: `gateway timed out; connection reset by peer`.
pub(crate) fn joined(error: &(dyn Error + 'static)) -> String {
    joined_within(LONGEST, error)
}

/// The same in at most so many bytes.
pub(crate) fn joined_within(longest: usize, error: &(dyn Error + 'static)) -> String {
    cut(longest, messages(error).join("; "))
}

/// One line an error: the type and the message, then each cause.
pub(crate) fn lines(longest: usize, type_name: &str, error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{type_name}: ");
    let lines = messages(error).into_iter();
    let lines: Vec<_> = lines.map(|line| line.replace(['\r', '\n'], " ")).collect();
    text.push_str(&lines.join("\ncaused by: "));
    cut(longest, text)
}

fn cut(longest: usize, mut text: String) -> String {
    if text.len() > longest {
        let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer\nline")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("inner")]
    struct Inner;

    #[test]
    fn sources_follow_in_order() {
        assert_eq!(joined(&Outer(Inner)), "outer\nline; inner");
        assert_eq!(
            lines(LONGEST, "a::Outer", &Outer(Inner)),
            "a::Outer: outer line\ncaused by: inner"
        );
    }

    #[test]
    fn a_huge_text_is_cut_between_characters() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Huge(String);
        let text = joined(&Huge("é".repeat(LONGEST)));
        assert!(text.len() <= LONGEST + '…'.len_utf8());
        assert!(text.ends_with("é…"));
    }
}
