//! librdkafka's mock cluster, for the tests of this crate.

use std::ptr::NonNull;

use rdkafka::bindings as rdsys;
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::config::ClientConfig;

use super::partition_list::c_name;

/// One broker that forgets everything when it is dropped.
pub(crate) struct MockCluster {
    cluster: NonNull<rdsys::rd_kafka_mock_cluster_t>,
    _client: Client,
}

// SAFETY: the mock cluster is behind its own lock.
unsafe impl Send for MockCluster {}
// SAFETY: see above.
unsafe impl Sync for MockCluster {}

impl MockCluster {
    /// A broker whose groups form at once.
    pub(crate) fn start() -> Self {
        let config = ClientConfig::new();
        let native = config.create_native_config().unwrap();
        let kind = rdsys::rd_kafka_type_t::RD_KAFKA_PRODUCER;
        let client = Client::new(&config, native, kind, DefaultClientContext).unwrap();
        // SAFETY: the client is alive and outlives the cluster.
        let cluster = unsafe {
            let cluster = NonNull::new(rdsys::rd_kafka_mock_cluster_new(client.native_ptr(), 1));
            let cluster = cluster.unwrap();
            rdsys::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster.as_ptr(), 0);
            cluster
        };
        Self {
            cluster,
            _client: client,
        }
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        // SAFETY: the text lives as long as the cluster.
        unsafe {
            super::callbacks::text(rdsys::rd_kafka_mock_cluster_bootstraps(
                self.cluster.as_ptr(),
            ))
        }
    }

    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) {
        let name = c_name(topic);
        // SAFETY: cluster and name are alive.
        let code = unsafe {
            rdsys::rd_kafka_mock_topic_create(self.cluster.as_ptr(), name.as_ptr(), partitions, 1)
        };
        assert_eq!(code, rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR);
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        // SAFETY: destroyed once, before its client.
        unsafe { rdsys::rd_kafka_mock_cluster_destroy(self.cluster.as_ptr()) };
    }
}
