//! librdkafka's mock cluster, for the tests of this crate.

use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdsys::rd_kafka_resp_err_t as Code;

use super::partition_list::c_name;

/// The number of the one broker.
const BROKER: i32 = 1;

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
        assert_eq!(code, Code::RD_KAFKA_RESP_ERR_NO_ERROR);
    }

    /// Has the next answer to a request of this kind come late, and with this error.
    pub(crate) fn answer_late(&self, api: i16, error: Code, delay: Duration) {
        let delay = std::ffi::c_int::try_from(delay.as_millis()).unwrap();
        // SAFETY: the cluster is alive; one pair of an error and a delay follows.
        let code = unsafe {
            rdsys::rd_kafka_mock_broker_push_request_error_rtts(
                self.cluster.as_ptr(),
                BROKER,
                api,
                1,
                error,
                delay,
            )
        };
        assert_eq!(code, Code::RD_KAFKA_RESP_ERR_NO_ERROR);
    }

    /// Remembers what is asked from now on.
    pub(crate) fn track_requests(&self) {
        // SAFETY: the cluster is alive.
        unsafe { rdsys::rd_kafka_mock_start_request_tracking(self.cluster.as_ptr()) };
    }

    /// How many requests of this kind were tracked.
    pub(crate) fn requests(&self, api: i16) -> usize {
        let mut count = 0;
        // SAFETY: the cluster is alive; the list is ours, and destroyed once it was read.
        unsafe {
            let list = rdsys::rd_kafka_mock_get_requests(self.cluster.as_ptr(), &raw mut count);
            let of_kind = (0..count)
                .filter(|index| rdsys::rd_kafka_mock_request_api_key(*list.add(*index)) == api)
                .count();
            rdsys::rd_kafka_mock_request_destroy_array(list, count);
            of_kind
        }
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        // SAFETY: destroyed once, before its client.
        unsafe { rdsys::rd_kafka_mock_cluster_destroy(self.cluster.as_ptr()) };
    }
}
