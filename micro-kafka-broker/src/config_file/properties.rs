//! Java's properties: `name=value` lines with comments, continued lines and escapes.

use super::{Place, Setting};

/// The settings of a text; of a name that is given twice the later one counts, as in Java.
pub(super) fn settings(text: &str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((line, first)) = lines.next() {
        let start = first.trim_start();
        if start.is_empty() || start.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = start.to_owned();
        while is_continued(&whole) {
            whole.pop();
            let Some((_, next)) = lines.next() else { break };
            whole.push_str(next.trim_start());
        }
        let (name, value, value_begin) = split(&whole);
        let indent = first.chars().count() - start.chars().count();
        let place = |column| Place { line, column };
        let name = unescape(name);
        settings.retain(|known| known.name != name);
        settings.push(Setting {
            name,
            value: unescape(value).trim_end().to_owned(),
            at: place(indent + 1),
            value_at: place(indent + value_begin + 1),
        });
    }
    settings
}

/// An odd number of backslashes at the end.
fn is_continued(line: &str) -> bool {
    let backslashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
    backslashes % 2 == 1
}

/// Name and value, and the characters before the value.
fn split(line: &str) -> (&str, &str, usize) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (c == '=' || c == ':' || c.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends
    });
    let end = end.unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    let before = line.len() - rest.len();
    let before = line.get(..before).unwrap_or_default().chars().count();
    (name, rest, before)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => out.extend(unicode(&mut chars)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// The character of four hexadecimal digits; `None` for what is none.
fn unicode(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let digits: String = chars.take(4).collect();
    u32::from_str_radix(&digits, 16)
        .ok()
        .and_then(char::from_u32)
}
