//! Databases for tests: SQLite in a file, PostgreSQL on a free port.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, SqlitePool};

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(60);

/// A folder for this process, which the next run of another one may clear.
fn folder(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = format!("micro-kafka-{name}-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A database of its own.
pub(crate) async fn sqlite() -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder("sqlite").join("test.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(8);
    pool.connect_with(options).await.unwrap()
}

/// A database of its own on the server of this process.
pub(crate) async fn postgres() -> PgPool {
    static SERVER: OnceLock<u16> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let port = tokio::task::spawn_blocking(|| *SERVER.get_or_init(start_postgres));
    let server = PgConnectOptions::new()
        .host("127.0.0.1")
        .username("postgres");
    let server = server.port(port.await.unwrap());
    let deadline = tokio::time::Instant::now() + START;
    let mut connection = loop {
        match PgConnection::connect_with(&server.clone().database("postgres")).await {
            Ok(connection) => break connection,
            Err(error) if tokio::time::Instant::now() > deadline => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let create = format!("CREATE DATABASE {name}");
    sqlx::query(&create).execute(&mut connection).await.unwrap();
    let pool = PgPoolOptions::new().max_connections(8);
    pool.connect_with(server.database(&name)).await.unwrap()
}

fn start_postgres() -> u16 {
    let bin = postgres_binaries();
    let data = folder("postgres");
    let unprivileged = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let command = |program: &str| {
        // The server ends with this process.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if is_root {
            command.args(unprivileged);
        }
        command.arg(bin.join(program)).arg("-D").arg(&data);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    if is_root {
        let own = Command::new("chown").arg("postgres").arg(&data).status();
        assert!(own.unwrap().success());
    }
    let mut init = command("initdb");
    let init = init.args(["-A", "trust", "-U", "postgres", "-N"]);
    assert!(init.status().unwrap().success(), "initdb");
    let port = free_port();
    let mut server = command("postgres");
    server.args(["-p", &port.to_string(), "-c", "fsync=off", "-c"]);
    server.arg(format!("unix_socket_directories={}", data.display()));
    // A thread that never ends: a server dies with the thread that has started it.
    std::thread::spawn(move || server.status());
    port
}

fn postgres_binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|dir| dir.unwrap().path().join("bin"))
        .collect();
    found.sort();
    let found = found.pop().filter(|bin| bin.join("initdb").exists());
    found.unwrap_or_else(|| Path::new("/usr/bin").to_owned())
}

/// A Redis of its own: its address.
pub(crate) fn redis() -> String {
    let port = free_port();
    let mut server = Command::new("setpriv");
    server.args([
        "--pdeathsig",
        "KILL",
        "redis-server",
        "--save",
        "",
        "--bind",
        "127.0.0.1",
    ]);
    server
        .args(["--port", &port.to_string()])
        .stdout(Stdio::null());
    std::thread::spawn(move || server.status());
    format!("redis://127.0.0.1:{port}/0")
}

/// A port that nobody listens at, and that the system gives to nobody who connects: it stays free
/// while a server is away.
pub(crate) fn free_port() -> u16 {
    loop {
        let random = RandomState::new().build_hasher().finish() % 10_000;
        let port = 20_000 + u16::try_from(random).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
