//! All sessions of a broker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use rand::RngExt as _;

use super::SessionError;
use super::context::FetchContext;
use super::eviction::{Standing, victim};
use super::partitions::{Interest, Session, SessionKey, Wanted};

/// The epoch of a request that ends its session or wants none.
const FINAL_EPOCH: i32 = -1;
/// The epoch of a request that wants a session.
const INITIAL_EPOCH: i32 = 0;
/// Partitions of all sessions together: a short request has all of its session's read. Beyond it,
/// clients go on with whole requests.
const MAX_PARTITIONS: usize = 200_000;

/// The part of a fetch request that concerns its session.
#[derive(Debug, Default)]
pub(crate) struct SessionRequest {
    /// The session's id.
    pub(crate) id: i32,
    /// The request's number in the session; 0 and -1 begin and end one.
    pub(crate) epoch: i32,
    /// Whether topics are named by id.
    pub(crate) topic_ids: bool,
    /// Whether a follower asks, not a consumer.
    pub(crate) follower: bool,
    /// The partitions named.
    pub(crate) wanted: Vec<Wanted>,
    /// The partitions that are no longer wanted.
    pub(crate) forgotten: Vec<SessionKey>,
}

/// The sessions, at most as many as there are slots.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    slots: usize,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    sessions: HashMap<i32, Entry>,
    partitions: usize,
}

#[derive(Debug)]
struct Entry {
    session: Arc<Mutex<Session>>,
    standing: Standing,
}

impl FetchSessions {
    /// No sessions yet, and room for so many
    /// (`max.incremental.fetch.session.cache.slots`).
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            slots,
            cache: Mutex::default(),
        }
    }

    /// What a request reads, according to its session.
    ///
    /// # Errors
    /// [`SessionError`] if it continues a session that does not go on this way.
    pub(crate) fn open(
        &self,
        request: SessionRequest,
        now: Instant,
    ) -> Result<FetchContext, SessionError> {
        match request.epoch {
            FINAL_EPOCH => {
                self.close(request.id);
                Ok(FetchContext::Single(each_once(request.wanted)))
            }
            INITIAL_EPOCH => {
                self.close(request.id);
                Ok(FetchContext::First {
                    wanted: each_once(request.wanted),
                    topic_ids: request.topic_ids,
                    follower: request.follower,
                })
            }
            _ => self.cache.lock().resume(request, now),
        }
    }

    fn close(&self, id: i32) {
        if id != 0 {
            self.cache.lock().remove(id);
        }
    }

    /// Keeps a new session and gives it an id; 0 if there is no room for it.
    pub(super) fn keep(&self, session: Session, follower: bool, now: Instant) -> i32 {
        let newcomer = Standing {
            follower,
            partitions: session.len(),
            opened: now,
            used: now,
        };
        let mut cache = self.cache.lock();
        if !cache.make_room(self.slots, newcomer) {
            return 0;
        }
        let id = cache.free_id();
        cache.partitions += newcomer.partitions;
        let entry = Entry {
            session: Arc::new(Mutex::new(session)),
            standing: newcomer,
        };
        cache.sessions.insert(id, entry);
        id
    }

    /// The partitions of a session; none if there is no such session.
    pub(crate) fn partitions_of(&self, id: i32) -> Vec<SessionKey> {
        let cache = self.cache.lock();
        let session = cache
            .sessions
            .get(&id)
            .map(|entry| Arc::clone(&entry.session));
        drop(cache);
        session.map_or_else(Vec::new, |session| session.lock().keys())
    }

    /// How many sessions there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.cache.lock().sessions.len()
    }

    /// Partitions of all sessions, as counted.
    #[cfg(test)]
    pub(super) fn partitions(&self) -> usize {
        self.cache.lock().partitions
    }
}

/// Keeps the first place and the last interest of a partition that is named more than once.
fn each_once(mut wanted: Vec<Wanted>) -> Vec<Wanted> {
    let mut last: HashMap<SessionKey, Interest> = HashMap::new();
    if wanted.len() > 1 {
        last.extend(wanted.iter().map(|w| (w.key.clone(), w.interest)));
    }
    if last.len() == wanted.len() || wanted.len() == 1 {
        return wanted;
    }
    wanted.retain_mut(|wanted| match last.remove(&wanted.key) {
        Some(interest) => {
            wanted.interest = interest;
            true
        }
        None => false,
    });
    wanted
}

impl Cache {
    fn resume(
        &mut self,
        request: SessionRequest,
        now: Instant,
    ) -> Result<FetchContext, SessionError> {
        let entry = self.sessions.get_mut(&request.id);
        let entry = entry.ok_or(SessionError::NotFound)?;
        let shared = Arc::clone(&entry.session);
        let mut session = shared.lock();
        if session.epoch() != request.epoch {
            return Err(SessionError::WrongEpoch);
        }
        if session.topic_ids() != request.topic_ids {
            return Err(SessionError::TopicNames);
        }
        let before = session.len();
        if self.partitions + request.wanted.len() > MAX_PARTITIONS {
            drop(session);
            self.remove(request.id);
            return Err(SessionError::NotFound);
        }
        // Only what is named and forgotten at once is wanted without the session.
        let named = match request.forgotten.is_empty() {
            true => Vec::new(),
            false => request.wanted.clone(),
        };
        request.wanted.into_iter().for_each(|w| session.want(w));
        request.forgotten.iter().for_each(|key| session.forget(key));
        if session.len() == 0 {
            drop(session);
            self.remove(request.id);
            return Ok(FetchContext::Single(each_once(named)));
        }
        self.partitions = self.partitions + session.len() - before;
        entry.standing.partitions = session.len();
        entry.standing.used = now;
        session.advance();
        let epoch = session.epoch();
        drop(session);
        Ok(FetchContext::Next {
            id: request.id,
            session: shared,
            epoch,
        })
    }

    fn remove(&mut self, id: i32) {
        if let Some(entry) = self.sessions.remove(&id) {
            self.partitions -= entry.standing.partitions;
        }
    }

    fn make_room(&mut self, slots: usize, newcomer: Standing) -> bool {
        if self.sessions.len() >= slots {
            let standings = self.sessions.iter().map(|(id, e)| (*id, e.standing));
            match victim(standings, newcomer) {
                Some(id) => self.remove(id),
                None => return false,
            }
        }
        self.sessions.len() < slots && self.partitions + newcomer.partitions <= MAX_PARTITIONS
    }

    fn free_id(&self) -> i32 {
        let mut rng = rand::rng();
        loop {
            let id = rng.random_range(1..=i32::MAX);
            if !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }
}
