//! Access control lists: who may do what with which resource.

mod binding;
mod filter;
mod list;
#[cfg(test)]
mod tests;

pub(crate) use binding::{
    AclBinding, AclOperation, CLUSTER_NAME, PatternType, Permission, ResourceType,
};
pub(crate) use filter::{AclFilter, PatternFilter};
pub(crate) use list::{AccessList, Asker};
