//! How long the kit waits for anything before it fails with what did happen.

use std::time::Duration;

/// The longest wait of the kit's helpers.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The longest time that a `#[kafka_test]` without a `deadline` may take as a whole.
pub const TEST_DEADLINE: Duration = Duration::from_secs(180);

/// Fails the test at the line that called the kit.
pub(crate) fn fail(place: &std::panic::Location<'_>, message: &str) -> ! {
    fail_at((place.file(), place.line()), message)
}

/// Fails the test at a line.
#[allow(clippy::panic, reason = "a failed assertion of a test")]
pub(crate) fn fail_at((file, line): (&str, u32), message: &str) -> ! {
    panic!("{file}:{line}: {message}")
}
