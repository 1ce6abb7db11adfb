//! A schema registry for tests.

mod api;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use micro_kafka::codec::registry::{InvalidUrl, RegistryConfig};
use micro_kafka::codec::{SchemaKind, SchemaRegistry};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::store::Store;

/// A schema registry in this process, in memory, which speaks the REST API of Confluent's: ids,
/// subjects, versions, and compatibility as the test says. It ends with its last clone.
///
/// ```no_run
/// # use micro_kafka_test::EmbeddedRegistry;
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = EmbeddedRegistry::start().await?;
/// let client = registry.client();
/// assert!(client.subjects().await?.is_empty());
/// assert_eq!(registry.requests(), ["GET /subjects"]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct EmbeddedRegistry {
    address: SocketAddr,
    store: Arc<Mutex<Store>>,
    #[allow(dead_code, reason = "the server ends with the last clone")]
    server: Arc<Server>,
}

#[derive(Debug)]
struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl EmbeddedRegistry {
    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let store = Arc::new(Mutex::new(Store::default()));
        let server = tokio::spawn(serve(listener, Arc::clone(&store)));
        Ok(Self {
            address,
            store,
            server: Arc::new(Server(server)),
        })
    }

    /// Where it is: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a client of it is made from.
    ///
    /// # Errors
    /// Never, in fact: its address is one.
    pub fn config(&self) -> Result<RegistryConfig, InvalidUrl> {
        RegistryConfig::new(&self.url())
    }

    /// A client.
    ///
    /// # Panics
    /// Never, in fact: its address is one.
    #[must_use]
    #[allow(clippy::panic, reason = "as a test fails")]
    pub fn client(&self) -> SchemaRegistry {
        match self.config() {
            Ok(config) => SchemaRegistry::new(config),
            Err(error) => panic!("{error}"),
        }
    }

    /// Registers a schema by hand and gives its id.
    #[must_use]
    pub fn register(&self, subject: &str, kind: SchemaKind, text: &str) -> i32 {
        self.store.lock().register(subject, kind.name(), text)
    }

    /// What was asked so far, each as `GET /path`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.store.lock().requests.clone()
    }

    /// Answers 503 from now on, or no longer.
    pub fn set_down(&self, down: bool) {
        self.store.lock().down = down;
    }

    /// Asks for this value of the header `authorization` from now on.
    pub fn require(&self, authorization: &str) {
        self.store.lock().authorization = Some(authorization.to_owned());
    }

    /// Refuses every further schema of a subject as not compatible.
    pub fn refuse(&self, subject: &str) {
        self.store.lock().refused.push(subject.to_owned());
    }
}

async fn serve(listener: TcpListener, store: Arc<Mutex<Store>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &store));
            // A client that goes away is none of a registry's business.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    store: &Mutex<Store>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let authorization = head.headers.get("authorization");
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let path = head.uri.path();
    let (status, text) = {
        let mut store = store.lock();
        store.requests.push(format!("{} {path}", head.method));
        match store.refusal(authorization) {
            Some(refusal) => refusal,
            None => api::answer(&mut store, &head.method, path, &body),
        }
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}
