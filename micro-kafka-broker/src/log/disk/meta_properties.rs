//! `meta.properties`: which cluster a data directory belongs to.

use std::path::Path;

use super::text;
use crate::log::StorageError;
use crate::wire::Uuid;

const NAME: &str = "meta.properties";

/// Reads the cluster's id, or makes one for a new directory.
pub(super) fn cluster_id(dir: &Path, node_id: i32) -> Result<String, StorageError> {
    let file = dir.join(NAME);
    let content = text::read(&file)?;
    let known = content.as_deref().and_then(parse);
    if let Some(known) = known {
        return Ok(known.to_owned());
    }
    let (cluster, directory) = (Uuid::random(), Uuid::random());
    let content = format!(
        "#\ncluster.id={cluster}\ndirectory.id={directory}\nnode.id={node_id}\nversion=1\n"
    );
    text::replace(&file, content.as_bytes())?;
    Ok(cluster.to_string())
}

fn parse(content: &str) -> Option<&str> {
    let mut values = content.lines().filter_map(|line| line.split_once('='));
    let (_, id) = values.find(|(name, _)| name.trim() == "cluster.id")?;
    Some(id.trim()).filter(|id| !id.is_empty())
}
