//! Addresses that clients are told.

use std::fmt;

/// A host and port that clients connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Name or address; an IPv6 address without brackets.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// One broker of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its id.
    pub(crate) id: i32,
    /// Its advertised address on each listener, in the order of the listeners.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The configurations that it does not have in common with the others.
    pub(crate) config: Vec<(String, String)>,
}

/// Splits `host:port`, `[v6]:port` or, where a port may be missing, `host`.
pub(super) fn split_host_port(text: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("the `]` is missing")?;
            let port = match port.strip_prefix(':') {
                Some(port) => Some(port),
                None if port.is_empty() => None,
                None => return Err("only `:port` may follow the `]`"),
            };
            (host, port)
        }
        None => match text.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err("an IPv6 address needs brackets: `[::1]:9092`");
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("the host is missing");
    }
    let port = port
        .map(|port| {
            port.parse()
                .map_err(|_| "the port is no number from 0 to 65535")
        })
        .transpose()?;
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split_into_host_and_port() {
        let ok = |host: &str, port| Ok((host.to_owned(), port));
        assert_eq!(
            split_host_port("localhost:9092"),
            ok("localhost", Some(9092))
        );
        assert_eq!(split_host_port("localhost"), ok("localhost", None));
        assert_eq!(split_host_port("[::1]:0"), ok("::1", Some(0)));
        assert_eq!(split_host_port("[::1]"), ok("::1", None));
        for bad in [
            "",
            ":9092",
            "::1:9092",
            "[::1",
            "[::1]9092",
            "h:",
            "h:99999",
            "h:x",
        ] {
            assert!(split_host_port(bad).is_err(), "{bad}");
        }
    }
}
