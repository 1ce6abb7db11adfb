//! Payloads in files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::task::spawn_blocking;

use super::{ClaimError, ClaimFuture, ClaimName, ClaimStore};

/// The ending of files that are not whole yet.
const PART: &str = "part";

/// Keeps each payload in a file of its own, in a folder for each day: on a disk that all instances
/// share. A file is written under another name, brought to the disk and renamed, so that nobody ever
/// reads a part of one.
#[derive(Debug, Clone)]
pub struct FileClaimStore {
    folder: Arc<Path>,
}

impl FileClaimStore {
    /// A store in that folder, which is made with the first payload.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into().into(),
        }
    }

    fn path(&self, name: &ClaimName) -> (PathBuf, PathBuf) {
        let (day, number) = name.parts();
        let folder = self.folder.join(day);
        let file = folder.join(number);
        (folder, file)
    }
}

impl ClaimStore for FileClaimStore {
    fn put<'a>(&'a self, name: &'a ClaimName, payload: Vec<u8>) -> ClaimFuture<'a, ()> {
        let (folder, file) = self.path(name);
        blocking("write a payload", move || write(&folder, &file, &payload))
    }

    fn get<'a>(&'a self, name: &'a ClaimName, most: u64) -> ClaimFuture<'a, Option<Vec<u8>>> {
        let (_, file) = self.path(name);
        blocking("read a payload", move || read(&file, most))
    }

    fn remove_older(&self, than: SystemTime) -> ClaimFuture<'_, u64> {
        let folder = Arc::clone(&self.folder);
        blocking("remove payloads", move || remove_older(&folder, than))
    }
}

/// On a thread that may wait for a disk.
fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> ClaimFuture<'static, T> {
    Box::pin(async move {
        let done = spawn_blocking(work).await;
        let done = done.map_err(|error| ClaimError::store(doing, error))?;
        done.map_err(|error| ClaimError::store(doing, error))
    })
}

fn write(folder: &Path, file: &Path, payload: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let part = file.with_extension(PART);
    let mut open = OpenOptions::new();
    let mut written = open.write(true).create_new(true).open(&part)?;
    let stored = written
        .write_all(payload)
        .and_then(|()| written.sync_all())
        .and_then(|()| fs::rename(&part, file))
        .and_then(|()| File::open(folder)?.sync_all());
    if stored.is_err() {
        let _ = fs::remove_file(&part);
    }
    stored
}

fn read(file: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut payload = Vec::new();
    // One more, so that a longer one is told from the right one.
    opened
        .take(most.saturating_add(1))
        .read_to_end(&mut payload)?;
    Ok(Some(payload))
}

fn remove_older(folder: &Path, than: SystemTime) -> io::Result<u64> {
    let mut removed = 0;
    for day in entries(folder)? {
        for file in entries(&day)? {
            match fs::metadata(&file).and_then(|of| of.modified()) {
                Ok(written) if written < than => {
                    fs::remove_file(&file)?;
                    removed += u64::from(file.extension().is_none());
                }
                Ok(_) => {}
                // Another instance was quicker.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        // Only an empty one goes.
        let _ = fs::remove_dir(&day);
    }
    Ok(removed)
}

/// What of ours is in a folder: days, or payloads.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A folder of one test, removed with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = crate::random_name::random_name();
            Self(std::env::temp_dir().join(format!("micro-kafka-claims-{name}")))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn what_is_put_is_got_and_nothing_is_left_beside_it() {
        let folder = Folder::new();
        let store = FileClaimStore::new(&folder.0);
        let name = ClaimName::new();
        assert_eq!(store.get(&name, 10).await.unwrap(), None);
        store.put(&name, b"payload".to_vec()).await.unwrap();
        assert_eq!(store.get(&name, 7).await.unwrap().unwrap(), b"payload");
        assert_eq!(store.get(&name, 2).await.unwrap().unwrap(), b"pay");
        let (day, _) = store.path(&name);
        assert_eq!(entries(&day).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_name_is_not_written_twice_at_once() {
        let folder = Folder::new();
        let store = FileClaimStore::new(&folder.0);
        let name = ClaimName::new();
        let (day, file) = store.path(&name);
        fs::create_dir_all(day).unwrap();
        fs::write(file.with_extension(PART), "another").unwrap();
        let error = store.put(&name, b"payload".to_vec()).await.unwrap_err();
        assert!(error.is_retriable(), "{error}");
    }

    #[tokio::test]
    async fn only_what_is_older_is_removed() {
        let folder = Folder::new();
        let store = FileClaimStore::new(&folder.0);
        let [old, young] = [ClaimName::new(), ClaimName::new()];
        for name in [&old, &young] {
            store.put(name, b"payload".to_vec()).await.unwrap();
        }
        let now = SystemTime::now();
        let (_, file) = store.path(&old);
        let opened = File::options().write(true).open(file).unwrap();
        opened
            .set_modified(now - Duration::from_secs(3_600))
            .unwrap();
        let than = now - Duration::from_secs(60);
        assert_eq!(store.remove_older(than).await.unwrap(), 1);
        assert_eq!(store.get(&old, 10).await.unwrap(), None);
        assert!(store.get(&young, 10).await.unwrap().is_some());
        let all = now + Duration::from_secs(60);
        assert_eq!(store.remove_older(all).await.unwrap(), 1);
        assert_eq!(entries(&folder.0).unwrap(), Vec::<PathBuf>::new());
    }
}
