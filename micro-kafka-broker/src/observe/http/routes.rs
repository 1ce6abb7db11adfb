//! The table of addresses.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};

use super::percent::decoded;
use super::{Answer, Refused, control, guard, reading};
use crate::observe::{groups, health, metrics, topics, transactions};
use crate::server::BrokerState;

/// What there is, for whoever asks for something else.
const KNOWN: &[&str] = &[
    "/health",
    "/metrics",
    "/topics",
    "/topics/{name}",
    "/groups",
    "/groups/{id}",
    "/transactions",
    "/faults",
    "/faults/{id}",
    "/requests",
];

/// Answers a request.
pub(super) async fn answer(
    broker: &Arc<BrokerState>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let answer = match guard::check(request.headers()) {
        Ok(()) => route(broker, request).await,
        Err(refused) => Err(refused),
    };
    answer.unwrap_or_else(Answer::from).into_response()
}

async fn route(broker: &Arc<BrokerState>, request: Request<Incoming>) -> Result<Answer, Refused> {
    let path = request.uri().path().to_owned();
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts = parts.map(decoded).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["health"] => {
            allow(&request, &[Method::GET])?;
            let health = health::health(broker);
            Ok(Answer::json_with(health.status(), &health))
        }
        ["metrics"] => {
            allow(&request, &[Method::GET])?;
            Ok(Answer::metrics(metrics::exposition(broker)))
        }
        ["topics"] => {
            allow(&request, &[Method::GET, Method::POST])?;
            if request.method() != Method::POST {
                return Ok(Answer::json(&topics::topics(broker)));
            }
            let new = reading::json(request.into_body()).await?;
            let created = topics::create(broker, new);
            let topic = created.map_err(|error| Refused::Bad(error.to_string()))?;
            Ok(Answer::json_with(StatusCode::CREATED, &topic))
        }
        ["topics", name] => {
            allow(&request, &[Method::GET])?;
            let topic = topics::topic(broker, name);
            Ok(Answer::json(&topic.ok_or_else(|| missing("topic", name))?))
        }
        ["groups"] => {
            allow(&request, &[Method::GET])?;
            Ok(Answer::json(&groups::groups(broker)))
        }
        ["groups", id] => {
            allow(&request, &[Method::GET])?;
            let group = groups::group(broker, id);
            Ok(Answer::json(&group.ok_or_else(|| missing("group", id))?))
        }
        ["transactions"] => {
            allow(&request, &[Method::GET])?;
            Ok(Answer::json(&transactions::transactions(broker)))
        }
        ["faults"] => control::faults(broker, request).await,
        ["faults", id] => control::fault(broker, request, id).await,
        ["requests"] => control::requests(broker, request).await,
        _ => Err(Refused::NotFound {
            what: path.clone(),
            known: KNOWN.iter().map(|known| (*known).to_owned()).collect(),
        }),
    }
}

pub(super) fn missing(what: &str, name: &str) -> Refused {
    Refused::NotFound {
        what: format!("{what} `{name}`"),
        known: Vec::new(),
    }
}

/// Refuses other methods; HEAD is GET without the body.
pub(super) fn allow(request: &Request<Incoming>, methods: &[Method]) -> Result<(), Refused> {
    let asked = request.method();
    let head = *asked == Method::HEAD && methods.contains(&Method::GET);
    if head || methods.contains(asked) {
        return Ok(());
    }
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        names.push("HEAD");
    }
    let allowed = names.join(", ");
    Err(Refused::Method {
        method: asked.to_string(),
        allowed,
    })
}
