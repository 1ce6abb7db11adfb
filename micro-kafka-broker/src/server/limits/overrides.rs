//! Limits of single hosts.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::server::start_error::StartError;

const NAME: &str = "max.connections.per.ip.overrides";

/// Reads `host:connections,…`; a host is an address or a name, which stands for all its addresses.
///
/// # Errors
/// [`StartError::Config`] with the part that is wrong.
pub(super) async fn overrides(text: &str) -> Result<HashMap<IpAddr, usize>, StartError> {
    let mut limits = HashMap::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let wrong = |reason: &str| {
            StartError::Config(format!(
                "`{part}` in {NAME}: {reason} (example: 127.0.0.1:100,example.org:20)"
            ))
        };
        let (host, limit) = part
            .rsplit_once(':')
            .ok_or_else(|| wrong("the number is missing"))?;
        let limit: usize = limit
            .trim()
            .parse()
            .map_err(|_| wrong("the number of connections is none"))?;
        let host = host.trim().trim_matches(['[', ']']);
        let addresses = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|_| wrong("the host is not known"))?;
        limits.extend(addresses.map(|address| (address.ip(), limit)));
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hosts_have_limits_of_their_own() {
        let limits = overrides("127.0.0.1:100, [::1]:2,").await.unwrap();
        let of = |ip: &str| limits.get(&ip.parse().unwrap()).copied();
        assert_eq!((of("127.0.0.1"), of("::1")), (Some(100), Some(2)));
        assert_eq!(of("127.0.0.2"), None);
        assert!(overrides("").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        for (text, says) in [
            ("127.0.0.1", "the number is missing"),
            ("127.0.0.1:x", "`127.0.0.1:x`"),
            ("127.0.0.1:-1", "is none"),
            ("1.2.3.4.5:1", "the host is not known"),
        ] {
            let error = overrides(text).await.unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
