//! How a template gets its replies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::record::Record;

/// How a template gets its replies; part of its [`TemplateConfig`](super::super::TemplateConfig).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplyConfig {
    /// The topic of the replies, without namespace; needed for requests. It is created if it is
    /// missing.
    pub topic: Option<String>,
    /// The partition of it that is this instance's own, and that requests then name. By default all
    /// partitions are read, and what other instances asked for is passed over.
    pub partition: Option<i32>,
    /// How long a request waits unless it says otherwise; 5 s.
    pub timeout: Duration,
    /// What tells replies that are errors, beside the header `mk-error`.
    pub check: Option<ReplyCheck>,
    /// About how many bytes of replies may be read ahead; by default as many as librdkafka reads
    /// ahead.
    pub buffer: Option<u64>,
}

impl ReplyConfig {
    /// The properties of the reader that keep it within [`buffer`](Self::buffer). Half of that is for
    /// what comes with small records.
    pub(super) fn limits(&self) -> Vec<(String, String)> {
        let Some(bytes) = self.buffer else {
            return Vec::new();
        };
        let set = |name: &str, value: u64| (name.to_owned(), value.max(1).to_string());
        vec![
            set("queued.max.messages.kbytes", bytes / 4 / 1_024),
            set("queued.min.messages", bytes / 4 / 512),
            set("fetch.message.max.bytes", bytes / 32),
        ]
    }
}

impl Default for ReplyConfig {
    fn default() -> Self {
        Self {
            topic: None,
            partition: None,
            timeout: Duration::from_secs(5),
            check: None,
            buffer: None,
        }
    }
}

/// Says why a reply is an error, if it is one.
#[derive(Clone)]
pub struct ReplyCheck(Arc<Check>);

type Check = dyn Fn(&Record) -> Option<String> + Send + Sync;

impl ReplyCheck {
    /// A check of your own.
    pub fn new(check: impl Fn(&Record) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    pub(super) fn call(&self, reply: &Record) -> Option<String> {
        (self.0)(reply)
    }
}

impl fmt::Debug for ReplyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyCheck")
    }
}
