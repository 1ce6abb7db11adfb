//! Faults and the journal of requests.

use std::str::FromStr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::query::Query;
use super::routes::{allow, missing};
use super::{Answer, Refused, reading};
use crate::fault::{FaultHandle, Matcher, Pattern};
use crate::observe::faults::{FaultView, rule};
use crate::observe::requests::ExchangeView;
use crate::server::Broker;

/// How long is waited unless the client says it.
const USUAL_WAIT: Duration = Duration::from_secs(10);
/// Most that is waited: a connection does not last much longer.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Most requests that are kept: they are small, but there is no end of them.
const MOST_KEPT: usize = 1_000_000;

/// `/faults`: all rules.
pub(super) async fn faults(broker: &Broker, request: Request<Incoming>) -> Result<Answer, Refused> {
    allow(&request, &[Method::GET, Method::POST, Method::DELETE])?;
    let faults = broker.faults();
    if *request.method() == Method::POST {
        let json: Value = reading::json(request.into_body()).await?;
        let rule = rule(&json).map_err(|error| Refused::Bad(error.to_string()))?;
        let handle = faults.add(rule);
        return Ok(Answer::json_with(
            StatusCode::CREATED,
            &FaultView::from(&handle),
        ));
    }
    let active = faults.active();
    if *request.method() == Method::DELETE {
        faults.clear();
    }
    Ok(Answer::json(&views(&active)))
}

fn views(rules: &[FaultHandle]) -> Vec<FaultView> {
    rules.iter().map(FaultView::from).collect()
}

/// `/faults/{id}`: one of them; `?hits=N` waits until it has met so many requests.
pub(super) async fn fault(
    broker: &Broker,
    request: Request<Incoming>,
    id: &str,
) -> Result<Answer, Refused> {
    allow(&request, &[Method::GET, Method::DELETE])?;
    let active = broker.faults().active();
    let handle = active
        .into_iter()
        .find(|handle| handle.id().to_string() == id);
    let handle = handle.ok_or_else(|| missing("fault", id))?;
    if *request.method() == Method::DELETE {
        handle.remove();
        return Ok(Answer::json(&FaultView::from(&handle)));
    }
    let query = Query::parse(request.uri().query(), &["hits", "timeout"])?;
    if let Some(hits) = query.number("hits")? {
        let waited = handle.wait_for_hits(hits, deadline(&query)?).await;
        waited.map_err(|error| Refused::NotInTime(error.to_string()))?;
    }
    Ok(Answer::json(&FaultView::from(&handle)))
}

/// What `POST /requests` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keep {
    /// How many requests are kept from now on.
    keep: usize,
}

const FILTERS: &[&str] = &[
    "api",
    "topic",
    "partition",
    "client",
    "group",
    "transactional_id",
    "wait",
    "timeout",
];

/// `/requests`: the journal; `?wait=N` waits until so many of a kind have come.
pub(super) async fn requests(
    broker: &Broker,
    request: Request<Incoming>,
) -> Result<Answer, Refused> {
    allow(&request, &[Method::GET, Method::POST, Method::DELETE])?;
    let journal = broker.journal();
    if *request.method() == Method::DELETE {
        journal.clear();
        return Ok(Answer::json(&json!([])));
    }
    if *request.method() == Method::POST {
        let Keep { keep } = reading::json(request.into_body()).await?;
        let keep = keep.min(MOST_KEPT);
        journal.keep(keep);
        return Ok(Answer::json(&json!({ "keep": keep })));
    }
    let query = Query::parse(request.uri().query(), FILTERS)?;
    if !journal.is_kept() {
        return Err(Refused::NothingKept);
    }
    let which = matcher(&query)?;
    let found = match query.number("wait")? {
        None => journal.matching(which),
        Some(count) => {
            let found = journal.wait_for(which, count, deadline(&query)?).await;
            found.map_err(|error| Refused::NotInTime(error.to_string()))?
        }
    };
    let found: Vec<_> = found.into_iter().map(ExchangeView::from).collect();
    Ok(Answer::json(&Requests { requests: found }))
}

#[derive(Debug, Serialize)]
struct Requests {
    requests: Vec<ExchangeView>,
}

fn matcher(query: &Query) -> Result<Matcher, Refused> {
    let pattern = |name| query.get(name).map(Pattern::new);
    let apis = query.get("api").map_or("", |apis| apis).split(',');
    let apis = apis.map(str::trim).filter(|api| !api.is_empty());
    Ok(Matcher {
        apis: apis.map(parsed).collect::<Result<_, _>>()?,
        topic: pattern("topic"),
        partition: query.number("partition")?,
        client: pattern("client"),
        group: pattern("group"),
        transactional_id: pattern("transactional_id"),
        ..Matcher::default()
    })
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Refused> {
    text.parse()
        .map_err(|error: T::Err| Refused::Bad(error.to_string()))
}

fn deadline(query: &Query) -> Result<Duration, Refused> {
    let wanted = query.time("timeout")?.unwrap_or(USUAL_WAIT);
    Ok(wanted.min(LONGEST_WAIT))
}
