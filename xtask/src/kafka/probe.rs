use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A frame with `ApiVersions` version 0: length, key 18, version 0, correlation 7, client id "x".
const REQUEST: &[u8] = b"\0\0\0\x0b\0\x12\0\0\0\0\0\x07\0\x01x";
const LENGTH_CORRELATION_ERROR: usize = 4 + 4 + 2;

/// Whether a Kafka broker on this machine answers `ApiVersions` on `port`.
#[must_use]
pub fn answers(port: u16) -> bool {
    ask(port).unwrap_or(false)
}

fn ask(port: u16) -> io::Result<bool> {
    let patience = Duration::from_secs(5);
    let mut stream =
        TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(REQUEST)?;
    let mut head = [0; LENGTH_CORRELATION_ERROR];
    stream.read_exact(&mut head)?;
    Ok(head[4..] == [0, 0, 0, 7, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    fn served(answer: &'static [u8]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; REQUEST.len()];
            stream.read_exact(&mut request).unwrap();
            assert_eq!(request, REQUEST);
            stream.write_all(answer).unwrap();
        });
        let said = answers(port);
        server.join().unwrap();
        said
    }

    #[test]
    fn a_broker_answers_with_the_correlation_and_no_error() {
        assert!(served(b"\0\0\0\x06\0\0\0\x07\0\0"));
    }

    #[test]
    fn another_server_is_no_broker() {
        assert!(!served(b"HTTP/1.1 400 Bad Request\r\n"));
        assert!(!served(b"\0\0\0"));
    }

    #[test]
    fn nobody_answers_on_a_closed_port() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert!(!answers(free));
    }
}
