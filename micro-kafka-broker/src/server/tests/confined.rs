//! Tests in a process of their own that may take little memory.

use std::future::Future;
use std::process::Command;

/// Names the test that runs in the child.
const CHILD: &str = "MICRO_KAFKA_CONFINED_TEST";
/// Address space in bytes.
const LIMIT: u64 = 1 << 30;

/// Runs a test of this folder within a gibibyte of address space: in a child process that is the
/// same test of the same binary, so that an allocation that fails ends the child alone. Time is
/// virtual.
pub(super) fn confined<F: Future<Output = ()>>(test: &str, body: impl FnOnce() -> F) {
    if std::env::var(CHILD).is_ok_and(|named| named == test) {
        limit_address_space();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        return runtime.unwrap().block_on(body());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&format!("server::tests::{test}"), "--exact", "--nocapture"])
        .env(CHILD, test)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    assert!(said.contains("1 passed"), "no test is named {test}: {said}");
}

#[cfg(target_os = "linux")]
fn limit_address_space() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit {
        current: Some(LIMIT),
        maximum: Some(LIMIT),
    };
    setrlimit(Resource::As, limit).unwrap();
    assert!(
        Vec::<u8>::new().try_reserve_exact(1 << 30).is_err(),
        "the limit holds"
    );
}

#[cfg(not(target_os = "linux"))]
fn limit_address_space() {
    // Other systems do not keep such a limit; the test still sees what aborts or hangs.
    let _ = LIMIT;
}
