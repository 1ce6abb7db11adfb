use std::fs;
use std::net::TcpListener;
use std::path::Path;

use super::certificates::{Certificates, KEY_PASSWORD};
use super::{Kafka, KafkaError};

/// A listener: its name, its protocol, the certificate it shows, and whether it asks for one.
struct Listener {
    name: &'static str,
    protocol: &'static str,
    certificate: &'static str,
    client_certificate: bool,
}

const fn listener(
    name: &'static str,
    protocol: &'static str,
    certificate: &'static str,
    client_certificate: bool,
) -> Listener {
    Listener {
        name,
        protocol,
        certificate,
        client_certificate,
    }
}

const LISTENERS: [Listener; 6] = [
    listener("tls", "SSL", "server", false),
    listener("mutual", "SSL", "server", true),
    listener("login", "SASL_SSL", "server", false),
    listener("open", "SASL_PLAINTEXT", "server", false),
    listener("expired", "SSL", "expired", false),
    listener("elsewhere", "SSL", "elsewhere", false),
];

/// The user that may log in, by PLAIN and by SCRAM, and may do everything.
const USER: &str = "alice";
const PASSWORD: &str = "alice-secret";
/// Those that may do what access control lists say; they log in by PLAIN, with the same password.
const BOUNDED: &str = "bob";
const POWERLESS: &str = "carol";
const BOUNDED_PASSWORD: &str = "bob-secret";
/// Alice by password, token and certificate, and whoever comes without a name, as the tests that
/// write the lists do.
const SUPER_USERS: &str = "User:ANONYMOUS;User:alice;User:CN=alice";

/// A server with a listener for each way to connect, beside the open one, and with access control
/// lists; what a client needs is in `DIR/secured.env`: `NAME=VALUE` in lines.
///
/// | listener | how |
/// |---|---|
/// | `tls` | TLS |
/// | `mutual` | TLS, and the client's certificate |
/// | `login` | TLS, and PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER |
/// | `open` | the same without TLS |
/// | `expired` | TLS by a certificate that has expired |
/// | `elsewhere` | TLS by a certificate for another host |
///
/// # Errors
/// When the program `openssl` is missing or fails, or a file cannot be written.
pub fn secured(kafka: Kafka, dir: &Path) -> Result<Kafka, KafkaError> {
    let certificates = Certificates::make(dir)?;
    let path = |name: &str| certificates.path(name).display().to_string();
    let (plain, controller) = (kafka.port(), kafka.controller()?);
    let mut listeners =
        format!("PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}");
    let mut advertised = format!("PLAINTEXT://127.0.0.1:{plain}");
    let mut protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned();
    let mut told = format!(
        "dir={}\nkey-password={KEY_PASSWORD}\nuser={USER}\npassword={PASSWORD}\n\
         bounded-user={BOUNDED}\npowerless-user={POWERLESS}\n\
         bounded-password={BOUNDED_PASSWORD}\nplaintext={}\n",
        dir.display(),
        kafka.bootstrap()
    );
    let mut kafka = kafka
        .property("inter.broker.listener.name", "PLAINTEXT")
        .property(
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        )
        .property("super.users", SUPER_USERS)
        .property("ssl.keystore.type", "PEM")
        .property("ssl.truststore.type", "PEM")
        .property("ssl.truststore.location", path("ca.pem"))
        .scram_user("SCRAM-SHA-256", USER, PASSWORD)
        .scram_user("SCRAM-SHA-512", USER, PASSWORD);
    for (one, port) in LISTENERS.iter().zip(free_ports()?) {
        let (name, upper) = (one.name, one.name.to_uppercase());
        listeners.push_str(&format!(",{upper}://127.0.0.1:{port}"));
        advertised.push_str(&format!(",{upper}://localhost:{port}"));
        protocols.push_str(&format!(",{upper}:{}", one.protocol));
        told.push_str(&format!("{name}=localhost:{port}\n"));
        let store = path(&format!("{}-store.pem", one.certificate));
        kafka = kafka.property(format!("listener.name.{name}.ssl.keystore.location"), store);
        if one.client_certificate {
            kafka = kafka.property(format!("listener.name.{name}.ssl.client.auth"), "required");
        }
        if one.protocol.starts_with("SASL") {
            kafka = with_login(kafka, name);
        }
    }
    fs::write(certificates.path("secured.env"), told).map_err(KafkaError::io(dir))?;
    // As a secret is mounted.
    fs::write(certificates.path("password"), PASSWORD).map_err(KafkaError::io(dir))?;
    Ok(kafka
        .property("listeners", listeners)
        .property("advertised.listeners", advertised)
        .property("listener.security.protocol.map", protocols))
}

fn with_login(kafka: Kafka, listener: &str) -> Kafka {
    const SECURITY: &str = "org.apache.kafka.common.security";
    let key = |rest: &str| format!("listener.name.{listener}.{rest}");
    kafka
        .property(
            key("sasl.enabled.mechanisms"),
            "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        )
        .property(
            key("plain.sasl.jaas.config"),
            format!(
                "{SECURITY}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\" \
                 user_{BOUNDED}=\"{BOUNDED_PASSWORD}\" user_{POWERLESS}=\"{BOUNDED_PASSWORD}\";"
            ),
        )
        .property(
            key("scram-sha-256.sasl.jaas.config"),
            format!("{SECURITY}.scram.ScramLoginModule required;"),
        )
        .property(
            key("scram-sha-512.sasl.jaas.config"),
            format!("{SECURITY}.scram.ScramLoginModule required;"),
        )
        // Tokens without a signature, which only tests take.
        .property(
            key("oauthbearer.sasl.jaas.config"),
            format!(
                "{SECURITY}.oauthbearer.OAuthBearerLoginModule required \
                 unsecuredLoginStringClaim_sub=\"broker\";"
            ),
        )
}

/// As many ports as there are listeners, free now.
fn free_ports() -> Result<Vec<u16>, KafkaError> {
    let bound = LISTENERS.map(|_| TcpListener::bind("127.0.0.1:0"));
    let mut ports = Vec::new();
    // All are held until all are known, so that none comes twice.
    for listener in &bound {
        let address = listener
            .as_ref()
            .ok()
            .and_then(|listener| listener.local_addr().ok());
        ports.push(address.ok_or(KafkaError::PortTaken { port: 0 })?.port());
    }
    Ok(ports)
}
