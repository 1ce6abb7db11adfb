//! Access control lists, written in Kafka's protocol by whoever may do everything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

const DESCRIBE_ACLS: i16 = 29;
const CREATE_ACLS: i16 = 30;
const DELETE_ACLS: i16 = 31;
/// Of all three: the last one without tagged fields.
const VERSION: i16 = 1;

const LITERAL: i8 = 3;
const PREFIXED: i8 = 4;
const ALLOW: i8 = 3;
const HOST: &str = "*";

/// How long a broker may take to know an entry.
const KNOWN: Duration = Duration::from_secs(60);

/// Numbers as in Kafka's `AclOperation`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    Read = 3,
    Write = 4,
    Create = 5,
    Alter = 7,
    Describe = 8,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On<'n> {
    Topic(&'n str),
    Group(&'n str),
    /// All transactional ids that begin so.
    TransactionalIds(&'n str),
    Cluster,
}

impl On<'_> {
    fn parts(&self) -> (i8, &str, i8) {
        match self {
            Self::Topic(name) => (2, name, LITERAL),
            Self::Group(name) => (3, name, LITERAL),
            Self::TransactionalIds(name) => (5, name, PREFIXED),
            Self::Cluster => (4, "kafka-cluster", LITERAL),
        }
    }
}

/// A connection that entries are made by.
#[derive(Debug)]
pub(crate) struct Lists(Mutex<TcpStream>);

impl Lists {
    pub(crate) fn connect(address: &str) -> Self {
        Self(Mutex::new(TcpStream::connect(address).unwrap()))
    }

    /// Grants a right; returns once the broker knows.
    pub(crate) fn allow(&self, user: &str, on: On<'_>, operation: Operation) {
        let mut entry = 1_i32.to_be_bytes().to_vec();
        entry.extend(entry_of(user, on, operation));
        let answer = self.call(CREATE_ACLS, &entry);
        assert_eq!(i16_at(&answer, 8), 0, "{user} {operation:?} {on:?}");
        self.until(user, on, operation, true);
    }

    /// Takes a right away; returns once the broker knows.
    pub(crate) fn forbid(&self, user: &str, on: On<'_>, operation: Operation) {
        let mut filter = 1_i32.to_be_bytes().to_vec();
        filter.extend(entry_of(user, on, operation));
        let answer = self.call(DELETE_ACLS, &filter);
        assert_eq!(i16_at(&answer, 8), 0, "{user} {operation:?} {on:?}");
        self.until(user, on, operation, false);
    }

    /// Takes all rights of a user away.
    pub(crate) fn clear(&self, user: &str) {
        const ANY: i8 = 1;
        let mut filter = 1_i32.to_be_bytes().to_vec();
        filter.extend(ANY.to_be_bytes());
        filter.extend((-1_i16).to_be_bytes());
        filter.extend(ANY.to_be_bytes());
        filter.extend(string(&format!("User:{user}")));
        filter.extend((-1_i16).to_be_bytes());
        filter.extend([ANY, ANY].map(|any| any.to_be_bytes()[0]));
        let answer = self.call(DELETE_ACLS, &filter);
        assert_eq!(i16_at(&answer, 8), 0, "{user}");
        let all = filter.split_off(4);
        self.until_there(&all, false, user);
    }

    fn until(&self, user: &str, on: On<'_>, operation: Operation, there: bool) {
        let what = format!("{user} {operation:?} {on:?}");
        self.until_there(&entry_of(user, on, operation), there, &what);
    }

    fn until_there(&self, filter: &[u8], there: bool, what: &str) {
        let began = Instant::now();
        loop {
            let answer = self.call(DESCRIBE_ACLS, filter);
            assert_eq!(i16_at(&answer, 4), 0, "{what}");
            // After the error comes its message, which may be none.
            let message = i16_at(&answer, 6).max(0);
            let count = 8 + usize::try_from(message).unwrap();
            let count = i32::from_be_bytes(answer[count..count + 4].try_into().unwrap());
            if (count > 0) == there {
                return;
            }
            assert!(began.elapsed() < KNOWN, "{what}");
            std::thread::yield_now();
        }
    }

    /// The body of the answer.
    fn call(&self, key: i16, body: &[u8]) -> Vec<u8> {
        let mut request = Vec::new();
        request.extend(key.to_be_bytes());
        request.extend(VERSION.to_be_bytes());
        request.extend(7_i32.to_be_bytes());
        request.extend(string("access"));
        request.extend(body);
        let mut stream = self.0.lock();
        let len = i32::try_from(request.len()).unwrap();
        stream.write_all(&len.to_be_bytes()).unwrap();
        stream.write_all(&request).unwrap();
        let mut len = [0; 4];
        stream.read_exact(&mut len).unwrap();
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(len)).unwrap()];
        stream.read_exact(&mut answer).unwrap();
        answer.split_off(4)
    }
}

/// An entry, and the filter that fits it alone.
fn entry_of(user: &str, on: On<'_>, operation: Operation) -> Vec<u8> {
    let (kind, name, pattern) = on.parts();
    let mut entry = kind.to_be_bytes().to_vec();
    entry.extend(string(name));
    entry.extend(pattern.to_be_bytes());
    entry.extend(string(&format!("User:{user}")));
    entry.extend(string(HOST));
    entry.extend((operation as i8).to_be_bytes());
    entry.extend(ALLOW.to_be_bytes());
    entry
}

fn string(text: &str) -> Vec<u8> {
    let mut bytes = i16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}
