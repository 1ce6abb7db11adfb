//! A connection, a request on it, and the answer.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Address;
use crate::error::BoxError;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// What is asked.
#[derive(Clone)]
pub(crate) struct Question<'q> {
    pub(crate) method: Method,
    /// Below the address, with its leading slash, or nothing.
    pub(crate) path: &'q str,
    /// Who asks: the value of the header.
    pub(crate) authorization: Option<String>,
    /// What kind of answer is wanted.
    pub(crate) accept: &'static str,
    /// What is sent, and of what kind it is.
    pub(crate) body: Option<(&'static str, String)>,
}

/// What an answer may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits<'l> {
    /// From the connection to the last byte.
    pub(crate) time: Duration,
    /// Of the answer's body.
    pub(crate) bytes: usize,
    /// The file of the certificates in PEM that sign the server's; those of the system by default.
    pub(crate) ca_location: Option<&'l str>,
}

/// Asks, and waits for the answer. No error holds anything of what was sent.
pub(crate) async fn ask(
    address: &Address,
    question: Question<'_>,
    limits: Limits<'_>,
) -> Result<Answer, BoxError> {
    let asking = async {
        let request = request(address, question)?;
        let stream = TcpStream::connect((address.name(), address.port)).await?;
        stream.set_nodelay(true)?;
        if !address.tls {
            return exchange(stream, request, limits.bytes).await;
        }
        let stream = super::tls::connect(address, limits.ca_location, stream).await?;
        exchange(stream, request, limits.bytes).await
    };
    match timeout(limits.time, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} ms", limits.time.as_millis()).into()),
    }
}

fn request(address: &Address, question: Question<'_>) -> Result<Request<Full<Bytes>>, BoxError> {
    let uri = match format!("{}{}", address.path, question.path) {
        uri if uri.starts_with('/') => uri,
        // An address may be nothing but a query.
        uri => format!("/{uri}"),
    };
    let mut request = Request::builder()
        .method(question.method)
        .uri(uri)
        .header(header::HOST, format!("{}:{}", address.host, address.port))
        .header(header::ACCEPT, question.accept);
    if let Some(authorization) = question.authorization {
        let mut value = header::HeaderValue::try_from(authorization)
            .map_err(|_| "the credentials hold characters that no header takes")?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let body = match question.body {
        Some((kind, body)) => {
            request = request.header(header::CONTENT_TYPE, kind);
            body
        }
        None => String::new(),
    };
    Ok(request.body(Full::from(body))?)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<Answer, BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let talk = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), most).collect().await?;
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
