//! Users with SCRAM credentials.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::SecurityStore;

/// The fewest and the most iterations of a credential, as in Kafka.
const ITERATIONS: std::ops::RangeInclusive<i32> = 4096..=16384;

/// A hash function for SCRAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Mechanism {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

impl Mechanism {
    /// The mechanism that stands for `code` on the wire.
    pub(crate) fn from_code(code: i8) -> Option<Self> {
        match code {
            1 => Some(Self::Sha256),
            2 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Its code on the wire.
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }
}

/// What a user's password has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// How often it was hashed.
    pub(crate) iterations: i32,
    /// What was hashed with it.
    pub(crate) salt: Vec<u8>,
    /// The result.
    pub(crate) salted_password: Vec<u8>,
}

/// A change of one credential; the mechanism is `None` where its code was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The user's name.
    pub(crate) user: String,
    /// The mechanism.
    pub(crate) mechanism: Option<Mechanism>,
    /// The new credential; `None` removes it.
    pub(crate) credential: Option<Credential>,
}

/// Why a credential cannot be changed; texts are those that Kafka's tools show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UserError {
    /// The name is empty.
    #[error("Username must not be empty")]
    EmptyName,
    /// There is no such mechanism.
    #[error("Unknown SCRAM mechanism")]
    UnknownMechanism,
    /// The iterations are too few.
    #[error("Too few iterations")]
    TooFewIterations,
    /// The iterations are too many.
    #[error("Too many iterations")]
    TooManyIterations,
    /// The user is changed twice at once.
    #[error("A user credential cannot be altered twice in the same request")]
    Twice,
    /// There is nothing to remove.
    #[error("Attempt to delete a user credential that does not exist")]
    NotThere,
}

/// Credentials by user and mechanism.
pub(super) type Users = BTreeMap<String, BTreeMap<Mechanism, Credential>>;

/// The users and their credentials.
#[derive(Debug, Default)]
pub(crate) struct ScramUsers {
    users: RwLock<Users>,
    store: Option<Arc<SecurityStore>>,
}

impl ScramUsers {
    /// The users of a store, which is told of every change.
    pub(crate) fn kept(store: Arc<SecurityStore>) -> Self {
        Self {
            users: RwLock::new(store.users()),
            store: Some(store),
        }
    }

    /// The names of all users.
    pub(crate) fn names(&self) -> Vec<String> {
        self.users.read().keys().cloned().collect()
    }

    /// Mechanisms and iterations of a user; none for one who is not known.
    pub(crate) fn describe(&self, user: &str) -> Vec<(Mechanism, i32)> {
        let users = self.users.read();
        let credentials = users.get(user).into_iter().flatten();
        credentials
            .map(|(mechanism, credential)| (*mechanism, credential.iterations))
            .collect()
    }

    /// Changes credentials: of a user all that are named or, when one is refused, none.
    pub(crate) fn change(&self, changes: &[Change]) -> BTreeMap<String, Result<(), UserError>> {
        let mut users = self.users.write();
        let before = users.clone();
        let mut results: BTreeMap<String, Result<(), UserError>> = BTreeMap::new();
        let twice = changed_twice(changes);
        for change in changes {
            let verdict = if twice.contains(change.user.as_str()) {
                Err(UserError::Twice)
            } else {
                check(&users, change)
            };
            let result = results.entry(change.user.clone()).or_insert(Ok(()));
            *result = result.and(verdict);
        }
        for change in changes {
            if let (Some(Ok(())), Some(mechanism)) = (results.get(&change.user), change.mechanism) {
                apply(&mut users, change, mechanism);
            }
        }
        if let Some(store) = self.store.as_ref().filter(|_| *users != before) {
            store.keep_users(&users);
        }
        results
    }
}

/// The users that are named more than once.
fn changed_twice(changes: &[Change]) -> BTreeSet<&str> {
    let mut seen = HashSet::new();
    let names = changes.iter().map(|change| change.user.as_str());
    names.filter(|name| !seen.insert(*name)).collect()
}

fn check(users: &Users, change: &Change) -> Result<(), UserError> {
    if change.user.is_empty() {
        return Err(UserError::EmptyName);
    }
    let mechanism = change.mechanism.ok_or(UserError::UnknownMechanism)?;
    match &change.credential {
        Some(new) if new.iterations < *ITERATIONS.start() => Err(UserError::TooFewIterations),
        Some(new) if new.iterations > *ITERATIONS.end() => Err(UserError::TooManyIterations),
        Some(_) => Ok(()),
        None => {
            let there = users.get(&change.user);
            let there = there.is_some_and(|credentials| credentials.contains_key(&mechanism));
            there.then_some(()).ok_or(UserError::NotThere)
        }
    }
}

fn apply(users: &mut Users, change: &Change, mechanism: Mechanism) {
    let credentials = users.entry(change.user.clone()).or_default();
    match &change.credential {
        Some(new) => {
            credentials.insert(mechanism, new.clone());
        }
        None => {
            credentials.remove(&mechanism);
        }
    }
    if credentials.is_empty() {
        users.remove(&change.user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(user: &str, iterations: i32) -> Change {
        Change {
            user: user.to_owned(),
            mechanism: Some(Mechanism::Sha256),
            credential: Some(Credential {
                iterations,
                salt: vec![1],
                salted_password: vec![2],
            }),
        }
    }

    fn removal(user: &str) -> Change {
        Change {
            credential: None,
            ..set(user, 0)
        }
    }

    fn one(users: &ScramUsers, change: Change) -> Result<(), UserError> {
        let name = change.user.clone();
        users.change(&[change])[&name]
    }

    #[test]
    fn a_credential_is_set_described_and_removed() {
        let users = ScramUsers::default();
        assert_eq!(one(&users, removal("anna")), Err(UserError::NotThere));
        assert_eq!(one(&users, set("anna", 8000)), Ok(()));
        assert_eq!(users.describe("anna"), [(Mechanism::Sha256, 8000)]);
        assert_eq!(one(&users, removal("anna")), Ok(()));
        assert!(users.names().is_empty());
    }

    #[test]
    fn impossible_credentials_are_refused() {
        let users = ScramUsers::default();
        assert_eq!(one(&users, set("", 8000)), Err(UserError::EmptyName));
        assert_eq!(
            one(&users, set("a", 4095)),
            Err(UserError::TooFewIterations)
        );
        assert_eq!(
            one(&users, set("a", 16385)),
            Err(UserError::TooManyIterations)
        );
        let unknown = Change {
            mechanism: None,
            ..set("a", 8000)
        };
        assert_eq!(one(&users, unknown), Err(UserError::UnknownMechanism));
        assert!(users.names().is_empty());
    }

    #[test]
    fn a_user_is_changed_once_at_a_time() {
        let users = ScramUsers::default();
        let results = users.change(&[set("a", 8000), set("a", 9000), set("b", 8000)]);
        assert_eq!(results["a"], Err(UserError::Twice));
        assert_eq!(results["b"], Ok(()));
        assert_eq!(users.names(), ["b"]);
    }
}
