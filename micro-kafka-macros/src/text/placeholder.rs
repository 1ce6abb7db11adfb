//! `${name}` and `${name:default}`, checked here and resolved at boot.

/// Whether the text holds a placeholder.
pub(crate) fn has_placeholder(text: &str) -> bool {
    text.contains("${")
}

/// Checks the form of all placeholders; a default may hold placeholders, too, and `$${` is none.
pub(crate) fn placeholders(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        rest = match before.ends_with('$') {
            true => after,
            false => placeholder(after)?,
        };
    }
    Ok(())
}

/// Reads what follows `${`, and returns what follows its `}`.
fn placeholder(text: &str) -> Result<&str, String> {
    let unclosed = "a `${` is not closed: write `${name}` or `${name:default}`";
    let end = closing_brace(text).ok_or(unclosed)?;
    let (body, rest) = (&text[..end], &text[end + 1..]);
    let (name, default) = body.split_once(':').unwrap_or((body, ""));
    let name = name.trim();
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(legal) {
        return Err(format!(
            "`{name}` is no placeholder's name, which holds letters, digits, `.`, `-` and `_`"
        ));
    }
    placeholders(default).map(|()| rest)
}

/// The `}` of a body that may hold placeholders.
fn closing_brace(body: &str) -> Option<usize> {
    let (mut open, mut before) = (0_usize, ' ');
    for (at, c) in body.char_indices() {
        match (before, c) {
            ('$', '{') => open += 1,
            (_, '}') if open == 0 => return Some(at),
            (_, '}') => open -= 1,
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn names_defaults_and_nested_defaults_are_understood() {
        for text in [
            "plain",
            "$5",
            "${topic}",
            "${topic:orders}-x-${env:}",
            "${a:${b:c}}",
            "${url:http://host:80}",
            "$${ literal",
            "${a:$${b}}",
            "${ a.b-c_D1 }",
        ] {
            assert_eq!(placeholders(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn broken_placeholders_are_refused() {
        for text in [
            "${", "${a", "${a:b", "${}", "${:b}", "${a b}", "${a:${b}", "${a${b}}",
        ] {
            assert!(placeholders(text).is_err(), "{text}");
        }
    }
}
