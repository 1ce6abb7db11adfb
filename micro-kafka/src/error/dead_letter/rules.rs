//! Which headers a dead letter has beside those of its record.

use super::headers::WRITTEN;

/// The longest message or list of sources.
const LONGEST_TEXT: usize = 8 * 1024;

/// Which headers dead letters have beside those of their records, and how long their texts may be:
/// the counterpart of `excludeHeader`, `appendOriginalHeaders` and the like of Spring's recoverer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRules {
    excluded: Vec<&'static str>,
    max_text: usize,
    texts: bool,
    append_originals: bool,
}

impl Default for HeaderRules {
    fn default() -> Self {
        Self {
            excluded: Vec::new(),
            max_text: LONGEST_TEXT,
            texts: true,
            append_originals: true,
        }
    }
}

impl HeaderRules {
    /// Leaves a header out: `"original-timestamp"`, `"exception-stacktrace"`, `"mk-trace"`. The
    /// names are those of Spring without `kafka_dlt-`; an unknown one changes nothing.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.excluded.extend(known(name));
        self
    }

    /// Cuts messages and lists of sources at that many bytes; default 8 KiB.
    #[must_use]
    pub fn max_text(mut self, bytes: usize) -> Self {
        self.max_text = bytes;
        self
    }

    /// Writes nothing that an error says, only its type and variant: for errors whose texts hold
    /// what records hold.
    #[must_use]
    pub fn without_texts(mut self) -> Self {
        self.texts = false;
        self
    }

    /// Keeps the originals of the first failure alone, where a dead letter fails again.
    #[must_use]
    pub fn keeping_first_originals(mut self) -> Self {
        self.append_originals = false;
        self
    }

    /// Whether that is the name of a header.
    pub(crate) fn check_name(name: &str) -> Result<(), String> {
        match known(name) {
            Some(_) => Ok(()),
            None => {
                let names = WRITTEN.map(short).join(", ");
                Err(format!(
                    "there is no header {name:?} of a dead letter: they are {names}"
                ))
            }
        }
    }

    pub(super) fn writes(&self, name: &str) -> bool {
        !self.excluded.contains(&name)
    }

    pub(super) fn longest_text(&self) -> usize {
        self.max_text
    }

    pub(super) fn has_texts(&self) -> bool {
        self.texts
    }

    pub(super) fn appends_originals(&self) -> bool {
        self.append_originals
    }
}

fn short(name: &'static str) -> &'static str {
    name.strip_prefix("kafka_dlt-").unwrap_or(name)
}

fn known(name: &str) -> Option<&'static str> {
    WRITTEN.into_iter().find(|known| short(known) == name)
}
