//! What is known of the fences.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::place::{FencePlace, FencedCopy, Origin};

/// Which of a key's records it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Announced,
    Progress,
}

impl Part {
    pub(super) fn letter(self) -> u8 {
        match self {
            Self::Announced => b'a',
            Self::Progress => b'p',
        }
    }

    pub(super) fn of_letter(letter: u8) -> Option<Self> {
        let all = [Self::Announced, Self::Progress];
        all.into_iter().find(|part| part.letter() == letter)
    }
}

/// The last copy of a key that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) token: u64,
    pub(super) origin: Origin,
    /// When the fence was raised, since the Unix epoch.
    pub(super) since: Duration,
}

/// How far the copies of a key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) token: u64,
    /// The highest offset, in its source, of a record whose copy is finished; -1 if none is.
    pub(super) reach: i64,
    /// Which attempt is next, from 1; 0 if it is finished.
    pub(super) attempts: u32,
    /// When that one is due, in milliseconds since the Unix epoch.
    pub(super) due: i64,
}

impl Progress {
    pub(super) fn is_finished(&self) -> bool {
        self.attempts == 0
    }

    /// Grows as a key goes on.
    fn rank(&self) -> (u64, u32) {
        let attempts = self.attempts.wrapping_sub(1);
        (self.token, attempts)
    }
}

/// What one record of the topic says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Announced(Announced),
    Progress(Progress),
    /// The part is to be forgotten.
    Nothing(Part),
}

impl Says {
    pub(super) fn part(&self) -> Part {
        match self {
            Self::Announced(_) => Part::Announced,
            Self::Progress(_) => Part::Progress,
            Self::Nothing(part) => *part,
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Announced(it) => format!(
                "{} {} {} {}",
                it.token,
                it.origin.offset,
                it.origin.millis,
                it.since.as_millis()
            ),
            Self::Progress(it) => {
                format!("{} {} {} {}", it.token, it.reach, it.attempts, it.due)
            }
            Self::Nothing(_) => return None,
        })
    }

    pub(super) fn read(part: Part, text: Option<&[u8]>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::Nothing(part));
        };
        let mut words = std::str::from_utf8(text).ok()?.split(' ');
        let token = words.next()?.parse().ok()?;
        let offset = words.next()?.parse().ok()?;
        let third = words.next()?;
        let fourth = words.next()?;
        Some(match part {
            Part::Announced => Self::Announced(Announced {
                token,
                origin: Origin {
                    offset,
                    millis: third.parse().ok()?,
                },
                since: Duration::from_millis(fourth.parse().ok()?),
            }),
            Part::Progress => Self::Progress(Progress {
                token,
                reach: offset,
                attempts: third.parse().ok()?,
                due: fourth.parse().ok()?,
            }),
        })
    }
}

/// What a copy has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyState {
    /// What it says itself.
    AsItSays,
    /// It was tried since; `due` in milliseconds since the Unix epoch.
    Tried { attempts: u32, due: i64 },
    /// It is finished, and here a second time.
    Finished,
}

/// A key, while anything is known of it.
#[derive(Debug, Default, Clone, Copy)]
struct Fence {
    announced: Option<(i64, Announced)>,
    progress: Option<(i64, Progress)>,
    /// Whether it is in line to be forgotten: what is announced, and the progress.
    is_spent: bool,
    is_kept: bool,
}

impl Fence {
    fn up(&self) -> Option<&Announced> {
        let (_, announced) = self.announced.as_ref()?;
        let progress = self.progress.as_ref().map(|(_, progress)| progress);
        let is_finished = progress.is_some_and(|progress| {
            let beyond = progress.token > announced.token;
            beyond || (progress.token == announced.token && progress.is_finished())
        });
        (!is_finished).then_some(announced)
    }

    /// Takes what the topic says at that offset, unless more is known.
    fn take(&mut self, at: i64, says: Says) {
        match says {
            Says::Announced(it) => {
                let known = self.announced.filter(|(known, _)| *known >= at);
                let before = self.announced.map(|(_, before)| before);
                // One that was delayed on its way says less than is known.
                let it = before.filter(|old| old.token > it.token).unwrap_or(it);
                self.announced = known.or(Some((at, it)));
            }
            Says::Progress(it) => {
                let known = self.progress.filter(|(known, _)| *known >= at);
                let before = self.progress.map(|(_, before)| before);
                let it = before.filter(|old| old.rank() > it.rank()).unwrap_or(it);
                self.progress = known.or(Some((at, it)));
            }
            // Whoever wrote it did not know yet that the key is fenced again.
            Says::Nothing(_) if self.up().is_some() => {}
            Says::Nothing(Part::Announced) => {
                self.announced = self.announced.filter(|(known, _)| *known > at);
            }
            Says::Nothing(Part::Progress) => {
                self.progress = self.progress.filter(|(known, _)| *known > at);
            }
        }
    }
}

/// A key that is fenced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FencedKey {
    /// The source topic, as the broker knows it.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The key.
    pub key: Arc<[u8]>,
    /// When the first of its records went into retry, since the Unix epoch.
    pub since: Duration,
}

/// The keys of a listener's group that are fenced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FencedKeys {
    /// How many they are.
    pub count: usize,
    /// The one that is fenced for the longest time.
    pub oldest: Option<FencedKey>,
}

/// All that was read of the topic of fences, and own records that were acknowledged.
#[derive(Debug, Default)]
pub(super) struct Table {
    fences: HashMap<FencePlace, Fence>,
    /// How many keys of each partition are fenced.
    up: HashMap<(String, i32), usize>,
    /// The offset up to which the topic was read.
    position: i64,
    /// Keys that are not fenced any more, though something is announced.
    spent: Vec<FencePlace>,
    /// Keys whose progress is kept for a while, and since when, the first one first.
    fallen: VecDeque<(Duration, FencePlace)>,
}

impl Table {
    /// Takes what the topic says at that offset; `now` since the Unix epoch.
    pub(super) fn note(&mut self, at: i64, place: &FencePlace, says: Says, now: Duration) {
        let fence = self.fences.entry(place.clone()).or_default();
        let before = fence.up().is_some();
        fence.take(at, says);
        let after = fence.up().is_some();
        if !after && fence.announced.is_some() && !std::mem::replace(&mut fence.is_spent, true) {
            self.spent.push(place.clone());
        }
        if !after && fence.progress.is_some() && !std::mem::replace(&mut fence.is_kept, true) {
            self.fallen.push_back((now, place.clone()));
        }
        if fence.announced.is_none() && fence.progress.is_none() {
            self.fences.remove(place);
        }
        self.count(place, before, after);
    }

    /// Notes an own record that was acknowledged, unless it was read meanwhile.
    pub(super) fn acknowledged(&mut self, at: i64, place: &FencePlace, says: Says, now: Duration) {
        if at >= self.position {
            self.note(at, place, says, now);
        }
    }

    /// The topic was read up to and with that offset. One that begins again was made anew.
    pub(super) fn read(&mut self, at: i64) {
        if at < self.position {
            *self = Self::default();
        }
        self.position = at + 1;
    }

    fn count(&mut self, place: &FencePlace, before: bool, after: bool) {
        let Some((topic, partition, _)) = place.parts().filter(|_| before != after) else {
            return;
        };
        let of = (topic.to_owned(), partition);
        let count = self.up.entry(of.clone()).or_default();
        match after {
            true => *count += 1,
            false => *count -= 1,
        }
        if *count == 0 {
            self.up.remove(&of);
        }
    }

    /// How many keys are fenced, of all partitions.
    pub(super) fn up(&self) -> usize {
        self.up.values().sum()
    }

    pub(super) fn is_up(&self, place: &FencePlace) -> bool {
        self.announced(place).is_some()
    }

    /// What is announced of a key, while it is fenced.
    pub(super) fn announced(&self, place: &FencePlace) -> Option<Announced> {
        self.fences.get(place)?.up().copied()
    }

    /// How many keys of a partition are fenced.
    pub(super) fn fenced(&self, topic: &str, partition: i32) -> usize {
        match self.up.is_empty() {
            true => 0,
            false => *self.up.get(&(topic.to_owned(), partition)).unwrap_or(&0),
        }
    }

    /// The last record of a partition that may have a copy, of those of fenced keys.
    pub(super) fn frontier(&self, topic: &str, partition: i32) -> Option<i64> {
        let of = |(place, fence): (&FencePlace, &Fence)| {
            let announced = fence.up()?;
            let own = place.is_of(topic, partition);
            own.then_some(announced.origin.offset)
        };
        self.fences.iter().filter_map(of).max()
    }

    /// A token beyond all that are known of a key.
    pub(super) fn beyond(&self, place: &FencePlace) -> u64 {
        let Some(fence) = self.fences.get(place) else {
            return 0;
        };
        let announced = fence.announced.map_or(0, |(_, it)| it.token);
        let progress = fence.progress.map_or(0, |(_, it)| it.token);
        announced.max(progress) + 1
    }

    /// The highest offset of a record of a key whose copy is finished.
    pub(super) fn reach(&self, place: &FencePlace) -> i64 {
        let progress = self.fences.get(place).and_then(|it| it.progress);
        progress.map_or(-1, |(_, progress)| progress.reach)
    }

    pub(super) fn copy(&self, copy: &FencedCopy) -> CopyState {
        let progress = self.fences.get(&copy.place).and_then(|it| it.progress);
        let Some((_, progress)) = progress else {
            return CopyState::AsItSays;
        };
        if progress.token == copy.token {
            return match progress.is_finished() {
                true => CopyState::Finished,
                false => CopyState::Tried {
                    attempts: progress.attempts,
                    due: progress.due,
                },
            };
        }
        // They stand in line by their records. A token alone proves nothing: one who has lost the
        // partition without knowing may have given it.
        match progress.token > copy.token && progress.reach >= copy.origin {
            true => CopyState::Finished,
            false => CopyState::AsItSays,
        }
    }

    /// Takes the keys that are not fenced any more, though something is announced of them.
    pub(super) fn take_spent(&mut self) -> Vec<FencePlace> {
        let spent = std::mem::take(&mut self.spent);
        for place in &spent {
            if let Some(fence) = self.fences.get_mut(place) {
                fence.is_spent = false;
            }
        }
        spent
    }

    /// Takes the keys whose progress is known for longer than it has to be: all but the last `most`,
    /// and those that fell before `until`.
    pub(super) fn take_old(&mut self, most: usize, until: Duration) -> Vec<FencePlace> {
        let too_many = self.fallen.len().saturating_sub(most);
        let old = self.fallen.iter().take_while(|(since, _)| *since < until);
        let count = old.count().max(too_many);
        let old: Vec<_> = self.fallen.drain(..count).map(|(_, place)| place).collect();
        for place in &old {
            if let Some(fence) = self.fences.get_mut(place) {
                fence.is_kept = false;
            }
        }
        old
    }

    /// Puts the keys of a partition in line of which something may be forgotten.
    pub(super) fn look_for_spent(&mut self, topic: &str, partition: i32) {
        for (place, fence) in &mut self.fences {
            let spent = fence.announced.is_some() && fence.up().is_none();
            if spent && !fence.is_spent && place.is_of(topic, partition) {
                fence.is_spent = true;
                self.spent.push(place.clone());
            }
        }
    }

    /// Whether that may be forgotten of a key.
    pub(super) fn is_over(&self, place: &FencePlace, part: Part) -> bool {
        self.fences.get(place).is_some_and(|fence| match part {
            Part::Announced => fence.announced.is_some() && fence.up().is_none(),
            Part::Progress => fence.announced.is_none(),
        })
    }

    /// What is fenced, of all partitions.
    pub(super) fn fenced_keys(&self) -> FencedKeys {
        let up = self.fences.iter();
        let up = up.filter_map(|(place, fence)| Some((place, fence.up()?)));
        let oldest = up.clone().min_by_key(|(_, announced)| announced.since);
        FencedKeys {
            count: up.count(),
            oldest: oldest.and_then(|(place, announced)| {
                let (topic, partition, key) = place.parts()?;
                Some(FencedKey {
                    topic: topic.to_owned(),
                    partition,
                    key: key.into(),
                    since: announced.since,
                })
            }),
        }
    }
}
