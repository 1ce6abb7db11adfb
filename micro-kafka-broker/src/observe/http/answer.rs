//! What a request is answered with.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;

/// The content type of Prometheus' text format.
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A whole response.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    content_type: HeaderValue,
    allow: Option<HeaderValue>,
    body: Bytes,
}

impl Answer {
    /// JSON with status 200.
    pub(super) fn json(value: &impl Serialize) -> Self {
        Self::json_with(StatusCode::OK, value)
    }

    /// JSON with a status.
    pub(super) fn json_with(status: StatusCode, value: &impl Serialize) -> Self {
        // Only a map with keys that are no text could fail.
        let mut body = serde_json::to_vec(value).unwrap_or_default();
        body.push(b'\n');
        Self {
            status,
            content_type: JSON,
            allow: None,
            body: body.into(),
        }
    }

    /// Metrics.
    pub(super) fn metrics(text: String) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: PROMETHEUS,
            allow: None,
            body: text.into(),
        }
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(SNIFFING, NO_SNIFF);
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Bad(String),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("there is no {what}{}", hint(.known))]
    NotFound {
        what: String,
        /// What there is instead.
        known: Vec<String>,
    },
    #[error("{method} is not allowed here; allowed: {allowed}")]
    Method { method: String, allowed: String },
    /// What was waited for did not come.
    #[error("{0}")]
    NotInTime(String),
    #[error("no request is kept; POST {{\"keep\": 1000}} here first, or start with --journal 1000")]
    NothingKept,
    #[error("the broker is down; POST /broker/restart starts it again")]
    Down,
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not come within {0} s")]
    TooSlow(u64),
}

fn hint(known: &[String]) -> String {
    match known {
        [] => String::new(),
        known => format!("; there is {}", known.join(", ")),
    }
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotInTime(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Down => StatusCode::SERVICE_UNAVAILABLE,
            Self::NothingKept => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        let error = json!({ "error": refused.to_string() });
        let status = refused.status();
        let allow = match refused {
            Refused::Method { allowed, .. } => HeaderValue::from_str(&allowed).ok(),
            _ => None,
        };
        Self {
            allow,
            ..Self::json_with(status, &error)
        }
    }
}
