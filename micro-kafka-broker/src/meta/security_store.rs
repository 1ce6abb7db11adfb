//! Access control lists and users on disk: one file of the data directory, replaced with every
//! change.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::acl::AclBinding;
use super::users::Users;
use crate::log::disk::{DataDir, text};

const NAME: &str = "security.json";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    #[serde(default)]
    acls: BTreeSet<AclBinding>,
    #[serde(default)]
    users: Users,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            version: VERSION,
            acls: BTreeSet::new(),
            users: Users::new(),
        }
    }
}

/// Keeps who may do what, and who there is, in a file.
#[derive(Debug)]
pub(crate) struct SecurityStore {
    file: PathBuf,
    content: Mutex<Content>,
}

impl SecurityStore {
    /// Reads what a data directory holds.
    ///
    /// # Errors
    /// [`StoreError`], which names the file.
    pub(crate) fn open(data: &DataDir) -> Result<Arc<Self>, StoreError> {
        let file = data.root().join(NAME);
        let wrong = |reason: String| StoreError::Content {
            file: file.clone(),
            reason,
        };
        let content = match text::read(&file)? {
            Some(json) => serde_json::from_str(&json).map_err(|error| wrong(error.to_string()))?,
            None => Content::default(),
        };
        if content.version != VERSION {
            let reason = format!("its version is {}, not {VERSION}", content.version);
            return Err(wrong(reason));
        }
        Ok(Arc::new(Self {
            content: Mutex::new(content),
            file,
        }))
    }

    /// The access control list.
    pub(super) fn acls(&self) -> BTreeSet<AclBinding> {
        self.content.lock().acls.clone()
    }

    /// The users.
    pub(super) fn users(&self) -> Users {
        self.content.lock().users.clone()
    }

    /// Replaces the access control list.
    pub(super) fn keep_acls(&self, acls: &BTreeSet<AclBinding>) {
        self.change(|content| content.acls.clone_from(acls));
    }

    /// Replaces the users.
    pub(super) fn keep_users(&self, users: &Users) {
        self.change(|content| content.users.clone_from(users));
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.content.lock();
        change(&mut content);
        // Maps with text as keys can always be written as JSON.
        let json = serde_json::to_vec_pretty(&*content).unwrap_or_default();
        if let Err(error) = text::replace(&self.file, &json) {
            tracing::error!(%error, "a change of users or rights will be lost with the next restart");
        }
    }
}

#[cfg(test)]
#[path = "security_store_tests.rs"]
mod tests;
