//! What is known of one assigned partition: how often processes died there, whether its records are
//! under suspicion, and what is noted beside its offset. Whoever calls it brings offsets and time.

use std::sync::Arc;

use super::marker::Marker;
use super::process::Process;
use super::{CrashedConsumer, QuarantineSpec};

/// A partition from its assignment on.
#[derive(Debug)]
pub(in crate::listener) struct Watch {
    process: Process,
    after: u32,
    since: i64,
    /// The offset that the group had committed, as far as it was told.
    start: Option<i64>,
    /// Deaths of others there.
    deaths: u32,
    /// What somebody else noted there.
    over: String,
    /// What was found, or was noted since: nothing after a clean end.
    noted: Option<Arc<str>>,
    /// Whether the first record may begin.
    opened: bool,
    /// Where suspicion ends, while there is any.
    until: Option<i64>,
    condemned: Option<CrashedConsumer>,
}

/// What the first record of an assignment finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::listener) enum Opened {
    /// This note has to be committed at that offset before it begins.
    Noted(i64, Arc<str>),
    /// It may begin: nothing can be noted here.
    Free,
    /// From here on records run one at a time.
    Suspicious,
}

impl Watch {
    /// A partition that is read from `start` on, beside which `found` is noted; `now` is in
    /// milliseconds since 1970.
    pub(in crate::listener) fn new(
        process: &Process,
        spec: QuarantineSpec,
        now: i64,
        start: Option<i64>,
        found: Option<&str>,
    ) -> Self {
        let text = found.unwrap_or_default();
        let marker = text.parse::<Marker>();
        let over = marker.as_ref().map_or(text, |marker| &marker.over);
        let mut watch = Self {
            process: process.clone(),
            after: spec.after,
            since: now,
            start,
            deaths: 0,
            over: over.to_owned(),
            noted: (!text.is_empty()).then(|| text.into()),
            opened: false,
            until: None,
            condemned: None,
        };
        if let Ok(marker) = marker {
            // The same process is alive: it lost the partition and has it back.
            let died = marker.process != process.name();
            watch.deaths = marker.deaths.saturating_add(u32::from(died));
            watch.condemned = condemned(marker, watch.deaths, spec).filter(|_| died);
        }
        watch
    }

    /// Processes that died here in a row.
    pub(in crate::listener) fn deaths(&self) -> u32 {
        self.deaths
    }

    pub(in crate::listener) fn is_opened(&self) -> bool {
        self.opened
    }

    pub(in crate::listener) fn is_suspicious(&self) -> bool {
        self.until.is_some()
    }

    /// The first record is there. Suspicion ends at the end of the partition, as it is known, and at
    /// the latest `reach` records on: the dead cannot have come further.
    pub(in crate::listener) fn open(&mut self, first: i64, end: Option<i64>, reach: i64) -> Opened {
        self.opened = true;
        let start = *self.start.get_or_insert(first);
        if self.deaths >= self.after {
            let until = start.saturating_add(reach);
            self.until = Some(end.unwrap_or(until).min(until).max(first + 1));
            return Opened::Suspicious;
        }
        match self.note(start, None) {
            Some(text) => Opened::Noted(start, text),
            None => Opened::Free,
        }
    }

    /// What goes beside this offset when it is committed; the same text is the same allocation.
    pub(in crate::listener) fn note_at(&mut self, offset: i64) -> Option<Arc<str>> {
        // Until the first record nothing has changed here; and evidence is kept until it is used.
        if !self.opened || self.condemned.is_some() {
            return self.noted.clone();
        }
        self.note(offset, None)
    }

    /// What goes beside `offset` before `record` begins by itself.
    pub(in crate::listener) fn mark(
        &mut self,
        offset: i64,
        record: i64,
        now: i64,
    ) -> Option<Arc<str>> {
        self.note(offset, Some((record, now)))
    }

    /// What goes beside this offset at a clean end, if anything has to be said: as it was before.
    pub(in crate::listener) fn note_of_clean_end(&self, offset: i64) -> Option<Arc<str>> {
        let kept = self.kept_at(offset);
        let now = self.noted.as_deref().unwrap_or_default();
        (self.opened && now != kept).then(|| kept.into())
    }

    /// That is committed.
    pub(in crate::listener) fn end_cleanly(&mut self, offset: i64) -> Arc<str> {
        let kept: Arc<str> = self.kept_at(offset).into();
        self.noted = (!kept.is_empty()).then(|| Arc::clone(&kept));
        kept
    }

    fn kept_at(&self, offset: i64) -> &str {
        match self.start == Some(offset) {
            true => &self.over,
            false => "",
        }
    }

    /// Where the assignment began, for partitions of which nothing is finished.
    pub(in crate::listener) fn start(&self) -> Option<i64> {
        self.start
    }

    /// Everything before `offset` is finished; whether suspicion has ended by that.
    pub(in crate::listener) fn passed(&mut self, offset: i64) -> bool {
        let ended = self.until.is_some_and(|until| offset >= until);
        if ended {
            self.acquit();
        }
        ended
    }

    /// The evidence against this record, if it is the one that was at work at the last death.
    pub(in crate::listener) fn evidence(&self, record: i64) -> Option<&CrashedConsumer> {
        self.condemned
            .as_ref()
            .filter(|evidence| evidence.offset == record)
    }

    /// The record that was at work at the last death, until it is a dead letter.
    pub(in crate::listener) fn condemned(&self) -> Option<i64> {
        self.condemned.as_ref().map(|evidence| evidence.offset)
    }

    /// What is noted beside the committed offset, as far as this process knows.
    pub(in crate::listener) fn noted(&self) -> Option<Arc<str>> {
        self.noted.clone()
    }

    /// The condemned record is a dead letter, or is gone: the others are not under suspicion.
    pub(in crate::listener) fn acquit(&mut self) {
        self.start = None;
        self.condemned = None;
        self.until = None;
        self.deaths = 0;
        self.over.clear();
    }

    fn note(&mut self, offset: i64, alone: Option<(i64, i64)>) -> Option<Arc<str>> {
        let here = self.start == Some(offset);
        let counts = here || self.until.is_some();
        let marker = Marker {
            deaths: if counts { self.deaths } else { 0 },
            process: self.process.name().to_owned(),
            since: self.since,
            alone,
            over: if here {
                self.over.clone()
            } else {
                String::new()
            },
        };
        if !marker.fits() {
            return self.noted.clone();
        }
        let text = marker.to_string();
        if self.noted.as_deref() != Some(&*text) {
            self.noted = Some(text.into());
        }
        self.noted.clone()
    }
}

fn condemned(marker: Marker, deaths: u32, spec: QuarantineSpec) -> Option<CrashedConsumer> {
    let (offset, began) = marker.alone?;
    (deaths > spec.after).then_some(CrashedConsumer {
        offset,
        deaths,
        process: marker.process,
        began,
    })
}
