//! A client of a few requests, over a connection in memory.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use micro_kafka_broker::Broker;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A client by name, which connects when it has something to ask.
pub(crate) struct Client<'b> {
    broker: &'b Broker,
    name: &'static str,
    stream: Option<DuplexStream>,
    sent: i32,
}

impl<'b> Client<'b> {
    pub(crate) fn new(broker: &'b Broker, name: &'static str) -> Self {
        Self {
            broker,
            name,
            stream: None,
            sent: 0,
        }
    }

    /// Sends a request and reads its answer; `None` when the connection broke meanwhile.
    pub(crate) async fn ask<Q, A>(&mut self, key: ApiKey, version: i16, request: &Q) -> Option<A>
    where
        Q: Encodable + HeaderVersion,
        A: Decodable + HeaderVersion,
    {
        self.sent += 1;
        let header = RequestHeader::default()
            .with_request_api_key(key as i16)
            .with_request_api_version(version)
            .with_correlation_id(self.sent)
            .with_client_id(Some(text(self.name)));
        let mut body = BytesMut::new();
        header
            .encode(&mut body, Q::header_version(version))
            .unwrap();
        request.encode(&mut body, version).unwrap();
        let mut frame = BytesMut::new();
        frame.put_i32(i32::try_from(body.len()).unwrap());
        frame.put(body);
        let answer = self.exchange(&frame).await;
        if answer.is_none() {
            self.stream = None;
        }
        let mut answer = answer?;
        assert_eq!((&answer[..4]).get_i32(), self.sent);
        ResponseHeader::decode(&mut answer, A::header_version(version)).unwrap();
        Some(A::decode(&mut answer, version).unwrap())
    }

    /// Asks again until there is an answer.
    pub(crate) async fn call<Q, A>(&mut self, key: ApiKey, version: i16, request: &Q) -> A
    where
        Q: Encodable + HeaderVersion,
        A: Decodable + HeaderVersion,
    {
        loop {
            if let Some(answer) = self.ask(key, version, request).await {
                return answer;
            }
        }
    }

    async fn exchange(&mut self, frame: &[u8]) -> Option<Bytes> {
        let stream = self.stream.get_or_insert_with(|| self.broker.connect());
        stream.write_all(frame).await.ok()?;
        let length = stream.read_i32().await.ok()?;
        let mut answer = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut answer).await.ok()?;
        Some(Bytes::from(answer))
    }
}
