//! `${name}` and `${name:default}`, checked here and resolved at boot.

/// Whether the text holds a placeholder.
pub(crate) fn has_placeholder(text: &str) -> bool {
    text.contains("${")
}

/// Checks the form of all placeholders; a default may hold placeholders, too.
pub(crate) fn placeholders(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        rest = placeholder(after)?;
    }
    Ok(())
}

/// Reads what follows `${`, and returns what follows its `}`.
fn placeholder(text: &str) -> Result<&str, String> {
    let unclosed = || "a `${` is not closed: write `${name}` or `${name:default}`".to_owned();
    let end = text.find([':', '}', '$', '{']).ok_or_else(unclosed)?;
    let (name, rest) = text.split_at(end);
    if name.trim().is_empty() {
        return Err("a placeholder has no name: write `${name}` or `${name:default}`".into());
    }
    if name.contains(char::is_whitespace) {
        return Err(format!("the placeholder's name `{name}` holds a space"));
    }
    if rest.starts_with(['$', '{']) {
        return Err(format!(
            "the placeholder's name `{name}` ends in `$` or `{{`"
        ));
    }
    match rest.strip_prefix(':') {
        None => Ok(&rest[1..]),
        Some(default) => after_default(default).ok_or_else(unclosed)?,
    }
}

/// What follows the `}` of a default; a mistake within the default; nothing if it is not closed.
fn after_default(mut default: &str) -> Option<Result<&str, String>> {
    loop {
        let end = default.find('}')?;
        match default.find("${") {
            Some(inner) if inner < end => match placeholder(&default[inner + 2..]) {
                Ok(rest) => default = rest,
                Err(message) => return Some(Err(message)),
            },
            _ => return Some(Ok(&default[end + 1..])),
        }
    }
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
