//! `${NAME:default}` in texts.

use super::key::relaxed;
use super::layers::{Environment, variable};
use super::secret::is_secret;
use super::suggestion::nearest;
use super::tree::{Entry, Node, Table, Text, Value};
use super::{ConfigError, Origin};

const MAX_DEPTH: usize = 32;
const MAX_PLACEHOLDERS: usize = 1_000;
const MAX_BYTES: usize = 64 * 1024;

/// Resolves placeholders from the environment and from a tree of settings.
///
/// A name in upper case (`DB_PASSWORD`) is an environment variable; any other is a key of the
/// tree (`flights.topic`), else an environment variable. `$${` stands for `${`. Values of the
/// environment and of the program are taken literally.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver<'t> {
    tree: &'t Table,
    env: &'t Environment,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(tree: &'t Table, env: &'t Environment) -> Self {
        Self { tree, env }
    }

    /// A text outside of the tree.
    pub(crate) fn text(self, text: &str) -> Result<Text, ConfigError> {
        Substitution::new(self).text(text)
    }

    /// The text of a leaf of the tree, resolved if it may hold placeholders.
    pub(crate) fn leaf(self, node: &Node) -> Result<String, ConfigError> {
        match &node.value {
            Value::Text(text) if has_placeholder(node, text) => {
                self.text(&text.text).map(|text| text.text)
            }
            _ => Ok(node.as_text().unwrap_or_default()),
        }
    }

    /// A table with all texts resolved, and what could not be; the key paths begin with `path`.
    pub(crate) fn table(self, table: &Table, path: &str) -> (Table, Vec<ConfigError>) {
        let mut errors = Vec::new();
        let resolved = self.inner_table(table, path, &mut errors);
        (resolved, errors)
    }

    fn inner_table(self, table: &Table, path: &str, errors: &mut Vec<ConfigError>) -> Table {
        let mut resolved = Table::default();
        for (key, entry) in table.iter() {
            let path = join(path, key.spelling());
            let entry = Entry {
                key_origin: entry.key_origin.clone(),
                node: self.node(&entry.node, &path, errors),
            };
            resolved.insert(key.clone(), entry);
        }
        resolved
    }

    fn node(self, node: &Node, path: &str, errors: &mut Vec<ConfigError>) -> Node {
        let value = match &node.value {
            Value::Table(table) => Value::Table(self.inner_table(table, path, errors)),
            Value::Array(nodes) => {
                let nodes = nodes.iter().map(|node| self.node(node, path, errors));
                Value::Array(nodes.collect())
            }
            Value::Text(text) if has_placeholder(node, text) => {
                match Substitution::of(self, path).text(&text.text) {
                    Ok(text) => Value::Text(text),
                    Err(error) => {
                        errors.push(error.key(path).at(&node.origin));
                        Value::Text(text.clone())
                    }
                }
            }
            same => same.clone(),
        };
        Node {
            value,
            origin: node.origin.clone(),
        }
    }
}

fn has_placeholder(node: &Node, text: &Text) -> bool {
    matches!(node.origin, Origin::File { .. }) && text.text.contains("${")
}

pub(crate) fn join(path: &str, key: &str) -> String {
    match path.is_empty() {
        true => key.to_owned(),
        false => format!("{path}.{key}"),
    }
}

/// The resolution of one text, with everything that is bounded in it.
struct Substitution<'t> {
    resolver: Resolver<'t>,
    /// The keys under way, to notice circles.
    open_keys: Vec<String>,
    depth: usize,
    placeholders: usize,
    secret: bool,
}

impl<'t> Substitution<'t> {
    fn new(resolver: Resolver<'t>) -> Self {
        Self {
            resolver,
            open_keys: Vec::new(),
            depth: 0,
            placeholders: 0,
            secret: false,
        }
    }

    fn of(resolver: Resolver<'t>, path: &str) -> Self {
        let mut this = Self::new(resolver);
        this.open_keys.push(path.to_owned());
        this
    }

    fn text(mut self, text: &str) -> Result<Text, ConfigError> {
        let text = self.expand(text)?;
        Ok(Text {
            text,
            untyped: self.placeholders > 0,
            secret: self.secret,
        })
    }

    fn expand(&mut self, text: &str) -> Result<String, ConfigError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let reason = format!("placeholders are nested more than {MAX_DEPTH} deep");
            return Err(ConfigError::placeholder(reason));
        }
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let after = &rest[start + 2..];
            if let Some(before) = rest[..start].strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                rest = after;
                continue;
            }
            expanded.push_str(&rest[..start]);
            let end = closing_brace(after).ok_or_else(|| unclosed(after))?;
            expanded.push_str(&self.placeholder(&after[..end])?);
            rest = &after[end + 1..];
            self.check_size(expanded.len() + rest.len())?;
        }
        expanded.push_str(rest);
        self.depth -= 1;
        Ok(expanded)
    }

    fn check_size(&self, bytes: usize) -> Result<(), ConfigError> {
        if bytes > MAX_BYTES || self.placeholders > MAX_PLACEHOLDERS {
            let reason = format!(
                "placeholders make this text longer than {MAX_BYTES} bytes, or need more than {MAX_PLACEHOLDERS} steps"
            );
            return Err(ConfigError::placeholder(reason));
        }
        Ok(())
    }

    fn placeholder(&mut self, body: &str) -> Result<String, ConfigError> {
        self.placeholders += 1;
        self.check_size(0)?;
        let (name, default) = match body.split_once(':') {
            Some((name, default)) => (name.trim(), Some(default)),
            None => (body.trim(), None),
        };
        let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(legal) {
            let reason = "the name in a placeholder has letters, digits, dots, - and _ only";
            return Err(ConfigError::placeholder(reason).hint("write ${NAME} or ${NAME:default}"));
        }
        if let Some(value) = self.lookup(name)? {
            self.secret |= is_secret(name);
            return Ok(value);
        }
        match default {
            Some(default) => self.expand(default),
            None => Err(self.unset(name)),
        }
    }

    fn lookup(&mut self, name: &str) -> Result<Option<String>, ConfigError> {
        if !is_env_name(name)
            && let Some(node) = self.resolver.tree.at(name)
        {
            return self.key(name, node).map(Some);
        }
        let value = variable(self.resolver.env, name);
        match value.map(|value| value.to_str()) {
            Some(Some(value)) => Ok(Some(value.to_owned())),
            Some(None) => {
                let reason = format!("the environment variable {name} is not UTF-8");
                Err(ConfigError::placeholder(reason))
            }
            None => Ok(None),
        }
    }

    fn key(&mut self, name: &str, node: &Node) -> Result<String, ConfigError> {
        self.secret |= node.is_secret();
        let Some(text) = node.as_text() else {
            let reason = format!("${{{name}}} is {}, not a single value", node.kind());
            return Err(ConfigError::placeholder(reason));
        };
        let placeholders = matches!(&node.value, Value::Text(t) if has_placeholder(node, t));
        if !placeholders {
            return Ok(text);
        }
        let wanted = relaxed(name);
        if self.open_keys.iter().any(|key| relaxed(key) == wanted) {
            let circle = self.open_keys.join(" -> ");
            let reason = format!("the placeholder refers to itself: {circle} -> {name}");
            return Err(ConfigError::placeholder(reason));
        }
        self.open_keys.push(name.to_owned());
        let expanded = self.expand(&text)?;
        self.open_keys.pop();
        Ok(expanded)
    }

    fn unset(&self, name: &str) -> ConfigError {
        let default = format!("for a default write ${{{name}:...}}");
        if is_env_name(name) {
            let reason = format!("the environment variable {name} is not set");
            return ConfigError::placeholder(reason).hint(default);
        }
        let reason = format!("${{{name}}} is neither a key nor an environment variable");
        let mut keys = Vec::new();
        leaf_paths(self.resolver.tree, "", &mut keys);
        ConfigError::placeholder(reason).hint(
            match nearest(name, keys.iter().map(String::as_str)) {
                Some(key) => format!("did you mean ${{{key}}}?"),
                None => default,
            },
        )
    }
}

fn unclosed(body: &str) -> ConfigError {
    let name = body.split([':', '$', ' ']).next().unwrap_or_default();
    let name: String = name.chars().take(40).collect();
    let reason = format!("the placeholder ${{{name} is never closed");
    ConfigError::placeholder(reason).hint("add }, or write $${ for the characters themselves")
}

fn is_env_name(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The `}` that closes a body in which other placeholders may stand.
fn closing_brace(body: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut dollar = false;
    for (at, c) in body.char_indices() {
        match c {
            '{' if dollar => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
        dollar = c == '$';
    }
    None
}

fn leaf_paths(table: &Table, path: &str, paths: &mut Vec<String>) {
    for (key, entry) in table.iter() {
        let path = join(path, key.spelling());
        match entry.node.table() {
            Some(inner) => leaf_paths(inner, &path, paths),
            None => paths.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::read_document;

    const TREE: &str = r#"
        [orders]
        topic = "orders-${REGION:eu}"
        count = 3
        list = ["a", "${REGION}"]
        again = "${orders.topic}!"
        me = "${orders.me}"
        left = "${orders.right}"
        right = "x${orders.left:y}"
        big = "${orders.bigger}${orders.bigger}${orders.bigger}${orders.bigger}"
        bigger = "${orders.biggest}${orders.biggest}${orders.biggest}${orders.biggest}"
        biggest = "${HUGE}${HUGE}${HUGE}${HUGE}"
    "#;

    fn resolve(text: &str) -> Result<String, String> {
        let (tree, _) = read_document("a.toml", TREE);
        let huge = "x".repeat(5_000);
        let env = [
            ("REGION", "us"),
            ("EMPTY", ""),
            ("DB_PASSWORD", "a${b}"),
            ("HUGE", &huge),
        ];
        let env = env.map(|(k, v)| (k.into(), v.into())).into();
        let resolved = Resolver::new(&tree, &env).text(text);
        resolved.map(|t| t.text).map_err(|e| e.to_string())
    }

    #[test]
    fn names_are_found_in_the_environment_and_in_the_tree() {
        for (text, resolved) in [
            ("plain", "plain"),
            ("${REGION}", "us"),
            ("a ${REGION} b ${orders.count}", "a us b 3"),
            ("${orders.again}", "orders-us!"),
            ("${EMPTY:x}", ""),
            ("${NONE:x}", "x"),
            ("${NONE:}", ""),
            ("${NONE:${ALSO_NONE:${REGION}}}", "us"),
            ("${NONE:http://h:80}", "http://h:80"),
            ("$${REGION}", "${REGION}"),
            ("${DB_PASSWORD}", "a${b}"),
            ("$5 {x} }", "$5 {x} }"),
        ] {
            assert_eq!(resolve(text).as_deref(), Ok(resolved), "{text}");
        }
    }

    #[test]
    fn unset_unclosed_nameless_and_circular_placeholders_say_so() {
        for (text, part) in [
            ("${NONE}", "environment variable NONE is not set"),
            ("${orders.topik}", "did you mean ${orders.topic}?"),
            ("${REGION", "${REGION is never closed"),
            ("${NONE:${REGION}", "never closed"),
            ("${}", "the name in a placeholder"),
            ("${a b}", "the name in a placeholder"),
            ("${${REGION}}", "the name in a placeholder"),
            ("${orders.me}", "refers to itself: orders.me -> orders.me"),
            (
                "${orders.left}",
                "orders.left -> orders.right -> orders.left",
            ),
            ("${orders}", "is a table"),
            ("${orders.list}", "is an array"),
        ] {
            let error = resolve(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        assert!(
            resolve("${orders.big}")
                .unwrap_err()
                .contains("longer than")
        );
        let deep = format!("{}{}", "${A:".repeat(50_000), "}".repeat(50_000));
        assert!(resolve(&deep).unwrap_err().contains("nested more than"));
        let many = "${EMPTY}".repeat(1_500);
        assert!(resolve(&many).unwrap_err().contains("more than 1000 steps"));
    }

    #[test]
    fn what_comes_from_a_secret_is_a_secret() {
        let (tree, _) = read_document("a.toml", TREE);
        let env = [("DB_PASSWORD".into(), "x".into())].into();
        let resolver = Resolver::new(&tree, &env);
        assert!(resolver.text("a ${DB_PASSWORD}").unwrap().secret);
        assert!(!resolver.text("a ${orders.count}").unwrap().secret);
    }

    #[test]
    fn every_unset_placeholder_of_a_tree_is_reported_with_its_place() {
        let (tree, _) = read_document("a.toml", "[x]\na = '${A}'\nb = ['${B}']\nc = '${C:c}'\n");
        let env = Environment::new();
        let (resolved, errors) = Resolver::new(&tree, &env).table(&tree, "");
        let shown: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert!(shown[0].starts_with("a.toml:2:5: x.a: "), "{shown:?}");
        assert!(shown[1].starts_with("a.toml:3:6: x.b: "), "{shown:?}");
        assert_eq!(
            resolved.at("x.c").and_then(Node::as_text).as_deref(),
            Some("c")
        );
    }
}
