//! How long the kit waits for anything before it fails with what did happen.

use std::future::Future;
use std::time::Duration;

/// The longest wait of the kit's helpers.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Awaits `work`, or panics with what `message` tells of the state by then.
#[track_caller]
pub(crate) fn within<'a, T: 'a>(
    work: impl Future<Output = T> + 'a,
    message: impl FnOnce() -> String + 'a,
) -> impl Future<Output = T> + 'a {
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(done) => done,
            Err(_) => fail(place, &format!("{} (waited {DEADLINE:?})", message())),
        }
    }
}

/// Fails the test at the line that called the kit.
#[allow(clippy::panic, reason = "a failed assertion of a test")]
pub(crate) fn fail(place: &std::panic::Location<'_>, message: &str) -> ! {
    panic!("{}:{}: {message}", place.file(), place.line())
}
