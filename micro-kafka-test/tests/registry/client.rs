//! The client itself.

use std::time::Duration;

use micro_kafka::codec::registry::{Credentials, RegistryConfig, RegistryError};
use micro_kafka::codec::{SchemaKind, SchemaRegistry};
use micro_kafka_test::EmbeddedRegistry;

const TEXT: &str = r#""string""#;

#[tokio::test]
async fn schemas_are_registered_found_and_checked() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = registry.client();
    let error = client.latest("a/b ü").await.unwrap_err();
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
    let id = client
        .register("a/b ü", SchemaKind::Avro, TEXT)
        .await
        .unwrap();
    assert_eq!(
        client
            .register("a/b ü", SchemaKind::Avro, TEXT)
            .await
            .unwrap(),
        id
    );
    let other = client
        .register("a/b ü", SchemaKind::Json, "{}")
        .await
        .unwrap();
    assert_eq!(
        client
            .look_up("a/b ü", SchemaKind::Avro, TEXT)
            .await
            .unwrap(),
        id
    );
    let error = client
        .look_up("a/b ü", SchemaKind::Json, "[]")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("subject `a/b ü`"), "{error}");
    let latest = client.latest("a/b ü").await.unwrap();
    assert_eq!(
        (latest.id(), latest.version(), latest.kind()),
        (other, Some(2), SchemaKind::Json)
    );
    let first = client.version("a/b ü", 1).await.unwrap();
    assert_eq!((first.id(), first.text()), (id, TEXT));
    assert_eq!(client.schema(id).await.unwrap().text(), TEXT);
    assert!(
        client
            .is_compatible("a/b ü", SchemaKind::Avro, TEXT)
            .await
            .unwrap()
    );
    assert_eq!(client.subjects().await.unwrap(), ["a/b ü"]);
}

#[tokio::test]
async fn a_schema_that_is_not_compatible_is_refused_for_good() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = registry.client();
    client
        .register("orders-value", SchemaKind::Avro, TEXT)
        .await
        .unwrap();
    registry.refuse("orders-value");
    let error = client
        .register("orders-value", SchemaKind::Avro, r#""int""#)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RegistryError::Refused { status: 409, .. }),
        "{error}"
    );
    assert!(!error.is_retriable());
    assert!(error.to_string().contains("incompatible"), "{error}");
}

#[tokio::test]
async fn credentials_are_sent_and_stand_in_no_error() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    registry.require("Basic b3JkZXJzOmh1bnRlcjI=");
    let error = registry.client().subjects().await.unwrap_err();
    assert!(
        matches!(error, RegistryError::Unauthorized { status: 401, .. }),
        "{error}"
    );
    let basic = Credentials::Basic {
        user: "orders".into(),
        password: "hunter2".into(),
    };
    let config = registry.config().unwrap().credentials(basic);
    let client = SchemaRegistry::new(config);
    client.subjects().await.unwrap();
    registry.require("Bearer 1234");
    let error = client.subjects().await.unwrap_err();
    assert!(!format!("{error} {error:?} {client:?}").contains("hunter2"));
    let bearer = registry
        .config()
        .unwrap()
        .credentials(Credentials::Bearer("1234".into()));
    SchemaRegistry::new(bearer).subjects().await.unwrap();
}

#[tokio::test]
async fn the_next_address_is_asked_where_one_does_not_answer() {
    let (first, second) = (
        EmbeddedRegistry::start().await.unwrap(),
        EmbeddedRegistry::start().await.unwrap(),
    );
    first.set_down(true);
    let config = RegistryConfig::new(&format!("{},{}", first.url(), second.url())).unwrap();
    let client = SchemaRegistry::new(config.retries(0));
    assert!(client.subjects().await.unwrap().is_empty());
    assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_registry_that_says_nothing_or_something_else_is_not_available() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let config = RegistryConfig::new(&url).unwrap().retries(0);
    let client = SchemaRegistry::new(config.timeout(Duration::from_millis(50)));
    let error = client.schema(7).await.unwrap_err();
    assert!(error.is_retriable());
    let text = error.to_string();
    assert!(
        text.contains("schema 7") && text.contains(&url) && text.contains("50 ms"),
        "{text}"
    );
    let speaking = tokio::spawn(async move {
        loop {
            let (mut stream, _) = silent.accept().await.unwrap();
            let banner = b"SSH-2.0-OpenSSH\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, banner).await;
        }
    });
    let error = client.schema(8).await.unwrap_err();
    assert!(error.is_retriable(), "{error}");
    speaking.abort();
}
