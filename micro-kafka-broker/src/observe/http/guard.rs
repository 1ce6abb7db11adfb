//! Keeps web pages out: a browser on this machine can reach a loopback port for any page that it
//! shows, under a name of the page's own choosing (DNS rebinding) or as a simple cross-site request.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue, ORIGIN};

use super::Refused;

/// Refuses what does not come from this machine's own programs.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().map(HeaderValue::to_str);
    let named = match (host, hosts.next()) {
        (Some(Ok(host)), None) => is_loopback(host),
        _ => false,
    };
    if !named {
        return Err(Refused::Forbidden(
            "the Host header must name this machine: localhost, 127.0.0.1 or [::1]",
        ));
    }
    let from_page = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let host = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        !host.is_some_and(is_loopback)
    };
    if headers.get_all(ORIGIN).iter().any(from_page) {
        return Err(Refused::Forbidden("requests of web pages are refused"));
    }
    Ok(())
}

/// Whether `host` or `host:port` is this machine.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) if port.is_empty() || is_port(port) => host,
            _ => return false,
        },
        None => match authority.find(':') {
            Some(at) if is_port(&authority[at..]) => &authority[..at],
            Some(_) => return false,
            None => authority,
        },
    };
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        check(&headers).is_ok()
    }

    #[test]
    fn only_this_machines_names_are_hosts() {
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1:1234",
            "127.9.9.9",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(allowed(&[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:80",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "127.0.0.1:80:80",
            "127.0.0.1:evil",
            "192.168.0.1",
            "[::2]:80",
            "[::1]evil",
            "::1",
            "",
        ] {
            assert!(!allowed(&[("host", host)]), "{host}");
        }
        assert!(!allowed(&[]));
        assert!(!allowed(&[("host", "localhost"), ("host", "evil.example")]));
    }

    #[test]
    fn web_pages_are_refused() {
        let with_origin = |origin| allowed(&[("host", "localhost"), ("origin", origin)]);
        for origin in [
            "https://evil.example",
            "null",
            "file://",
            "http://localhost.evil.example",
        ] {
            assert!(!with_origin(origin), "{origin}");
        }
        assert!(with_origin("http://127.0.0.1:3000"));
    }
}
