//! `partition.metadata`: the topic that a directory belongs to.

use std::path::Path;

use super::text;
use crate::log::StorageError;
use crate::wire::Uuid;

const NAME: &str = "partition.metadata";

/// The topic's id; `None` when the file is missing or not whole.
pub(super) fn load(dir: &Path) -> Result<Option<Uuid>, StorageError> {
    let content = text::read(&dir.join(NAME))?;
    Ok(content.as_deref().and_then(parse))
}

/// Writes the topic's id.
pub(super) fn store(dir: &Path, topic_id: Uuid) -> Result<(), StorageError> {
    let content = format!("version: 0\ntopic_id: {topic_id}");
    text::replace_derived(&dir.join(NAME), content.as_bytes())
}

fn parse(content: &str) -> Option<Uuid> {
    let mut lines = content.lines();
    if lines.next()?.split_once(':')?.1.trim() != "0" {
        return None;
    }
    let (name, id) = lines.next()?.split_once(':')?;
    (name == "topic_id").then(|| Uuid::parse(id.trim()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_as_kafka_writes_it() {
        let id = Uuid::parse("Ky_wVkWXTLOQrCA-RvYkPQ").unwrap();
        assert_eq!(parse(&format!("version: 0\ntopic_id: {id}")), Some(id));
        assert_eq!(parse(&format!("version: 1\ntopic_id: {id}")), None);
        assert_eq!(parse("version: 0\n"), None);
    }
}
