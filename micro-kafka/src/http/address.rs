//! Where a server is.

use std::fmt;

/// `http://host:port/path`, or `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// With its leading slash unless it is empty, and with its query.
    pub(crate) path: String,
}

impl Address {
    /// Reads an address that others are built on: without a query, and without a slash at its end.
    pub(crate) fn base(text: &str) -> Result<Self, String> {
        let mut address = Self::parse(text)?;
        if address.path.contains('?') {
            return Err("an address has no query".to_owned());
        }
        address
            .path
            .truncate(address.path.trim_end_matches('/').len());
        Ok(address)
    }

    /// Reads an address; credentials have no place in it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => return Err("an address begins with `http://` or `https://`".to_owned()),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("credentials do not belong into an address".to_owned());
        }
        if path.contains(['#', ' ']) {
            return Err("an address has neither spaces nor a fragment".to_owned());
        }
        let bracketed = authority.rfind(']').unwrap_or(0);
        let (host, port) = match authority[bracketed..].rfind(':') {
            Some(at) => {
                let (host, port) = authority.split_at(bracketed + at);
                let port = port[1..].parse().ok().filter(|port| *port > 0);
                (host, port.ok_or("a port is a number from 1 to 65535")?)
            }
            None => (authority, if tls { 443 } else { 80 }),
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err("an address needs a host".to_owned());
        }
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    /// The host without the brackets of an IPv6 address.
    pub(crate) fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.path)
    }
}

/// A name as a part of a path.
pub(crate) fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, shown) in [
            ("http://localhost:8081", "http://localhost:8081"),
            ("https://registry.shop/", "https://registry.shop:443"),
            ("http://[::1]:80/api/v7/", "http://[::1]:80/api/v7"),
            ("http://[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(Address::base(text).unwrap().to_string(), shown);
        }
        for text in [
            "localhost:8081",
            "ftp://a",
            "http://",
            "http://a:0",
            "http://a:99999",
            "http://user:hunter2@a",
            "http://a/?b",
        ] {
            let error = Address::base(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_a_whole_address_has_a_query() {
        let address = Address::parse("https://login.example/a/b/?c=d").unwrap();
        assert_eq!((address.tls, address.port), (true, 443));
        assert_eq!(address.path, "/a/b/?c=d");
        let address = Address::parse("http://login?c").unwrap();
        assert_eq!((address.name(), address.path.as_str()), ("login", "?c"));
    }

    #[test]
    fn subjects_are_parts_of_a_path() {
        assert_eq!(encoded("orders-value"), "orders-value");
        assert_eq!(encoded(":.ctx:a/b ü"), "%3A.ctx%3Aa%2Fb%20%C3%BC");
    }
}
