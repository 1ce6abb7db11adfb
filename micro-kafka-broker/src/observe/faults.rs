//! Rules for faults, as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::fault::{FaultHandle, Rule, RuleError};

/// A rule in force.
#[derive(Debug, Serialize)]
pub(crate) struct FaultView {
    id: u64,
    /// The rule as text.
    rule: String,
    /// How many requests it has met.
    hits: u64,
}

impl From<&FaultHandle> for FaultView {
    fn from(handle: &FaultHandle) -> Self {
        Self {
            id: handle.id(),
            rule: handle.rule().to_string(),
            hits: handle.hits(),
        }
    }
}

/// Why JSON is no rule.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotARule {
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(
        "a rule is an object, as in {{\"api\": \"Produce\", \"answer\": \"NOT_LEADER_OR_FOLLOWER\"}}, \
         or the same as a text: \"Produce answer=NOT_LEADER_OR_FOLLOWER\""
    )]
    Shape,
    #[error("`{0}`: a text, a number, true or false, or a list of texts is expected")]
    Value(String),
}

/// Reads a rule: an object with the names of [`Rule::from_pairs`], or its text.
///
/// # Errors
/// [`NotARule`], which names the part that is wrong.
pub(crate) fn rule(json: &Value) -> Result<Rule, NotARule> {
    match json {
        Value::String(text) => Ok(text.parse()?),
        Value::Object(parts) => Ok(Rule::from_pairs(pairs(parts)?)?),
        _ => Err(NotARule::Shape),
    }
}

fn pairs(parts: &Map<String, Value>) -> Result<Vec<(&str, String)>, NotARule> {
    let given = parts.iter().filter(|(_, value)| !value.is_null());
    let pairs = given.map(|(name, value)| match text(value) {
        Some(value) => Ok((name.as_str(), value)),
        None => Err(NotARule::Value(name.clone())),
    });
    pairs.collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_and_its_text_are_the_same_rule() {
        for (json, text) in [
            (
                json!({"api": "Produce", "topic": "orders", "nth": 2, "answer": "NOT_LEADER_OR_FOLLOWER"}),
                "Produce topic=orders nth=2 answer=NOT_LEADER_OR_FOLLOWER",
            ),
            (
                json!({"api": ["Produce", "Fetch"], "disconnect": true, "silence": false}),
                "Produce,Fetch disconnect",
            ),
            (
                json!({"api": "EndTxn", "times": 1, "apply_then": "disconnect", "client": null}),
                "EndTxn times=1 apply_then=disconnect",
            ),
            (
                json!({"probability": 0.5, "delay": "5ms..1s"}),
                "* probability=0.5 delay=5ms..1s",
            ),
        ] {
            let expected: Rule = text.parse().unwrap();
            assert_eq!(rule(&json).unwrap(), expected, "{json}");
            assert_eq!(rule(&json!(text)).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_rule_is_named() {
        let refused = |json| rule(&json).unwrap_err().to_string();
        assert!(refused(json!({"api": "Produkt", "disconnect": true})).contains("Produkt"));
        assert!(refused(json!({"api": "Produce"})).contains("nothing is to happen"));
        assert!(refused(json!({"api": {"a": 1}})).contains("`api`"));
        assert!(refused(json!(7)).contains("a rule is an object"));
    }
}
