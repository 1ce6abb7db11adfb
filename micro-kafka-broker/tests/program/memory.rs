//! What clients that mean no good can make the program take.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Program, answers};

const MIB: u64 = 1024;
/// ApiVersions version 0, correlation id 7, client id `x`.
const REQUEST: [u8; 15] = [0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 7, 0, 1, b'x'];

impl Program {
    /// Memory beyond what there was; waits while connections may still be accepted.
    fn grown(&self, before: u64, address: &str) -> u64 {
        answers(address);
        let grown = self.resident().saturating_sub(before);
        eprintln!("{grown} KiB more");
        grown
    }
}

/// What the first client costs is not the matter here.
fn started(args: &[&str]) -> (Program, String) {
    let (program, address) = Program::start(args);
    answers(&address);
    (program, address)
}

fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

fn announcing(address: &str, bytes: u32, sent: &[u8]) -> TcpStream {
    let mut client = connect(address);
    client.write_all(&bytes.to_be_bytes()).unwrap();
    client.write_all(sent).unwrap();
    client
}

#[test]
fn two_hundred_clients_that_announce_64_mib_take_less_than_16() {
    let (program, address) = started(&[]);
    let before = program.resident();
    let large = (0..200).map(|_| announcing(&address, 64 << 20, &[0]));
    let clients: Vec<_> = large.collect();
    let grown = program.grown(before, &address);
    assert!(
        grown < 16 * MIB,
        "{grown} KiB for {} clients",
        clients.len()
    );
}

/// Large requests, of which most is never sent, get memory one after another.
#[test]
fn requests_beyond_the_budget_are_not_read() {
    let (program, address) = started(&["--config=queued.max.request.bytes=33554432"]);
    let before = program.resident();
    let mut clients = Vec::new();
    for _ in 0..64 {
        let client = announcing(&address, 16 << 20, &[0; 60_000]);
        client.set_nonblocking(true).unwrap();
        clients.push(client);
    }
    // Whoever has a grant may send all but the last byte; the others fill their sockets.
    let chunk = vec![0; 1 << 20];
    let mut sent = vec![60_000; clients.len()];
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_millis(500) {
        for (client, sent) in clients.iter_mut().zip(&mut sent) {
            let left = (16 << 20) - 1 - *sent;
            match client.write(&chunk[..left.min(chunk.len())]) {
                Ok(0) => {}
                Ok(count) => {
                    *sent += count;
                    last = Instant::now();
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }
    let whole = sent.iter().filter(|sent| **sent == (16 << 20) - 1).count();
    assert_eq!(whole, 2, "as many as the budget holds");
    let grown = program.grown(before, &address);
    assert!(grown < 80 * MIB, "{grown} KiB");
}

#[test]
fn requests_whose_answers_nobody_reads_wait_in_the_socket() {
    let (program, address) = started(&[]);
    let before = program.resident();
    let requests = REQUEST.repeat(70_000);
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connect(&address);
        let patience = Some(Duration::from_millis(100));
        client.set_write_timeout(patience).unwrap();
        // More than the sockets hold: the broker has stopped to read.
        while client.write(&requests).is_ok() {}
        clients.push(client);
    }
    let grown = program.grown(before, &address);
    assert!(grown < 16 * MIB, "{grown} KiB");
    let mut first = clients.swap_remove(0);
    first.read_exact(&mut [0; 1 << 20]).unwrap();
}

#[test]
fn ten_thousand_clients_that_rest_take_less_than_200_mib() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, all).unwrap();
    let files = usize::try_from(maximum.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let count = 10_000.min(files.saturating_sub(500));
    let (program, address) = started(&[]);
    let before = program.resident();
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let mut client = connect(&address);
        client.write_all(&REQUEST).unwrap();
        client.read_exact(&mut [0; 8]).unwrap();
        clients.push(client);
    }
    let grown = program.grown(before, &address);
    assert!(grown < 200 * MIB, "{grown} KiB for {count} clients");
}
