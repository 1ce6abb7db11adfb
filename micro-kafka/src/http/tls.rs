//! Connections that are encrypted, by the OpenSSL that librdkafka has as well.

use tokio::net::TcpStream;
#[cfg(any(feature = "tls", feature = "tls-system"))]
use tokio_openssl::SslStream;

use super::Address;
use crate::error::BoxError;

/// Encrypts a connection; the host's name has to be in its certificate, and that signed by one of
/// the file, or of the system's.
#[cfg(any(feature = "tls", feature = "tls-system"))]
pub(super) async fn connect(
    address: &Address,
    ca_location: Option<&str>,
    stream: TcpStream,
) -> Result<SslStream<TcpStream>, BoxError> {
    use openssl::ssl::{SslConnector, SslMethod};

    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    if let Some(file) = ca_location {
        connector
            .set_ca_file(file)
            .map_err(|_| format!("`ca-location`: {file:?} is no file of certificates in PEM"))?;
    }
    let ssl = connector.build().configure()?.into_ssl(address.name())?;
    let mut stream = SslStream::new(ssl, stream)?;
    std::pin::Pin::new(&mut stream)
        .connect()
        .await
        .map_err(|error| format!("no encrypted connection: {error}"))?;
    Ok(stream)
}

/// Not without OpenSSL.
#[cfg(not(any(feature = "tls", feature = "tls-system")))]
#[allow(clippy::unused_async, reason = "the same call with OpenSSL waits")]
pub(super) async fn connect(
    address: &Address,
    _ca_location: Option<&str>,
    stream: TcpStream,
) -> Result<TcpStream, BoxError> {
    drop(stream);
    Err(format!(
        "{address} needs TLS, which this build was made without: enable micro-kafka's feature `tls`"
    )
    .into())
}

#[cfg(test)]
#[cfg(all(
    feature = "schema-registry",
    any(feature = "tls", feature = "tls-system")
))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};

    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::ssl::{SslAcceptor, SslMethod};
    use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
    use openssl::x509::{X509, X509NameBuilder};

    use crate::codec::SchemaRegistry;
    use crate::codec::registry::{RegistryConfig, RegistryError};

    /// A certificate for `localhost` that is signed by itself.
    fn certificate() -> (X509, PKey<Private>) {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "localhost")
            .unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder
            .set_not_before(&Asn1Time::days_from_now(0).unwrap())
            .unwrap();
        builder
            .set_not_after(&Asn1Time::days_from_now(1).unwrap())
            .unwrap();
        let ca = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(ca).unwrap();
        let context = builder.x509v3_context(None, None);
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .build(&context)
            .unwrap();
        builder.append_extension(names).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        (builder.build(), key)
    }

    /// Answers every request with an empty list.
    fn serve(certificate: &X509, key: &PKey<Private>) -> SocketAddr {
        let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls_server()).unwrap();
        acceptor.set_certificate(certificate).unwrap();
        acceptor.set_private_key(key).unwrap();
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(mut stream) = acceptor.accept(stream) else {
                    continue;
                };
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
            }
        });
        address
    }

    #[tokio::test]
    async fn certificates_are_checked_with_their_names() {
        let (certificate, key) = certificate();
        let port = serve(&certificate, &key).port();
        let file = std::env::temp_dir().join(format!("micro-kafka-registry-{port}.pem"));
        std::fs::write(&file, certificate.to_pem().unwrap()).unwrap();
        let client = |host: &str, trusted: bool| {
            let mut config = RegistryConfig::new(&format!("https://{host}:{port}")).unwrap();
            config.retries = 0;
            config.ca_location = trusted.then(|| file.display().to_string());
            SchemaRegistry::new(config)
        };
        let subjects = client("localhost", true).subjects().await;
        assert!(subjects.unwrap().is_empty());
        for (host, trusted) in [("localhost", false), ("127.0.0.1", true)] {
            let error = client(host, trusted).subjects().await.unwrap_err();
            assert!(
                matches!(error, RegistryError::Unavailable { .. }),
                "{error}"
            );
            assert!(
                error.to_string().contains("no encrypted connection"),
                "{error}"
            );
        }
        std::fs::remove_file(&file).unwrap();
    }
}
