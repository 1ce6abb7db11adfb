//! Security settings that lack something, contradict each other, or cannot work.

use std::time::{Duration, SystemTime};

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;

use super::certificate::not_after;
use super::{Pem, SaslMechanism, SecurityProtocol};
use crate::config::compatibility::has_feature;
use crate::config::property_check::OPENSSL;
use crate::config::tree::Table;
use crate::config::{ConfigError, KafkaSettings, Origin, Properties};

/// How long before its end a certificate is warned of.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// What is wrong with the security settings as a whole; `properties` are those that all clients share.
pub(crate) fn security_conflicts(
    settings: &KafkaSettings,
    tree: &Table,
    properties: &Properties,
) -> Vec<ConfigError> {
    let mut checks = Checks {
        settings,
        tree,
        properties,
        errors: Vec::new(),
    };
    checks.protocol();
    checks.sasl();
    checks.key_pair();
    checks.certificates();
    if checks.errors.is_empty() {
        checks.files();
    }
    checks.errors
}

struct Checks<'c> {
    settings: &'c KafkaSettings,
    tree: &'c Table,
    properties: &'c Properties,
    errors: Vec<ConfigError>,
}

impl Checks<'_> {
    /// Whether connections are encrypted, and whether clients log in.
    fn wanted(&self) -> (bool, bool) {
        let protocol = self.properties.get("security.protocol").unwrap_or_default();
        let protocol = protocol.to_ascii_lowercase();
        (protocol.ends_with("ssl"), protocol.starts_with("sasl"))
    }

    fn report(&mut self, key: &str, error: ConfigError) {
        let key = format!("kafka.{key}");
        let origin = self.tree.at(&key).map(|node| &node.origin);
        self.errors.push(match origin {
            Some(origin) => error.key(key).at(origin),
            None => error.key(key),
        });
    }

    fn protocol(&mut self) {
        let security = &self.settings.security;
        let (encrypted, login) = self.wanted();
        let protocol = security.protocol;
        let asks_for_tls = protocol.is_some_and(SecurityProtocol::is_encrypted);
        if asks_for_tls && !has_feature("ssl") {
            let name = protocol.map_or("ssl", SecurityProtocol::as_key);
            let reason = format!("\"{name}\" needs {}", OPENSSL.what);
            self.report(
                "security.protocol",
                ConfigError::invalid(reason).hint(OPENSSL.advice),
            );
        }
        if !security.ssl.is_empty() && !encrypted {
            let error = ConfigError::conflict("[kafka.ssl] counts for encrypted connections only");
            let protocol = if login { "sasl-ssl" } else { "ssl" };
            let hint = format!("set protocol = \"{protocol}\" in [kafka.security]");
            self.report("ssl", error.hint(hint));
        }
        if !security.sasl.is_empty() && !login {
            let error = ConfigError::conflict("[kafka.sasl] counts only where clients log in");
            let protocol = if encrypted || has_feature("ssl") {
                "sasl-ssl"
            } else {
                "sasl-plaintext"
            };
            let hint = format!("set protocol = \"{protocol}\" in [kafka.security]");
            self.report("sasl", error.hint(hint));
        }
    }

    fn sasl(&mut self) {
        let sasl = &self.settings.security.sasl;
        let Some(mechanism) = sasl.mechanism else {
            if !sasl.is_empty() && self.properties.get("sasl.mechanism").is_none() {
                let error = ConfigError::conflict("[kafka.sasl] needs a mechanism");
                let hint = "set mechanism = \"SCRAM-SHA-512\", or \"PLAIN\" or \"OAUTHBEARER\"";
                self.report("sasl", error.hint(hint));
            }
            return;
        };
        let name = mechanism.as_property();
        let has = |property| self.properties.get(property).is_some();
        let wants_password = matches!(
            mechanism,
            SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512
        );
        for (key, property) in [("username", "sasl.username"), ("password", "sasl.password")] {
            if wants_password && !has(property) {
                let error = ConfigError::conflict(format!("{name} needs a {key}"));
                let hint = format!("set {key} in [kafka.sasl]");
                self.report("sasl.mechanism", error.hint(hint));
                return;
            }
        }
        let tokens = [
            "sasl.oauthbearer.config",
            "enable.sasl.oauthbearer.unsecure.jwt",
            "sasl.oauthbearer.method",
        ];
        let has_tokens = !sasl.oauthbearer.is_empty()
            || tokens
                .iter()
                .any(|property| self.properties.get(property).is_some());
        if mechanism == SaslMechanism::OauthBearer && !has_tokens {
            let error = ConfigError::conflict("OAUTHBEARER needs to know where tokens come from");
            let hint = "set token-provider or token-endpoint-url in [kafka.sasl.oauthbearer]";
            self.report("sasl.mechanism", error.hint(hint));
        }
        if mechanism != SaslMechanism::OauthBearer && !sasl.oauthbearer.is_empty() {
            let reason = format!("the mechanism {name} takes no tokens");
            let error = ConfigError::conflict(reason).hint("set mechanism = \"OAUTHBEARER\"");
            self.report("sasl.oauthbearer", error);
        }
    }

    fn key_pair(&mut self) {
        let ssl = &self.settings.security.ssl;
        let chain = self.has(ssl.certificate_chain.is_some(), "ssl.certificate");
        let key = self.has(ssl.key.is_some(), "ssl.key");
        let (there, missing) = match (chain, key) {
            (true, false) if ssl.certificate_chain.is_some() => {
                ("key-store-certificate-chain", "key-store-key")
            }
            (false, true) if ssl.key.is_some() => ("key-store-key", "key-store-certificate-chain"),
            _ => return,
        };
        let error = ConfigError::conflict(format!("a client's certificate needs {missing} too"));
        let hint = "set both, or key-store-location to a file that holds both";
        self.report(&format!("ssl.{there}"), error.hint(hint));
    }

    /// Whether something is set, be it by properties.
    fn has(&self, setting: bool, property: &str) -> bool {
        let set = |end| self.properties.get(&format!("{property}.{end}")).is_some();
        setting || set("location") || set("pem")
    }

    /// A client whose certificate has ended is refused by every broker.
    fn certificates(&mut self) {
        let ssl = self.settings.security.ssl.clone();
        let stores = [
            (
                "key-store-certificate-chain",
                "key-store-location",
                ssl.certificate_chain,
                true,
            ),
            (
                "trust-store-certificates",
                "trust-store-location",
                ssl.trust_store,
                false,
            ),
        ];
        for (inline, location, pem, own) in stores {
            let Some(pem) = pem else { continue };
            let key = match self.tree.at(&format!("kafka.ssl.{inline}")) {
                Some(_) => inline,
                None => location,
            };
            let Some((end, shown)) = pem.read().as_deref().and_then(not_after) else {
                continue;
            };
            let what = match &pem {
                Pem::File(path) => format!("the certificate in {}", path.display()),
                Pem::Inline(_) => "the certificate".to_owned(),
            };
            let now = SystemTime::now();
            if end < now && own {
                let reason = format!("{what} expired at {shown}");
                let error = ConfigError::invalid(reason).hint("ask its authority for a new one");
                self.report(&format!("ssl.{key}"), error);
            } else if end < now {
                tracing::warn!(
                    key,
                    end = shown,
                    "{what} that brokers are trusted by has expired"
                );
            } else if end < now + SOON {
                tracing::warn!(key, end = shown, "{what} expires soon");
            }
        }
    }

    /// Has librdkafka read the files, as it will for every client.
    fn files(&mut self) {
        if !self.wanted().0 || !has_feature("ssl") {
            return;
        }
        self.warn_of_open_key();
        let ssl = self.properties.iter().filter(|(name, _, _)| {
            name.starts_with("ssl.") || *name == "security.protocol" && !name.is_empty()
        });
        let config: ClientConfig = ssl
            .map(|(name, value, _)| {
                // The login is no matter of files.
                let value = value.replace("sasl_", "");
                (name.to_owned(), value)
            })
            .collect();
        let Err(error) = config.create::<BaseProducer>() else {
            return;
        };
        let text = match &error {
            KafkaError::ClientCreation(text) => text.clone(),
            KafkaError::ClientConfig(_, text, name, _) => format!("{name}: {text}"),
            other => other.to_string(),
        };
        let ssl = &self.settings.security.ssl;
        let sealed = ssl.key.as_ref().and_then(Pem::read);
        let sealed = sealed.is_some_and(|key| key.contains("ENCRYPTED"));
        let (key, reason, hint) = told(&text, sealed, ssl.key_password.is_some());
        let key = match key {
            "key-password" => key,
            _ => self.written(key),
        };
        let error = ConfigError::invalid(reason).hint(hint);
        self.report(&format!("ssl.{key}"), error);
    }

    /// The key that was written, of those that stand for the same thing.
    fn written(&self, key: &'static str) -> &'static str {
        let set = |key: &str| self.tree.at(&format!("kafka.ssl.{key}")).is_some();
        let location = match key {
            "trust-store-certificates" => "trust-store-location",
            _ => "key-store-location",
        };
        if !set(key) && set(location) {
            location
        } else {
            key
        }
    }

    #[cfg(unix)]
    fn warn_of_open_key(&self) {
        use std::os::unix::fs::PermissionsExt;
        let Some(Pem::File(path)) = &self.settings.security.ssl.key else {
            return;
        };
        let mode = std::fs::metadata(path).map(|file| file.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o004 != 0) {
            tracing::warn!(
                file = %path.display(),
                "everybody on this machine can read the private key: `chmod o-rwx` it"
            );
        }
    }

    #[cfg(not(unix))]
    fn warn_of_open_key(&self) {}
}

/// Which key is wrong by what librdkafka says, why, and what to do.
fn told(text: &str, sealed: bool, password: bool) -> (&'static str, String, &'static str) {
    let lower = text.to_ascii_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    // OpenSSL tells of a wrong password as of any other trouble with PEM.
    let unopened = sealed && any(&["ssl.key"]);
    if unopened && !password {
        let reason = "the private key is encrypted, and there is no key-password".to_owned();
        return ("key-store-key", reason, "set key-password in [kafka.ssl]");
    }
    if unopened {
        let reason = "key-password does not open the private key".to_owned();
        let hint = "it is the password of this key file, not of a keystore";
        return ("key-password", reason, hint);
    }
    if any(&[
        "key values mismatch",
        "private key does not match",
        "check failed",
    ]) {
        let reason = "the private key is not the one of the certificate".to_owned();
        return ("key-store-key", reason, "take both from the same order");
    }
    let key = match () {
        () if any(&["ssl.ca"]) => "trust-store-certificates",
        () if any(&["ssl.key"]) => "key-store-key",
        () => "key-store-certificate-chain",
    };
    let reason = format!("OpenSSL does not take it: {}", text.trim());
    (
        key,
        reason,
        "`openssl x509 -text` and `openssl pkey -text` show what a file holds",
    )
}

/// A mechanism by which the credential itself goes over the wire, where nothing encrypts it.
pub(crate) fn credentials_in_the_clear(properties: &Properties) -> Option<ConfigError> {
    let protocol = properties.get("security.protocol").unwrap_or_default();
    let mechanism = properties.get("sasl.mechanism").unwrap_or_default();
    let what = match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => "the password",
        "OAUTHBEARER" => "the token",
        _ => return None,
    };
    if !protocol.eq_ignore_ascii_case("sasl_plaintext") {
        return None;
    }
    let reason = format!("{mechanism} would send {what} without encryption");
    let error = ConfigError::conflict(reason).key("security.protocol").hint(
        "set protocol = \"sasl-ssl\", or allow-plaintext-credentials = true in [kafka.security]",
    );
    Some(match properties.origin("security.protocol") {
        Some(origin) if *origin != Origin::Default => error.at(origin),
        _ => error,
    })
}
