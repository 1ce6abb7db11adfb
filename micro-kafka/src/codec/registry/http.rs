//! One request, one answer.
//!
//! By hyper's own connections, which the broker's admin pages use already: lookups are rare, since
//! schemas are kept, so that neither a pool nor a larger client earns its keep.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::config::{Credentials, RegistryConfig};
use crate::config::RegistryUrl;
use crate::error::BoxError;

/// No schema is as large.
const MAX_ANSWER: usize = 16 << 20;
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) method: Method,
    /// Below the base, with its leading slash.
    pub(super) path: String,
    pub(super) body: Option<String>,
}

/// Asks, and waits for the answer for at most `limit`.
pub(super) async fn ask(
    base: &RegistryUrl,
    config: &RegistryConfig,
    question: &Question,
) -> Result<Answer, BoxError> {
    let limit = config.timeout;
    let asking = async {
        let stream = TcpStream::connect((base.name(), base.port)).await?;
        stream.set_nodelay(true)?;
        let request = request(base, config.credentials.as_ref(), question)?;
        match base.tls {
            false => exchange(stream, request).await,
            true => {
                let ca_location = config.ca_location.as_deref();
                exchange(
                    super::tls::connect(base, ca_location, stream).await?,
                    request,
                )
                .await
            }
        }
    };
    match timeout(limit, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} ms", limit.as_millis()).into()),
    }
}

fn request(
    base: &RegistryUrl,
    credentials: Option<&Credentials>,
    question: &Question,
) -> Result<Request<Full<Bytes>>, BoxError> {
    let mut request = Request::builder()
        .method(question.method.clone())
        .uri(format!("{}{}", base.path, question.path))
        .header(header::HOST, format!("{}:{}", base.host, base.port))
        .header(header::ACCEPT, CONTENT_TYPE);
    if let Some(credentials) = credentials {
        let mut value = header::HeaderValue::try_from(credentials.header())
            .map_err(|_| "the credentials hold characters that no header takes")?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    if question.body.is_some() {
        request = request.header(header::CONTENT_TYPE, CONTENT_TYPE);
    }
    let body = question.body.clone().unwrap_or_default();
    Ok(request.body(Full::from(body))?)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let talk = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER)
            .collect()
            .await?;
        let body = body.to_bytes();
        Ok(Answer { status, body })
    };
    let mut talk = std::pin::pin!(talk);
    // The connection is driven beside the talk. A server may close it together with its answer, which
    // is there then; if none is, the talk says why.
    tokio::select! {
        biased;
        answer = &mut talk => return answer,
        _ended = connection => {}
    }
    talk.await
}
