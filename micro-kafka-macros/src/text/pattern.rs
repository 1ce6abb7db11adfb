//! Regular expressions of topics' names, as far as a look at the brackets goes.

/// Checks a pattern; the broker's client has the last word at boot.
pub(crate) fn pattern(text: &str) -> Result<(), String> {
    let (mut depth, mut escaped, mut class) = (0_i32, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    if text.trim().is_empty() {
        Err("a pattern is empty".into())
    } else if text.contains("(?") {
        Err("a pattern is a POSIX expression, which has no `(?…)`".into())
    } else if depth != 0 || escaped || class {
        Err("no regular expression: a bracket or backslash is left over".into())
    } else {
        Ok(())
    }
}
