//! Metrics in Prometheus' text format, named as the usual rules of the JMX exporter name Kafka's.

mod partitions;
mod requests;
#[cfg(test)]
mod tests;
mod text;

use text::{Exposition, Kind};

use crate::server::BrokerState;

/// All metrics now.
pub(crate) fn exposition(broker: &BrokerState) -> String {
    let mut out = Exposition::default();
    partitions::write(broker, &mut out);
    requests::write(broker, &mut out);
    coordinators(broker, &mut out);
    connections(broker, &mut out);
    process(&mut out);
    out.finish()
}

/// The states of a group, as the parts of Kafka's metric names.
const GROUP_STATES: [(&str, &str); 5] = [
    ("PreparingRebalance", "preparingrebalance"),
    ("CompletingRebalance", "completingrebalance"),
    ("Stable", "stable"),
    ("Empty", "empty"),
    ("Dead", "dead"),
];

fn coordinators(broker: &BrokerState, out: &mut Exposition) {
    let groups = broker.groups().list();
    out.gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroups",
        "Consumer groups.",
        groups.len(),
    );
    for (state, part) in GROUP_STATES {
        let count = groups
            .iter()
            .filter(|(_, known, _)| *known == state)
            .count();
        out.gauge(
            &format!("kafka_coordinator_group_groupmetadatamanager_numgroups{part}"),
            &format!("Consumer groups in the state {state}."),
            count,
        );
    }
    let offsets = groups
        .iter()
        .map(|(id, ..)| broker.groups().all_offsets(id).len());
    out.gauge(
        "kafka_coordinator_group_groupmetadatamanager_numoffsets",
        "Offsets that groups have committed.",
        offsets.sum::<usize>(),
    );
    let transactions = broker.transactions().list();
    let mut states: Vec<&str> = transactions.iter().map(|(_, t)| t.state.name()).collect();
    states.sort_unstable();
    // Kafka has no counterpart.
    out.family(
        "micro_kafka_transactions",
        Kind::Gauge,
        "Transactional ids by state.",
    );
    for same in states.chunk_by(|a, b| a == b) {
        let labels = [("state", same.first().copied().unwrap_or_default())];
        out.sample("micro_kafka_transactions", &labels, same.len());
    }
}

fn connections(broker: &BrokerState, out: &mut Exposition) {
    let count = "kafka_server_socket_server_metrics_connection_count";
    out.family(count, Kind::Gauge, "Open connections.");
    for (listener, connections) in broker.meters().listeners() {
        out.sample(count, &[("listener", listener)], connections.open());
    }
    let made = "kafka_server_socket_server_metrics_connection_creation_total";
    out.family(made, Kind::Counter, "Connections since the start.");
    for (listener, connections) in broker.meters().listeners() {
        out.sample(made, &[("listener", listener)], connections.made());
    }
}

/// Memory, where the system tells it in this way.
fn process(out: &mut Exposition) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(kib) = kib {
        out.gauge(
            "process_resident_memory_bytes",
            "Resident memory.",
            kib * 1024,
        );
    }
}
