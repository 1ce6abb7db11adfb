//! The schemas of a registry.

use std::collections::BTreeMap;

use hyper::StatusCode;

/// Ids are places in `schemas`, from 1.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) schemas: Vec<Schema>,
    /// The ids of each subject's versions, from 1.
    pub(super) subjects: BTreeMap<String, Vec<i32>>,
    pub(super) requests: Vec<String>,
    pub(super) down: bool,
    pub(super) authorization: Option<String>,
    pub(super) refused: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schema {
    pub(super) kind: String,
    pub(super) text: String,
}

impl Store {
    /// The answer to anything, if that is so.
    pub(super) fn refusal(&self, authorization: Option<&str>) -> Option<(StatusCode, String)> {
        let refusal = |status: StatusCode| Some((status, String::new()));
        if self.down {
            return refusal(StatusCode::SERVICE_UNAVAILABLE);
        }
        match &self.authorization {
            Some(wanted) if authorization != Some(wanted) => refusal(StatusCode::UNAUTHORIZED),
            _ => None,
        }
    }

    pub(super) fn schema(&self, id: i32) -> Option<&Schema> {
        let place = usize::try_from(id).ok()?.checked_sub(1)?;
        self.schemas.get(place)
    }

    /// The id of a schema, new or known.
    pub(super) fn register(&mut self, subject: &str, kind: &str, text: &str) -> i32 {
        let schema = Schema {
            kind: kind.to_owned(),
            text: text.to_owned(),
        };
        let known = self.schemas.iter().position(|known| *known == schema);
        let place = known.unwrap_or_else(|| {
            self.schemas.push(schema);
            self.schemas.len() - 1
        });
        let id = i32::try_from(place + 1).unwrap_or(i32::MAX);
        let versions = self.subjects.entry(subject.to_owned()).or_default();
        if !versions.contains(&id) {
            versions.push(id);
        }
        id
    }

    /// The version and id of a schema under a subject.
    pub(super) fn find(&self, subject: &str, kind: &str, text: &str) -> Option<(usize, i32)> {
        let versions = self.subjects.get(subject)?;
        let is = |id: &i32| {
            let schema = self.schema(*id);
            schema.is_some_and(|schema| schema.kind == kind && schema.text == text)
        };
        let place = versions.iter().position(is)?;
        Some((place + 1, versions[place]))
    }

    pub(super) fn refuses(&self, subject: &str) -> bool {
        self.refused.iter().any(|refused| refused == subject)
    }
}
