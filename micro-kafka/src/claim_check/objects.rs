//! Payloads in an object store.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _};

use super::{ClaimError, ClaimFuture, ClaimName, ClaimStore};

const WRITE: &str = "write a payload";
const READ: &str = "read a payload";
const REMOVE: &str = "remove payloads";

/// Keeps payloads in any store of the crate `object_store`, each as an object of its own below a
/// prefix.
#[derive(Debug, Clone)]
pub struct ObjectClaimStore {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl ObjectClaimStore {
    /// A store that begins all its names with `prefix`, as in `"shop/payloads"`; it may be empty.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self {
            store,
            prefix: Path::from(prefix),
        }
    }

    fn path(&self, name: &ClaimName) -> Path {
        let (day, number) = name.parts();
        self.prefix.clone().join(day).join(number)
    }
}

impl ClaimStore for ObjectClaimStore {
    fn put<'a>(&'a self, name: &'a ClaimName, payload: Vec<u8>) -> ClaimFuture<'a, ()> {
        Box::pin(async move {
            let put = self.store.put(&self.path(name), payload.into()).await;
            put.map(drop)
                .map_err(|error| ClaimError::store(WRITE, error))
        })
    }

    fn get<'a>(&'a self, name: &'a ClaimName, most: u64) -> ClaimFuture<'a, Option<Vec<u8>>> {
        let failed = |error| ClaimError::store(READ, error);
        Box::pin(async move {
            let got = match self.store.get(&self.path(name)).await {
                Ok(got) => got,
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            let mut payload = Vec::new();
            let mut parts = got.into_stream();
            while let Some(part) = parts.try_next().await.map_err(failed)? {
                payload.extend_from_slice(&part);
                if payload.len() as u64 > most {
                    break;
                }
            }
            Ok(Some(payload))
        })
    }

    fn remove_older(&self, than: SystemTime) -> ClaimFuture<'_, u64> {
        let failed = |error| ClaimError::store(REMOVE, error);
        Box::pin(async move {
            let mut removed = 0;
            let mut objects = self.store.list(Some(&self.prefix));
            while let Some(object) = objects.try_next().await.map_err(failed)? {
                if SystemTime::from(object.last_modified) >= than {
                    continue;
                }
                match self.store.delete(&object.location).await {
                    // Another instance was quicker.
                    Ok(()) | Err(Error::NotFound { .. }) => removed += 1,
                    Err(error) => return Err(failed(error)),
                }
            }
            Ok(removed)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use object_store::local::LocalFileSystem;
    use object_store::memory::InMemory;

    use super::*;
    use crate::random_name::random_name;

    async fn keeps(objects: Arc<dyn ObjectStore>) {
        let store = ObjectClaimStore::new(Arc::clone(&objects), "shop/payloads");
        let name = ClaimName::new();
        assert_eq!(store.get(&name, 10).await.unwrap(), None);
        store.put(&name, b"payload".to_vec()).await.unwrap();
        assert_eq!(store.get(&name, 7).await.unwrap().unwrap(), b"payload");
        let location = format!("shop/payloads/{name}");
        assert!(objects.get(&Path::from(location)).await.is_ok());
        // What is not ours stays, whatever its age.
        let foreign = Path::from("shop/other");
        objects.put(&foreign, "foreign".into()).await.unwrap();
        let now = SystemTime::now();
        let [before, after] = [now - Duration::from_secs(60), now + Duration::from_secs(60)];
        assert_eq!(store.remove_older(before).await.unwrap(), 0);
        assert_eq!(store.remove_older(after).await.unwrap(), 1);
        assert_eq!(store.get(&name, 7).await.unwrap(), None);
        assert!(objects.get(&foreign).await.is_ok());
    }

    #[tokio::test]
    async fn payloads_are_kept_in_memory() {
        keeps(Arc::new(InMemory::new())).await;
    }

    #[tokio::test]
    async fn payloads_are_kept_in_files() {
        let folder = std::env::temp_dir().join(format!("micro-kafka-objects-{}", random_name()));
        std::fs::create_dir_all(&folder).unwrap();
        keeps(Arc::new(LocalFileSystem::new_with_prefix(&folder).unwrap())).await;
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_store_that_is_away_may_come_back() {
        let folder = std::env::temp_dir().join(format!("micro-kafka-objects-{}", random_name()));
        std::fs::create_dir_all(&folder).unwrap();
        let objects = LocalFileSystem::new_with_prefix(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "no folder").unwrap();
        let store = ObjectClaimStore::new(Arc::new(objects), "");
        let error = store.put(&ClaimName::new(), vec![1]).await.unwrap_err();
        assert!(error.is_retriable(), "{error}");
        std::fs::remove_file(folder).unwrap();
    }
}
