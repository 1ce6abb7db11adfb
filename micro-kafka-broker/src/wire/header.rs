//! Request and response headers.

use super::Message;
use super::error::{DecodeError, EncodeError};
use super::reader::Reader;
use super::tally::ErrorTally;
use super::value::{Nullable, Shape, Wire};
use super::writer::{Frame, Writer};

/// The key of ApiVersions, whose answer must be readable before versions are agreed on.
const API_VERSIONS: i16 = 18;

const PLAIN: Shape = Shape {
    version: 0,
    flexible: false,
    nullable: true,
};

/// The fixed beginning of every request: enough to know how to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeaderStart {
    /// Which API.
    pub(crate) key: i16,
    /// Which version of it.
    pub(crate) version: i16,
    /// The client's number for this request; the answer repeats it.
    pub(crate) correlation_id: i32,
}

impl HeaderStart {
    /// Reads key, version and correlation id.
    pub(crate) fn decode(reader: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            key: i16::decode(reader, PLAIN).map_err(|e| e.at("api_key"))?,
            version: i16::decode(reader, PLAIN).map_err(|e| e.at("api_version"))?,
            correlation_id: i32::decode(reader, PLAIN).map_err(|e| e.at("correlation_id"))?,
        })
    }

    /// Reads the rest: header version 1, or 2 for flexible requests.
    pub(crate) fn complete(
        self,
        reader: &mut Reader,
        flexible: bool,
    ) -> Result<RequestHeader, DecodeError> {
        // The client id is not compact even in version 2, so that every broker can read it.
        let client_id = String::decode_nullable(reader, PLAIN).map_err(|e| e.at("client_id"))?;
        if flexible {
            reader.tagged_fields(|_, _| Ok(false))?;
        }
        Ok(RequestHeader {
            start: self,
            client_id,
        })
    }
}

/// The header of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestHeader {
    /// Key, version and correlation id.
    pub(crate) start: HeaderStart,
    /// The client's name for itself.
    pub(crate) client_id: Option<String>,
}

impl RequestHeader {
    /// Writes a request frame.
    #[cfg(test)]
    pub(crate) fn request<M: Message>(&self, body: &M) -> Result<Frame, EncodeError> {
        let mut writer = Writer::frame();
        let HeaderStart {
            key,
            version,
            correlation_id,
        } = self.start;
        key.encode(&mut writer, PLAIN);
        version.encode(&mut writer, PLAIN);
        correlation_id.encode(&mut writer, PLAIN);
        self.client_id.encode(&mut writer, PLAIN);
        let shape = M::shape(version);
        if shape.flexible {
            writer.varint(0);
        }
        body.encode(&mut writer, shape);
        writer.finish()
    }
}

/// Writes the frame that answers a request, with a body in `version`; says which error codes are
/// in it.
///
/// # Errors
/// If something in it is longer than its length field can say.
pub(crate) fn encode_response<M: Message>(
    start: HeaderStart,
    body: &M,
    version: i16,
) -> Result<(Frame, ErrorTally), EncodeError> {
    let mut writer = Writer::frame();
    start.correlation_id.encode(&mut writer, PLAIN);
    let shape = M::shape(version);
    // The header of an ApiVersions response never has tagged fields.
    if shape.flexible && start.key != API_VERSIONS {
        writer.varint(0);
    }
    body.encode(&mut writer, shape);
    let codes = writer.take_codes();
    Ok((writer.finish()?, codes))
}
