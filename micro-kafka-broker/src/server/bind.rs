//! Sockets to listen on, and what clients are told about them.

use std::io;

use tokio::net::TcpListener;

use super::endpoint::{Endpoint, split_host_port};
use super::start_error::StartError;

/// A listener to open.
#[derive(Debug, Clone)]
pub(super) struct ListenerSpec {
    /// `host:port` to listen on.
    pub(super) listen: String,
    /// `host` or `host:port` that clients are told, if another.
    pub(super) advertised: Option<String>,
}

impl ListenerSpec {
    /// The listener of the nth of several brokers, counted from 0: its ports are so much higher.
    pub(super) fn nth(&self, nth: u32) -> Self {
        Self {
            listen: raised(&self.listen, nth),
            advertised: self.advertised.as_ref().map(|given| raised(given, nth)),
        }
    }
}

/// An address with its port so much higher; one without a port, or with that of any free one, stays.
fn raised(address: &str, by: u32) -> String {
    let Some((host, port)) = address.rsplit_once(':') else {
        return address.to_owned();
    };
    match port.parse::<u16>() {
        // Beyond the last port it is no address, and refused as one.
        Ok(port) if port > 0 => format!("{host}:{}", u32::from(port) + by),
        _ => address.to_owned(),
    }
}

/// Listens on `host:port`.
pub(super) async fn bind(address: &str) -> Result<TcpListener, StartError> {
    let bad = |reason: &str| StartError::BadAddress {
        given: address.to_owned(),
        purpose: "listen on",
        reason: reason.to_owned(),
    };
    let (host, port) = split_host_port(address).map_err(bad)?;
    let port = port.ok_or_else(|| bad("the port is missing"))?;
    let mut addresses = tokio::net::lookup_host((host.as_str(), port))
        .await
        .map_err(|error| bad(&format!("the host is not known: {error}")))?;
    let target = addresses
        .next()
        .ok_or_else(|| bad("the host has no address"))?;
    TcpListener::bind(target).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            return StartError::PortTaken(target);
        }
        StartError::Listen {
            address: address.to_owned(),
            source,
        }
    })
}

/// Listens on `host:port` of this machine only.
pub(super) async fn bind_loopback(address: &str) -> Result<TcpListener, StartError> {
    let socket = bind(address).await?;
    let bound = socket.local_addr().map_err(|source| StartError::Listen {
        address: address.to_owned(),
        source,
    })?;
    match bound.ip().is_loopback() {
        true => Ok(socket),
        false => Err(StartError::HttpNotLoopback(address.to_owned())),
    }
}

/// The address that clients of a listener are told.
pub(super) fn advertised(
    spec: &ListenerSpec,
    socket: &TcpListener,
) -> Result<Endpoint, StartError> {
    let bound = socket.local_addr().map_err(|source| StartError::Listen {
        address: spec.listen.clone(),
        source,
    })?;
    if let Some(given) = &spec.advertised {
        let (host, port) = split_host_port(given).map_err(|reason| StartError::BadAddress {
            given: given.clone(),
            purpose: "advertise",
            reason: reason.to_owned(),
        })?;
        // Port 0 is no address: whoever listens on a free port cannot know it beforehand.
        let port = port.filter(|port| *port != 0).unwrap_or(bound.port());
        return Ok(Endpoint { host, port });
    }
    let host = match split_host_port(&spec.listen) {
        Ok((host, _)) if !bound.ip().is_unspecified() => host,
        _ if bound.is_ipv4() => "127.0.0.1".to_owned(),
        _ => "::1".to_owned(),
    };
    Ok(Endpoint {
        host,
        port: bound.port(),
    })
}

/// Names for a broker's listeners.
pub(super) fn listener_names(count: usize) -> Vec<String> {
    (1..=count)
        .map(|nth| match nth {
            1 => "PLAINTEXT".to_owned(),
            _ => format!("PLAINTEXT_{nth}"),
        })
        .collect()
}

/// The configurations that tell of a broker's addresses.
pub(super) fn address_config(
    node_id: i32,
    names: &[String],
    sockets: &[TcpListener],
    endpoints: &[Endpoint],
) -> Vec<(String, String)> {
    let bound = sockets.iter().filter_map(|socket| socket.local_addr().ok());
    let join = |list: Vec<String>| list.join(",");
    let listeners = names
        .iter()
        .zip(bound)
        .map(|(name, at)| format!("{name}://{at}"));
    let advertised = names
        .iter()
        .zip(endpoints)
        .map(|(name, at)| format!("{name}://{at}"));
    [
        ("node.id", node_id.to_string()),
        ("broker.id", node_id.to_string()),
        ("listeners", join(listeners.collect())),
        ("advertised.listeners", join(advertised.collect())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
