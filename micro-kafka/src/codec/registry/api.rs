//! The registry's REST API: what is asked, and what its answers mean.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::RegistryError;
use super::config::{Credentials, RegistryConfig};
use crate::codec::SchemaKind;
use crate::codec::schema::Parsed;
use crate::error::BoxError;
use crate::http::{self, Address, Answer, Limits, Question, encoded};

/// As much of a registry's words as is worth telling.
const TOLD: usize = 500;
/// No schema is as large.
const MAX_ANSWER: usize = 16 << 20;
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A schema that another one refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaReference {
    /// The name by which it is referred to.
    pub name: String,
    /// Its subject.
    pub subject: String,
    /// Its version.
    pub version: i32,
}

/// A schema of a registry.
#[derive(Debug)]
pub struct RegisteredSchema {
    pub(super) id: i32,
    pub(super) version: Option<i32>,
    pub(super) kind: SchemaKind,
    pub(super) text: String,
    pub(super) references: Vec<SchemaReference>,
    /// The texts of those, and of theirs, each after what it refers to.
    pub(super) referenced: Vec<String>,
    pub(in crate::codec) parsed: Parsed,
}

impl RegisteredSchema {
    /// Its id, which payloads name.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Its version under the subject it was asked for by.
    #[must_use]
    pub fn version(&self) -> Option<i32> {
        self.version
    }

    /// Its language.
    #[must_use]
    pub fn kind(&self) -> SchemaKind {
        self.kind
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it refers to.
    #[must_use]
    pub fn references(&self) -> &[SchemaReference] {
        &self.references
    }

    /// The texts of what it refers to, directly or not, each after what it refers to itself.
    #[must_use]
    pub fn referenced(&self) -> &[String] {
        &self.referenced
    }
}

/// What is asked, and how errors name it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) what: String,
    method: Method,
    /// Below the registry's address, with its leading slash.
    path: String,
    body: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'s> {
    schema: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_type: Option<&'static str>,
}

/// A schema as a request sends it: Avro goes without its name, as old registries know no other.
fn body(kind: SchemaKind, text: &str) -> Option<String> {
    let schema_type = (kind != SchemaKind::Avro).then(|| kind.name());
    let body = Body {
        schema: text,
        schema_type,
    };
    serde_json::to_string(&body).ok()
}

impl Request {
    fn get(what: String, path: String) -> Self {
        Self {
            what,
            method: Method::GET,
            path,
            body: None,
        }
    }

    fn post(what: String, path: String, kind: SchemaKind, text: &str) -> Self {
        Self {
            what,
            method: Method::POST,
            path,
            body: body(kind, text),
        }
    }

    pub(super) fn schema(id: i32) -> Self {
        Self::get(format!("schema {id}"), format!("/schemas/ids/{id}"))
    }

    pub(super) fn version(subject: &str, version: Option<i32>) -> Self {
        let version = version.map_or_else(|| "latest".to_owned(), |it| it.to_string());
        let what = format!("version {version} of subject `{subject}`");
        Self::get(
            what,
            format!("/subjects/{}/versions/{version}", encoded(subject)),
        )
    }

    pub(super) fn register(subject: &str, kind: SchemaKind, text: &str) -> Self {
        let what = format!("a schema to register under subject `{subject}`");
        Self::post(
            what,
            format!("/subjects/{}/versions", encoded(subject)),
            kind,
            text,
        )
    }

    pub(super) fn look_up(subject: &str, kind: SchemaKind, text: &str) -> Self {
        let what = format!("such a schema under subject `{subject}`");
        Self::post(what, format!("/subjects/{}", encoded(subject)), kind, text)
    }

    pub(super) fn compatibility(subject: &str, kind: SchemaKind, text: &str) -> Self {
        let what = format!("the latest version of subject `{subject}`");
        let path = format!(
            "/compatibility/subjects/{}/versions/latest",
            encoded(subject)
        );
        Self::post(what, path, kind, text)
    }

    pub(super) fn subjects() -> Self {
        Self::get("subjects".to_owned(), "/subjects".to_owned())
    }

    /// Asks the registry at one of its addresses.
    pub(super) async fn ask(
        &self,
        address: &Address,
        config: &RegistryConfig,
    ) -> Result<Answer, BoxError> {
        let question = Question {
            method: self.method.clone(),
            path: &self.path,
            authorization: config.credentials.as_ref().map(Credentials::header),
            accept: CONTENT_TYPE,
            body: self.body.clone().map(|body| (CONTENT_TYPE, body)),
        };
        let limits = Limits {
            time: config.timeout,
            bytes: MAX_ANSWER,
            ca_location: config.ca_location.as_deref(),
        };
        http::ask(address, question, limits).await
    }

    /// What an answer says, if it is what was asked for.
    pub(super) fn read<T: for<'de> Deserialize<'de>>(
        &self,
        answer: &Answer,
        url: &str,
    ) -> Result<T, RegistryError> {
        let (what, url) = (self.what.clone(), url.to_owned());
        let status = answer.status.as_u16();
        match answer.status {
            StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|_| {
                let reason: Arc<str> = "its answer is not that of a schema registry".into();
                RegistryError::Unavailable { what, url, reason }
            }),
            StatusCode::NOT_FOUND => Err(RegistryError::NotFound { what, url }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(RegistryError::Unauthorized { what, url, status })
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                let reason = format!("it answers with status {status}").into();
                Err(RegistryError::Unavailable { what, url, reason })
            }
            other if other.is_client_error() => Err(RegistryError::Refused {
                what,
                url,
                status,
                message: message(&answer.body),
            }),
            _ => {
                let reason = format!("it answers with status {status}").into();
                Err(RegistryError::Unavailable { what, url, reason })
            }
        }
    }
}

fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Told {
        message: String,
    }
    let told = serde_json::from_slice::<Told>(body).map(|told| told.message);
    told.unwrap_or_default().chars().take(TOLD).collect()
}

/// A schema as an answer tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldSchema {
    pub(super) id: Option<i32>,
    pub(super) version: Option<i32>,
    pub(super) schema: String,
    schema_type: Option<String>,
    #[serde(default)]
    pub(super) references: Vec<SchemaReference>,
}

impl ToldSchema {
    /// A schema of the program, which the registry has now.
    pub(super) fn own(kind: SchemaKind, text: &str) -> Self {
        Self {
            id: None,
            version: None,
            schema: text.to_owned(),
            schema_type: Some(kind.name().to_owned()),
            references: Vec::new(),
        }
    }

    /// The schema with the texts of what it refers to.
    pub(super) fn registered(
        self,
        id: i32,
        referenced: Vec<String>,
    ) -> Result<RegisteredSchema, RegistryError> {
        let Some(kind) = SchemaKind::of_name(self.schema_type.as_deref()) else {
            let reason = "its language is neither Avro, JSON Schema nor Protobuf".to_owned();
            return Err(RegistryError::Unusable { id, reason });
        };
        Ok(RegisteredSchema {
            id,
            version: self.version,
            kind,
            text: self.schema,
            references: self.references,
            referenced,
            parsed: Parsed::default(),
        })
    }
}

/// An id as an answer tells it.
#[derive(Debug, Deserialize)]
pub(super) struct ToldId {
    pub(super) id: i32,
}

/// Whether a schema is compatible.
#[derive(Debug, Deserialize)]
pub(super) struct ToldCompatibility {
    pub(super) is_compatible: bool,
}
