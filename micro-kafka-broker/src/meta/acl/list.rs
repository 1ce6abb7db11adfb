//! The access control list, and what it decides.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::RwLock;

use super::binding::{AclBinding, AclOperation, Permission, ResourceType};
use super::filter::AclFilter;
use crate::meta::{BrokerConfig, SecurityStore};

/// The entries, and who needs none.
#[derive(Debug)]
pub(crate) struct AccessList {
    super_users: Vec<String>,
    /// What holds for a resource that no entry is about.
    open: bool,
    entries: RwLock<BTreeSet<AclBinding>>,
    store: Option<Arc<SecurityStore>>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// The principal, as in `User:anna`.
    pub(crate) principal: &'a str,
    /// The address.
    pub(crate) host: &'a str,
}

impl AccessList {
    /// The list of a broker with an authorizer (`authorizer.class.name`); `None` without one. It is
    /// kept in `store`, if there is one.
    pub(crate) fn from_config(
        config: &BrokerConfig,
        store: Option<&Arc<SecurityStore>>,
    ) -> Option<Self> {
        config
            .get("authorizer.class.name")
            .filter(|class| !class.trim().is_empty())?;
        tracing::warn!(
            "authorizer.class.name: access control lists are kept and shown, but hold nobody back \
             from topics and groups"
        );
        let super_users = config.get("super.users").unwrap_or_default();
        Some(Self {
            super_users: super_users
                .split(';')
                .map(|user| user.trim().to_owned())
                .filter(|user| !user.is_empty())
                .collect(),
            open: config.flag("allow.everyone.if.no.acl.found"),
            entries: RwLock::new(store.map(|store| store.acls()).unwrap_or_default()),
            store: store.cloned(),
        })
    }

    /// Adds entries; one that is there stays.
    pub(crate) fn add(&self, entry: AclBinding) {
        let mut entries = self.entries.write();
        if entries.insert(entry) {
            self.keep(&entries);
        }
    }

    fn keep(&self, entries: &BTreeSet<AclBinding>) {
        if let Some(store) = &self.store {
            store.keep_acls(entries);
        }
    }

    /// Removes the entries that are meant, and returns them.
    pub(crate) fn remove(&self, filter: &AclFilter) -> Vec<AclBinding> {
        let mut removed = Vec::new();
        let mut entries = self.entries.write();
        entries.retain(|entry| {
            let meant = filter.fits(entry);
            if meant {
                removed.push(entry.clone());
            }
            !meant
        });
        if !removed.is_empty() {
            self.keep(&entries);
        }
        removed
    }

    /// The entries that are meant, those of a resource beside one another.
    pub(crate) fn find(&self, filter: &AclFilter) -> Vec<AclBinding> {
        let entries = self.entries.read();
        entries
            .iter()
            .filter(|entry| filter.fits(entry))
            .cloned()
            .collect()
    }

    /// Whether `asker` may do `operation` with a resource: a denial wins over what is allowed.
    pub(crate) fn allows(
        &self,
        asker: Asker<'_>,
        operation: AclOperation,
        resource: ResourceType,
        name: &str,
    ) -> bool {
        if self.is_super(asker) {
            return true;
        }
        let entries = self.entries.read();
        let mut allowed = false;
        let mut unlisted = true;
        for entry in entries.iter().filter(|entry| entry.covers(resource, name)) {
            unlisted = false;
            if entry.concerns(asker.principal, asker.host) && entry.decides(operation) {
                match entry.permission {
                    Permission::Deny => return false,
                    Permission::Allow => allowed = true,
                }
            }
        }
        allowed || (unlisted && self.open)
    }

    fn is_super(&self, asker: Asker<'_>) -> bool {
        self.super_users.iter().any(|user| user == asker.principal)
    }
}
