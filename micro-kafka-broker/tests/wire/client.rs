//! A client that sends any bytes it likes.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing in these tests takes this long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Tests that ask again until something has happened end here, and say what was answered last.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    connected: Instant,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("connect");
        Self {
            stream,
            connected: Instant::now(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("send");
    }

    /// The next answer's bytes, without its length; `None` if the broker closed the connection.
    pub(crate) async fn receive(&mut self) -> Option<Bytes> {
        tokio::time::timeout(DEADLINE, async {
            let length = self.stream.read_i32().await.ok()?;
            let mut answer = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut answer).await.ok()?;
            Some(Bytes::from(answer))
        })
        .await
        .expect("an answer, or the end of the connection")
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn call<Q, A>(&mut self, key: ApiKey, version: i16, request: &Q) -> A
    where
        Q: Encodable + HeaderVersion,
        A: Decodable + HeaderVersion + Debug,
    {
        self.send(&frame(key, version, 1, request)).await;
        let mut answer = self.receive().await.expect("an answer");
        ResponseHeader::decode(&mut answer, A::header_version(version)).unwrap();
        let body = A::decode(&mut answer, version).unwrap();
        assert!(answer.is_empty(), "bytes left over");
        assert!(
            self.connected.elapsed() < PATIENCE,
            "what this test waits for has not happened within {PATIENCE:?}: {key:?} was last answered {body:?}"
        );
        body
    }
}

/// A request with its length.
pub(crate) fn frame<Q: Encodable + HeaderVersion>(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    request: &Q,
) -> Bytes {
    let header = RequestHeader::default()
        .with_request_api_key(key as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("test")));
    let mut body = BytesMut::new();
    header
        .encode(&mut body, Q::header_version(version))
        .unwrap();
    request.encode(&mut body, version).unwrap();
    let mut frame = BytesMut::new();
    frame.put_i32(i32::try_from(body.len()).unwrap());
    frame.put(body);
    frame.freeze()
}

/// Whether a broker answers a new client.
pub(crate) async fn answers(address: &str) -> bool {
    let mut client = Client::connect(address).await;
    client.send(&API_VERSIONS_0).await;
    client
        .receive()
        .await
        .is_some_and(|mut answer| answer.get_i32() == 7)
}

/// ApiVersions version 0, correlation id 7, client id `x`.
pub(crate) const API_VERSIONS_0: [u8; 15] = [0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 7, 0, 1, b'x'];
