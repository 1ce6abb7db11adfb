//! An older release of Apache Kafka to pass for: its APIs in its versions, and none of its
//! successors' features.

mod release;
mod table;

pub use release::{Release, UnknownRelease};
use table::TABLE;

use crate::server::{ServedApi, served_apis};

/// What a broker of a release tells and serves, of what this one can.
pub(crate) fn apis_of(release: Release) -> Vec<ServedApi> {
    let all = served_apis().iter();
    if release == Release::NEWEST {
        return all.copied().collect();
    }
    all.filter_map(|api| limited(*api, release)).collect()
}

fn limited(api: ServedApi, release: Release) -> Option<ServedApi> {
    let (_, history) = TABLE.iter().find(|(key, _)| *key == api.key)?;
    let then = history.iter().rev().find(|(since, _)| *since <= release);
    let max = then.map(|(_, max)| api.max.min(*max))?;
    // Kafka 4 and this broker have dropped what was oldest then.
    (max >= api.min).then_some(ServedApi { max, ..api })
}

impl Release {
    /// Whether an answer to an ApiVersions request that is too new tells what there is (KIP-511).
    pub(crate) fn tells_versions_in_refusals(self) -> bool {
        self >= Self::V2_4
    }

    /// Whether clients are told of features: earlier ones had others, or other levels.
    pub(crate) fn has_features(self) -> bool {
        self >= Self::V4_0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_versions_only_grow() {
        assert!(TABLE.is_sorted_by_key(|(key, _)| *key));
        for (key, history) in TABLE {
            assert!(history.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "{key}");
        }
    }

    /// The last row of each API is what this broker was built after.
    #[test]
    fn the_newest_release_is_what_is_served() {
        for api in served_apis() {
            assert_eq!(limited(*api, Release::NEWEST), Some(*api));
        }
    }

    #[test]
    fn an_old_release_has_fewer_apis_in_older_versions() {
        let old = apis_of(Release::V2_4);
        let max = |key| old.iter().find(|api| api.key == key).map(|api| api.max);
        assert_eq!(max(0), Some(8));
        assert_eq!(max(1), Some(11));
        assert_eq!(max(47), Some(0));
        // DescribeCluster is of 2.8.
        assert_eq!(max(60), None);
        let mut before = 0;
        for release in Release::ALL {
            let count = apis_of(*release).len();
            assert!(count >= before && count > 20, "{release}: {count}");
            before = count;
        }
    }
}
