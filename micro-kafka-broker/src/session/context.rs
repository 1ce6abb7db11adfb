//! One request of a session, from what it reads to what is answered.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::SessionError;
use super::cache::FetchSessions;
use super::partitions::{Session, SessionKey, SessionTopic, Told, Wanted};

/// What a request reads.
#[derive(Debug)]
pub(crate) enum FetchContext {
    /// What it names; no session.
    Single(Vec<Wanted>),
    /// What it names, which becomes a session with the answer.
    First {
        /// The partitions named.
        wanted: Vec<Wanted>,
        /// Whether topics are named by id.
        topic_ids: bool,
        /// Whether a follower asks.
        follower: bool,
    },
    /// What its session has.
    Next {
        /// The session's id.
        id: i32,
        /// The session.
        session: Arc<Mutex<Session>>,
        /// The epoch of the request after this one.
        epoch: i32,
    },
}

/// What a session makes of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SessionAnswer {
    /// The session's id; 0 for none.
    pub(crate) id: i32,
    /// For each partition, whether it is told.
    pub(crate) told: Vec<bool>,
}

impl FetchContext {
    /// The partitions to read, in order; `name_of` is asked for the names of topics.
    pub(crate) fn wanted(
        &mut self,
        name_of: impl Fn(&SessionTopic) -> Option<Arc<str>>,
    ) -> Vec<Wanted> {
        match self {
            Self::Single(wanted) => std::mem::take(wanted),
            Self::First { wanted, .. } => {
                for wanted in &mut *wanted {
                    wanted.name = name_of(&wanted.key.topic);
                }
                wanted.clone()
            }
            Self::Next { session, .. } => session.lock().wanted(name_of),
        }
    }

    /// Notes what was found of the partitions, in the order of [`FetchContext::wanted`].
    ///
    /// # Errors
    /// If another request has come in this session meanwhile; the id is the session's.
    pub(crate) fn answer<'a>(
        self,
        sessions: &FetchSessions,
        found: impl ExactSizeIterator<Item = (&'a SessionKey, Told)>,
        now: Instant,
    ) -> Result<SessionAnswer, (i32, SessionError)> {
        let all = vec![true; found.len()];
        match self {
            Self::Single(_) => Ok(SessionAnswer { id: 0, told: all }),
            Self::First {
                wanted,
                topic_ids,
                follower,
            } => {
                let mut session = Session::new(topic_ids);
                wanted.into_iter().for_each(|wanted| session.want(wanted));
                session.begin(found);
                let id = sessions.keep(session, follower, now);
                Ok(SessionAnswer { id, told: all })
            }
            Self::Next { id, session, epoch } => {
                let mut session = session.lock();
                if session.epoch() != epoch {
                    return Err((id, SessionError::WrongEpoch));
                }
                let told = found.map(|(key, told)| session.tell(key, told)).collect();
                Ok(SessionAnswer { id, told })
            }
        }
    }
}
