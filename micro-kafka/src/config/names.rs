//! The rules for topics, groups, namespaces, client ids and server addresses.

/// Kafka makes folders of topics' names: a longer one does not fit.
const MAX_TOPIC: usize = 249;
const MAX_GROUP: usize = 255;

/// Whether brokers accept a topic of this name.
pub(crate) fn check_topic(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        Err("a topic's name must not be empty".to_owned())
    } else if name == "." || name == ".." {
        Err(format!("{name:?} cannot be a topic's name"))
    } else if name.len() > MAX_TOPIC {
        let len = name.chars().count();
        Err(format!(
            "a topic's name has at most {MAX_TOPIC} characters, this one {len}"
        ))
    } else if let Some(bad) = name.chars().find(|c| !legal(*c)) {
        Err(format!(
            "{name:?} cannot be a topic's name: {bad:?} is not a letter (a-z, A-Z), digit, dot, - or _"
        ))
    } else {
        Ok(())
    }
}

/// Whether topics can have names of this pattern, in which `*` stands for any text.
pub(crate) fn check_topic_pattern(pattern: &str) -> Result<(), String> {
    match pattern.replace('*', "x") {
        name if pattern.is_empty() => check_topic(&name),
        name => check_topic(&name).map_err(|_reason| {
            format!("{pattern:?} fits no topic: write letters, digits, dots, -, _ and *")
        }),
    }
}

/// Whether this is a sensible name of a group.
pub(crate) fn check_group(name: &str) -> Result<(), String> {
    check_label("a group id", name, MAX_GROUP)
}

/// Whether transactional ids can begin with this.
pub(crate) fn check_transaction_id_prefix(name: &str) -> Result<(), String> {
    check_label("a transaction-id-prefix", name, MAX_GROUP)
}

/// Whether this can be the name of a table, or of something that the program registers.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    check_label("a name", name, MAX_GROUP)
}

/// Whether this may be a regular expression of topics' names.
pub(crate) fn check_pattern(pattern: &str) -> Result<(), String> {
    let (mut depth, mut escaped, mut class) = (0_i32, false, false);
    for c in pattern.chars() {
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
    if pattern.trim().is_empty() {
        Err("a pattern must not be empty".to_owned())
    } else if pattern.contains("(?") {
        Err(format!(
            "{pattern:?}: a pattern is a POSIX expression, which has no (?…)"
        ))
    } else if depth != 0 || escaped || class {
        Err(format!(
            "{pattern:?} is no regular expression: a bracket or backslash is left over"
        ))
    } else {
        Ok(())
    }
}

/// Whether this is a sensible client id.
pub(crate) fn check_client_id(name: &str) -> Result<(), String> {
    check_label("a client id", name, MAX_GROUP)
}

/// Whether topics can begin with this.
pub(crate) fn check_namespace(name: &str) -> Result<(), String> {
    const MOST: usize = 100;
    if name.len() > MOST {
        return Err(format!("a namespace has at most {MOST} characters"));
    }
    check_topic(name).map_err(|reason| reason.replace("a topic's name", "a namespace"))
}

fn check_label(what: &str, name: &str, most: usize) -> Result<(), String> {
    let len = name.chars().count();
    if name.trim().is_empty() {
        Err(format!("{what} must not be empty"))
    } else if len > most {
        Err(format!(
            "{what} has at most {most} characters, this one {len}"
        ))
    } else if name.chars().any(char::is_control) {
        Err(format!("{what} must not hold control characters: {name:?}"))
    } else if name.trim() != name {
        Err(format!(
            "{what} must not begin or end with a space: {name:?}"
        ))
    } else {
        Ok(())
    }
}

/// Whether this is `host:port`.
pub(crate) fn check_server(server: &str) -> Result<(), String> {
    if server.is_empty() {
        return Err("a server is missing: write host:port, with commas between servers".to_owned());
    }
    // What stands before an @ would be a password.
    if server.contains('@') {
        return Err("a server is host:port, without user or password (not shown)".to_owned());
    }
    if let Some((_, rest)) = server.split_once("://") {
        return Err(format!("{server:?}: write {rest:?}, without the protocol"));
    }
    let (host, port) = split_port(server)?;
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(legal) {
        return Err(format!("{server:?}: {host:?} is not a host name"));
    }
    check_port(server, port)
}

fn split_port(server: &str) -> Result<(&str, &str), String> {
    if let Some(rest) = server.strip_prefix('[') {
        let (address, port) = rest
            .split_once("]:")
            .ok_or_else(|| format!("{server:?}: write [address]:port"))?;
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("{server:?}: {address:?} is not an IPv6 address"));
        }
        return Ok(("ipv6", port));
    }
    let no_port = || format!("{server:?} has no port: write \"{server}:9092\"");
    let (host, port) = server.rsplit_once(':').ok_or_else(no_port)?;
    if host.contains(':') {
        let reason = "an IPv6 address needs brackets, for example \"[::1]:9092\"";
        return Err(format!("{server:?}: {reason}"));
    }
    Ok((host, port))
}

fn check_port(server: &str, port: &str) -> Result<(), String> {
    let digits = port.chars().all(|c| c.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if digits => Ok(()),
        _ => Err(format!(
            "{server:?}: {port:?} is not a port from 1 to 65535"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_a_host_and_a_port() {
        for good in [
            "localhost:9092",
            "10.0.0.1:1",
            "[::1]:65535",
            "kafka_1.a-b.c:9092",
        ] {
            assert_eq!(check_server(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn wrong_servers_are_refused_with_the_right_form() {
        for (bad, part) in [
            ("", "host:port"),
            ("host", "\"host:9092\""),
            ("host:0", "from 1 to 65535"),
            ("host:65536", "from 1 to 65535"),
            ("host:-1", "from 1 to 65535"),
            ("host:+1", "from 1 to 65535"),
            ("host:", "from 1 to 65535"),
            (":9092", "not a host name"),
            ("::1:9092", "needs brackets"),
            ("fe80::1", "needs brackets"),
            ("[::1]", "[address]:port"),
            ("[zz]:9092", "not an IPv6 address"),
            ("PLAINTEXT://host:9092", "without the protocol"),
            ("a b:9092", "not a host name"),
        ] {
            let error = check_server(bad).unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
    }

    #[test]
    fn a_password_in_a_server_is_not_shown() {
        let error = check_server("me:hunter2@host:9092").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn topics_follow_the_rules_of_brokers() {
        for good in ["a", "A.b_c-9", "...", &"x".repeat(249)] {
            assert_eq!(check_topic(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "é",
            "a\nb",
            "a,b",
            &"x".repeat(250),
        ] {
            assert!(check_topic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn groups_are_neither_empty_nor_endless_nor_on_two_lines() {
        assert_eq!(check_group("billing é"), Ok(()));
        for bad in ["", "  ", "a\nb", "a\0", " a", &"x".repeat(300)] {
            assert!(check_group(bad).is_err(), "{bad}");
        }
    }
}
