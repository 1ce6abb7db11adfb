//! One HTTP/1.1 request: a form that is posted. A client library would be larger than the framework.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Tokens are small.
const MOST_BYTES: u64 = 256 * 1024;

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// The parts of an address.
#[derive(Debug, PartialEq, Eq)]
struct Url<'u> {
    encrypted: bool,
    host: &'u str,
    port: u16,
    path: &'u str,
}

impl<'u> Url<'u> {
    fn parse(url: &'u str) -> Option<Self> {
        let (encrypted, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://")?),
        };
        let slash = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(slash);
        let default = if encrypted { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, default),
        };
        (!host.is_empty()).then_some(Self {
            encrypted,
            host,
            port,
            path: if path.is_empty() { "/" } else { path },
        })
    }
}

/// Posts a form; the error is a reason without anything of what was sent.
pub(super) fn post_form(
    url: &str,
    authorization: &str,
    form: &str,
    timeout: Duration,
) -> Result<Answer, String> {
    let url = Url::parse(url).ok_or("not an address such as \"https://login.example/token\"")?;
    let deadline = Instant::now() + timeout;
    let stream = connect(&url, timeout)?;
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: {}:{}\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Accept: application/json\r\nConnection: close\r\n\r\n{form}",
        url.path,
        url.host,
        url.port,
        form.len(),
    );
    let bytes = match url.encrypted {
        true => exchange_encrypted(url.host, stream, &request, deadline)?,
        false => exchange(stream, &request, deadline).map_err(|error| error.to_string())?,
    };
    parse(&bytes).ok_or_else(|| "the answer is not HTTP/1.1".into())
}

fn connect(url: &Url<'_>, timeout: Duration) -> Result<TcpStream, String> {
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    let addresses = (host, url.port).to_socket_addrs();
    let addresses = addresses.map_err(|error| format!("unknown host: {error}"))?;
    let mut last = "the host has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                let limited = stream
                    .set_read_timeout(Some(timeout))
                    .and_then(|()| stream.set_write_timeout(Some(timeout)));
                return limited.map(|()| stream).map_err(|error| error.to_string());
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

#[cfg(any(feature = "tls", feature = "tls-system"))]
fn exchange_encrypted(
    host: &str,
    stream: TcpStream,
    request: &str,
    deadline: Instant,
) -> Result<Vec<u8>, String> {
    use openssl::ssl::{SslConnector, SslMethod};

    let connector = SslConnector::builder(SslMethod::tls_client()).map_err(|e| e.to_string())?;
    let stream = connector.build().connect(host, stream);
    let stream = stream.map_err(|error| format!("no encrypted connection: {error}"))?;
    exchange(stream, request, deadline).map_err(|error| error.to_string())
}

#[cfg(not(any(feature = "tls", feature = "tls-system")))]
fn exchange_encrypted(
    _host: &str,
    _stream: TcpStream,
    _request: &str,
    _deadline: Instant,
) -> Result<Vec<u8>, String> {
    Err(
        "https needs TLS, which this build was made without: enable micro-kafka's feature `tls`"
            .into(),
    )
}

/// Sends, and reads until the end; how long it takes altogether is bounded as well.
fn exchange(
    mut stream: impl Read + Write,
    request: &str,
    deadline: Instant,
) -> io::Result<Vec<u8>> {
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(len) => bytes.extend_from_slice(&chunk[..len]),
            // TLS without its goodbye: whether all is there, the length says.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if bytes.len() as u64 > MOST_BYTES {
            return Err(io::Error::other("the answer is too long"));
        }
        if is_complete(&bytes) {
            return Ok(bytes);
        }
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// An answer as far as it has come.
struct Parsed {
    answer: Answer,
    complete: bool,
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    parse_part(bytes).map(|parsed| parsed.answer)
}

fn is_complete(bytes: &[u8]) -> bool {
    parse_part(bytes).is_some_and(|parsed| parsed.complete)
}

fn parse_part(bytes: &[u8]) -> Option<Parsed> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?;
    let status = status.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut chunked) = (None, false);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>().ok()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.trim().eq_ignore_ascii_case("chunked");
        }
    }
    let (body, complete) = match (chunked, length) {
        (true, _) => unchunked(body),
        (false, Some(length)) => (
            body.get(..length).unwrap_or(body).to_vec(),
            body.len() >= length,
        ),
        // Until the server hangs up.
        (false, None) => (body.to_vec(), false),
    };
    let answer = Answer { status, body };
    Some(Parsed { answer, complete })
}

/// The chunks that are there, and whether the last one is among them.
fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            return (body, false);
        };
        if size == 0 {
            return (body, true);
        }
        rest = &rest[end + 2..];
        let Some(chunk) = rest.get(..size) else {
            return (body, false);
        };
        body.extend_from_slice(chunk);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let part = |at: usize| usize::from(three.get(at).copied().unwrap_or_default());
        let number = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..4 {
            let letter = char::from(LETTERS[number >> (18 - 6 * place) & 63]);
            text.push(if place > three.len() { '=' } else { letter });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parsed = Url::parse("https://login.example/a/b?c").unwrap();
        assert_eq!(
            (parsed.encrypted, parsed.host, parsed.port),
            (true, "login.example", 443)
        );
        assert_eq!(parsed.path, "/a/b?c");
        let parsed = Url::parse("http://[::1]:8080").unwrap();
        assert_eq!(
            (parsed.host, parsed.port, parsed.path),
            ("[::1]", 8080, "/")
        );
        assert_eq!(Url::parse("ftp://x"), None);
    }

    #[test]
    fn answers_are_put_together_however_they_come() {
        let text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let end = text.len() - 2;
        for cut in 0..text.len() {
            assert_eq!(is_complete(&text[..cut]), cut >= end, "{cut}");
        }
        let answer = parse(text).unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, &b"abcde"[..])
        );
        assert!(parse(b"SSH-2.0-OpenSSH\r\n\r\n").is_none());
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
