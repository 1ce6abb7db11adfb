//! The form of Kafka's checkpoint files: version, number of lines, lines of words.

use std::fmt::Write;

const VERSION: &str = "0";

/// The text of a file with these lines.
pub(super) fn format<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    let mut body = String::new();
    let mut count = 0;
    for line in lines {
        body.push_str(line.as_ref());
        body.push('\n');
        count += 1;
    }
    let mut text = String::with_capacity(body.len() + 16);
    // Writing to a string cannot fail.
    let _ = write!(text, "{VERSION}\n{count}\n{body}");
    text
}

/// The words of each line, of which there must be `N`; `None` when the text is not whole.
pub(super) fn parse<const N: usize>(text: &str) -> Option<Vec<[&str; N]>> {
    let mut lines = text.lines();
    let Some(version) = lines.next() else {
        return Some(Vec::new());
    };
    if version != VERSION {
        return None;
    }
    let count: usize = lines.next()?.parse().ok()?;
    let parsed = lines.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.try_into().ok()
    });
    let parsed: Vec<[&str; N]> = parsed.collect::<Option<_>>()?;
    (parsed.len() == count).then_some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_kafkas_form() {
        let text = format(["orders 0 17", "orders 1 4"]);
        assert_eq!(text, "0\n2\norders 0 17\norders 1 4\n");
        let parsed = parse::<3>(&text).unwrap();
        assert_eq!(parsed, [["orders", "0", "17"], ["orders", "1", "4"]]);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for bad in ["1\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\nx\n"] {
            assert_eq!(parse::<3>(bad), None, "{bad:?}");
        }
        assert_eq!(parse::<3>(""), Some(Vec::new()), "as Kafka creates it");
    }
}
