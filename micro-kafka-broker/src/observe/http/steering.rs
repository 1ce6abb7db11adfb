//! Time, and what happens to the broker as a whole.

use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;

use super::query::duration;
use super::{Answer, Refused, reading};
use crate::fault::Faults;
use crate::server::{Broker, Restart};

/// The controls, for whoever asks for another.
const CONTROLS: &[&str] = &[
    "hold-transaction-markers",
    "release-transaction-markers",
    "refuse-connections",
    "accept-connections",
    "fill-disk",
    "free-disk",
    "slow-disk",
    "expire-member",
    "move-group-coordinator",
    "move-transaction-coordinator",
    "stop-node",
    "kill-node",
    "start-node",
    "crash",
    "restart",
];

/// `GET /clock`: the broker's time.
pub(super) fn clock(broker: &Broker) -> Answer {
    let clock = broker.clock();
    Answer::json(&json!({
        "elapsed_ms": clock.elapsed().as_secs_f64() * 1_000.0,
        "unix_ms": clock.unix_millis(),
    }))
}

/// A time to go on by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: String,
}

/// `POST /clock/advance`: moves the broker's time on.
pub(super) async fn advance(broker: &Broker, body: Incoming) -> Result<Answer, Refused> {
    let Advance { by } = reading::json(body).await?;
    broker.clock().advance(time("by", &by)?);
    Ok(clock(broker))
}

fn time(name: &str, text: &str) -> Result<std::time::Duration, Refused> {
    duration(text).map_err(|reason| Refused::Bad(format!("`{name}`: {reason}")))
}

/// What a control may be told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    delay: Option<String>,
    group: Option<String>,
    member: Option<String>,
    transactional_id: Option<String>,
    /// One of several brokers.
    node: Option<i32>,
    /// Whether a restart finds what was stored; it does unless this is false.
    data: Option<bool>,
}

/// `POST /broker/{control}`.
pub(super) async fn control(
    broker: &Broker,
    control: &str,
    body: Incoming,
) -> Result<Answer, Refused> {
    if !CONTROLS.contains(&control) {
        return Err(Refused::NotFound {
            what: format!("control `{control}`"),
            known: CONTROLS.iter().map(|known| (*known).to_owned()).collect(),
        });
    }
    let details: Details = reading::json_or_default(body).await?;
    if !switch(broker.faults(), control, &details)? {
        act(broker, control, details).await?;
    }
    Ok(Answer::json(&json!({ "done": control })))
}

/// What is on or off; false for other controls.
fn switch(faults: &Faults, control: &str, details: &Details) -> Result<bool, Refused> {
    match control {
        "hold-transaction-markers" => faults.hold_transaction_markers(),
        "release-transaction-markers" => faults.release_transaction_markers(),
        "refuse-connections" => faults.refuse_connections(),
        "accept-connections" => faults.accept_connections(),
        "fill-disk" => faults.fill_disk(),
        "free-disk" => faults.free_disk(),
        "slow-disk" => {
            let delay = needed("delay", details.delay.clone())?;
            faults.slow_disk(time("delay", &delay)?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// What happens once.
async fn act(broker: &Broker, control: &str, details: Details) -> Result<(), Refused> {
    match control {
        "expire-member" => {
            let group = needed("group", details.group)?;
            let member = needed("member", details.member)?;
            let expired = broker.expire_member(&group, &member).await;
            expired.map_err(|error| Refused::Bad(error.to_string()))
        }
        "move-group-coordinator" => {
            broker.move_group_coordinator(&needed("group", details.group)?);
            Ok(())
        }
        "move-transaction-coordinator" => {
            let id = needed("transactional_id", details.transactional_id)?;
            broker.move_transaction_coordinator(&id);
            Ok(())
        }
        "stop-node" | "kill-node" | "start-node" => steer_node(broker, control, details.node).await,
        "crash" => {
            broker.crash().await;
            Ok(())
        }
        _ => {
            let with = match details.data {
                Some(false) => Restart::Empty,
                Some(true) | None => Restart::WithData,
            };
            let restarted = broker.restart(with).await;
            restarted.map_err(|error| Refused::Bad(error.to_string()))
        }
    }
}

/// Ends or starts one of several brokers.
async fn steer_node(broker: &Broker, control: &str, id: Option<i32>) -> Result<(), Refused> {
    let id = needed("node", id)?;
    let unknown = || {
        let known = broker.node_ids();
        Refused::Bad(format!("there is no broker {id}, only {known:?}"))
    };
    let node = broker.node(id).ok_or_else(unknown)?;
    match control {
        "stop-node" => node.stop().await,
        "kill-node" => node.kill().await,
        _ => {
            let started = node.start().await;
            started.map_err(|error| Refused::Bad(error.to_string()))?;
        }
    }
    Ok(())
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Refused> {
    value.ok_or_else(|| Refused::Bad(format!("`{name}` is missing in the body")))
}
