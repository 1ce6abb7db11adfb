//! All that the process logs, by every level, and what it says when something panics.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

/// How much around a secret that was found is shown.
const AROUND: usize = 200;

/// What was logged so far; one for the process.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Takes all that is logged from the first call on.
    pub(crate) fn installed() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let log = LOG.get_or_init(|| {
            let log = Self::default();
            let writer = log.clone();
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .init();
            let panics = log.clone();
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let _ = writeln!(panics.clone(), "{info}");
                before(info);
            }));
            log
        });
        log.clone()
    }

    /// Checks that neither the log, which holds `witness`, nor `shown` holds one of the secrets.
    #[track_caller]
    pub(crate) fn assert_hidden(&self, witness: &str, secrets: &[&str], shown: &str) {
        let logged = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        assert!(logged.contains(witness), "nothing was logged");
        assert!(logged.contains("TRACE"), "no line of that level");
        for (place, text) in [("the log", &*logged), ("what is shown", shown)] {
            for secret in secrets {
                if let Some(at) = text.find(secret) {
                    let around = at.saturating_sub(AROUND)..(at + AROUND).min(text.len());
                    let around = String::from_utf8_lossy(&text.as_bytes()[around]);
                    panic!("{place} holds {secret}: …{around}…");
                }
            }
        }
    }
}
