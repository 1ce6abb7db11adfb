//! The table of addresses.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};

use super::percent::decoded;
use super::{Answer, Refused, control, guard, reading, steering};
use crate::observe::{groups, health, metrics, topics, transactions};
use crate::server::{Broker, BrokerState};

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
    "/clock",
    "/clock/advance",
    "/broker/{control}",
];

/// Answers a request.
pub(super) async fn answer(
    broker: &Arc<Broker>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let answer = match guard::check(request.headers()) {
        Ok(()) => route(broker, request).await,
        Err(refused) => Err(refused),
    };
    answer.unwrap_or_else(Answer::from).into_response()
}

async fn route(broker: &Broker, request: Request<Incoming>) -> Result<Answer, Refused> {
    let path = request.uri().path().to_owned();
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts = parts.map(decoded).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["faults"] => control::faults(broker, request).await,
        ["faults", id] => control::fault(broker, request, id).await,
        ["requests"] => control::requests(broker, request).await,
        ["clock"] => {
            allow(&request, &[Method::GET])?;
            Ok(steering::clock(broker))
        }
        ["clock", "advance"] => {
            allow(&request, &[Method::POST])?;
            steering::advance(broker, request.into_body()).await
        }
        ["broker", control] => {
            allow(&request, &[Method::POST])?;
            steering::control(broker, control, request.into_body()).await
        }
        ["topics"] if *request.method() == Method::POST => {
            let new = reading::json(request.into_body()).await?;
            let state = running(broker)?;
            let created = topics::create(&state, new);
            let topic = created.map_err(|error| Refused::Bad(error.to_string()))?;
            Ok(Answer::json_with(StatusCode::CREATED, &topic))
        }
        ["topics"] => {
            allow(&request, &[Method::GET, Method::POST])?;
            let state = running(broker)?;
            Ok(Answer::json(&topics::topics(&state)))
        }
        parts => match show(broker, parts) {
            Some(shown) => {
                allow(&request, &[Method::GET])?;
                shown
            }
            None => Err(Refused::NotFound {
                what: path.clone(),
                known: KNOWN.iter().map(|known| (*known).to_owned()).collect(),
            }),
        },
    }
}

/// What is only looked at; `None` for an address that there is not.
fn show(broker: &Broker, parts: &[&str]) -> Option<Result<Answer, Refused>> {
    let state = || running(broker);
    Some(match parts {
        ["health"] => Ok(match state() {
            Ok(state) => {
                let health = health::health(&state);
                Answer::json_with(health.status(), &health)
            }
            Err(down) => down.into(),
        }),
        ["metrics"] => state().map(|state| Answer::metrics(metrics::exposition(&state))),
        ["topics", name] => state().and_then(|state| {
            let topic = topics::topic(&state, name);
            topic
                .map(|topic| Answer::json(&topic))
                .ok_or_else(|| missing("topic", name))
        }),
        ["groups"] => state().map(|state| Answer::json(&groups::groups(&state))),
        ["groups", id] => state().and_then(|state| {
            let group = groups::group(&state, id);
            group
                .map(|group| Answer::json(&group))
                .ok_or_else(|| missing("group", id))
        }),
        ["transactions"] => state().map(|state| Answer::json(&transactions::transactions(&state))),
        _ => return None,
    })
}

/// The broker, unless it has crashed.
fn running(broker: &Broker) -> Result<Arc<BrokerState>, Refused> {
    broker.state().ok_or(Refused::Down)
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
