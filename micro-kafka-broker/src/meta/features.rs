//! Features: levels on which the brokers of a cluster have agreed.

use std::collections::BTreeMap;

use parking_lot::RwLock;

/// The feature by which clients know which protocol transactions have.
const TRANSACTION_VERSION: &str = "transaction.version";
/// The version of the cluster's metadata, and with it of the release.
const METADATA_VERSION: &str = "metadata.version";

/// A feature that the broker knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feature {
    /// Its name.
    pub(crate) name: &'static str,
    /// The lowest level it may have.
    pub(crate) min: i16,
    /// The highest level it may have, which it begins with.
    pub(crate) max: i16,
}

/// All features, by name. Transactions of level 2 have an epoch of their own each (KIP-890).
const FEATURES: [Feature; 2] = [
    Feature {
        name: METADATA_VERSION,
        min: 7,
        max: 30,
    },
    Feature {
        name: TRANSACTION_VERSION,
        min: 0,
        max: 2,
    },
];

/// Which way a feature may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// Up.
    Up,
    /// Down.
    Down,
}

/// A level that a feature is to have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeatureUpdate<'a> {
    /// The feature's name.
    pub(crate) feature: &'a str,
    /// The level.
    pub(crate) level: i16,
    /// The way; `None` for one that is not known.
    pub(crate) upgrade: Option<Upgrade>,
}

/// Why a feature keeps its level; texts are those that Kafka's tools show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FeatureError {
    /// The level is impossible.
    #[error("Invalid update version {level} for feature {feature}. {reason}")]
    Invalid {
        /// The feature.
        feature: String,
        /// The level asked for.
        level: i16,
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata would be lost.
    #[error(
        "Unsupported metadata.version downgrade from {from} to {to}. \
         Refusing to perform the requested downgrade because it might delete metadata information."
    )]
    Metadata {
        /// The level now.
        from: i16,
        /// The level asked for.
        to: i16,
    },
}

/// The levels now, and how often they changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureLevels {
    /// Levels above 0, by name.
    pub(crate) levels: BTreeMap<&'static str, i16>,
    /// The number of changes.
    pub(crate) epoch: i64,
}

/// The features of the cluster.
#[derive(Debug)]
pub(crate) struct Features {
    node_id: i32,
    now: RwLock<FeatureLevels>,
}

impl Features {
    /// All features at their highest level, on the broker with this id.
    pub(crate) fn new(node_id: i32) -> Self {
        let levels = FEATURES.iter().map(|feature| (feature.name, feature.max));
        let now = FeatureLevels {
            levels: levels.collect(),
            epoch: 0,
        };
        Self {
            node_id,
            now: RwLock::new(now),
        }
    }

    /// What the broker knows.
    pub(crate) fn supported() -> &'static [Feature] {
        &FEATURES
    }

    /// The levels now.
    pub(crate) fn now(&self) -> FeatureLevels {
        self.now.read().clone()
    }

    /// Changes all levels or none; with `validate_only` says whether they could be.
    ///
    /// # Errors
    /// [`FeatureError`] for the first update that is impossible.
    pub(crate) fn update(
        &self,
        updates: &[FeatureUpdate<'_>],
        validate_only: bool,
    ) -> Result<(), FeatureError> {
        let mut now = self.now.write();
        let mut next = now.levels.clone();
        for update in updates {
            let name = update.check(self.node_id, &now.levels)?;
            match update.level {
                0 => next.remove(name),
                level => next.insert(name, level),
            };
        }
        if !validate_only && next != now.levels {
            now.levels = next;
            now.epoch += 1;
        }
        Ok(())
    }
}

impl FeatureUpdate<'_> {
    fn check(&self, node: i32, levels: &BTreeMap<&str, i16>) -> Result<&'static str, FeatureError> {
        let invalid = |reason: &str| FeatureError::Invalid {
            feature: self.feature.to_owned(),
            level: self.level,
            reason: reason.to_owned(),
        };
        let upgrade = self
            .upgrade
            .ok_or_else(|| invalid("The controller does not support the given upgrade type."))?;
        if self.level < 0 {
            return Err(invalid("A feature version cannot be less than 0."));
        }
        let Some(known) = FEATURES.iter().find(|known| known.name == self.feature) else {
            let reason = format!("Local controller {node} does not support this feature.");
            return Err(invalid(&reason));
        };
        if !(known.min..=known.max).contains(&self.level) {
            return Err(invalid(&format!(
                "Local controller {node} only supports versions {}-{}",
                known.min, known.max
            )));
        }
        let current = levels.get(known.name).copied().unwrap_or(0);
        if self.level < current && upgrade == Upgrade::Up {
            return Err(invalid(
                "Can't downgrade the version of this feature without setting the upgrade type to \
                 either safe or unsafe downgrade.",
            ));
        }
        if self.level > current && upgrade == Upgrade::Down {
            return Err(invalid("Can't downgrade to a newer version."));
        }
        if known.name == METADATA_VERSION && self.level < current {
            return Err(FeatureError::Metadata {
                from: current,
                to: self.level,
            });
        }
        Ok(known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(level: i16, upgrade: Upgrade) -> FeatureUpdate<'static> {
        FeatureUpdate {
            feature: TRANSACTION_VERSION,
            level,
            upgrade: Some(upgrade),
        }
    }

    #[test]
    fn levels_go_down_and_up_when_told_so() {
        let features = Features::new(1);
        let level = |features: &Features| features.now().levels.get(TRANSACTION_VERSION).copied();
        features.update(&[update(1, Upgrade::Down)], true).unwrap();
        assert_eq!((level(&features), features.now().epoch), (Some(2), 0));
        features.update(&[update(0, Upgrade::Down)], false).unwrap();
        assert_eq!((level(&features), features.now().epoch), (None, 1));
        features.update(&[update(2, Upgrade::Up)], false).unwrap();
        features.update(&[update(2, Upgrade::Up)], false).unwrap();
        assert_eq!((level(&features), features.now().epoch), (Some(2), 2));
    }

    #[test]
    fn impossible_levels_change_nothing() {
        let features = Features::new(1);
        let before = features.now();
        let unknown = FeatureUpdate {
            feature: "kraft.version",
            ..update(1, Upgrade::Up)
        };
        let metadata = FeatureUpdate {
            feature: METADATA_VERSION,
            ..update(29, Upgrade::Down)
        };
        let no_way = FeatureUpdate {
            upgrade: None,
            ..update(2, Upgrade::Up)
        };
        for wrong in [
            update(1, Upgrade::Up),
            update(3, Upgrade::Up),
            update(-1, Upgrade::Down),
            unknown,
            metadata,
            no_way,
        ] {
            let updates = [update(1, Upgrade::Down), wrong];
            assert!(features.update(&updates, false).is_err(), "{wrong:?}");
            assert_eq!(features.now(), before);
        }
    }
}
