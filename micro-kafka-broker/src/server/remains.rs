//! What a broker in memory has kept, as a disk would.

use std::sync::Arc;

use super::start_error::StartError;
use super::state::Plan;
use crate::coord::ProducerIds;
use crate::meta::acl::AccessList;
use crate::meta::users::ScramUsers;
use crate::meta::{Catalog, SecurityStore};
use crate::partition::PartitionTable;
use crate::wire::Uuid;

/// What a broker in memory has kept, as a disk would.
#[derive(Debug, Clone)]
pub(super) struct Remains {
    pub(super) cluster_id: String,
    pub(super) catalog: Arc<Catalog>,
    pub(super) partitions: Arc<PartitionTable>,
    pub(super) producer_ids: Arc<ProducerIds>,
    pub(super) access: Option<Arc<AccessList>>,
    pub(super) users: Arc<ScramUsers>,
}

impl Remains {
    pub(super) fn new(plan: &mut Plan) -> Result<Self, StartError> {
        let ids = plan.nodes.iter().map(|node| node.id).collect();
        let config = std::mem::take(&mut plan.config);
        let catalog = Arc::new(Catalog::new(config, ids));
        let partitions = match &plan.data {
            Some(data) => PartitionTable::on_disk(Arc::clone(data)),
            None => PartitionTable::new(),
        };
        let switches = plan.surroundings.faults.switches().clone();
        let partitions = Arc::new(partitions.obeying(switches));
        catalog.observe(Arc::<PartitionTable>::clone(&partitions));
        let cluster_id = match &plan.data {
            Some(data) => data.cluster_id().to_owned(),
            None => Uuid::random().to_string(),
        };
        let security = plan.data.as_ref().map(|data| SecurityStore::open(data));
        let security = security.transpose()?;
        let access = AccessList::from_config(catalog.config(), security.as_ref());
        Ok(Self {
            cluster_id,
            catalog,
            partitions,
            producer_ids: Arc::default(),
            access: access.map(Arc::new),
            users: Arc::new(security.map(ScramUsers::kept).unwrap_or_default()),
        })
    }
}
