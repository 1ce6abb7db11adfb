//! What is in the partitions and went through them.

use super::{Exposition, Kind};
use crate::observe::TrafficCount;
use crate::partition::Glance;
use crate::server::BrokerState;

/// A topic with its figures.
struct Topic {
    name: String,
    partitions: Vec<Glance>,
    traffic: TrafficCount,
}

/// A counter of topics: its name, its help, and how it is read.
type TopicCounter = (&'static str, &'static str, fn(&TrafficCount) -> u64);

const COUNTERS: [TopicCounter; 5] = [
    ("messagesin", "Records appended.", |t| t.messages_in),
    ("bytesin", "Bytes of the batches appended.", |t| t.bytes_in),
    ("bytesout", "Bytes of the batches read.", |t| t.bytes_out),
    (
        "totalproducerequests",
        "Appends asked for, one for each partition of a request.",
        |t| t.appends,
    ),
    (
        "totalfetchrequests",
        "Reads, one for each partition of a request.",
        |t| t.reads,
    ),
];

pub(super) fn write(broker: &BrokerState, out: &mut Exposition) {
    let topics = topics(broker);
    let mut total = broker.partitions().traffic_of_gone();
    topics.iter().for_each(|topic| total += topic.traffic);
    for (part, help, read) in COUNTERS {
        let name = format!("kafka_server_brokertopicmetrics_{part}_total");
        out.family(&name, Kind::Counter, help);
        // As with Kafka's: without a topic, all topics together.
        out.sample(&name, &[], read(&total));
        for topic in &topics {
            out.sample(&name, &[("topic", &topic.name)], read(&topic.traffic));
        }
    }
    counts(broker, &topics, out);
    logs(&topics, out);
}

fn topics(broker: &BrokerState) -> Vec<Topic> {
    let image = broker.catalog().image();
    let topics = image.topics().map(|topic| {
        let partitions = broker.partitions().of_topic(topic.id);
        let mut traffic = TrafficCount::default();
        for partition in &partitions {
            traffic += partition.traffic.count();
        }
        Topic {
            name: topic.name.to_string(),
            partitions: partitions.iter().map(|p| p.glance()).collect(),
            traffic,
        }
    });
    topics.collect()
}

fn counts(broker: &BrokerState, topics: &[Topic], out: &mut Exposition) {
    let partitions = || topics.iter().flat_map(|topic| &topic.partitions);
    let (count, offline) = (
        partitions().count(),
        partitions().filter(|partition| partition.offline).count(),
    );
    let producers: usize = partitions().map(|partition| partition.producers).sum();
    for (name, help, value) in [
        ("server_replicamanager_partitioncount", "Partitions.", count),
        (
            "server_replicamanager_leadercount",
            "Partitions led by this broker.",
            count,
        ),
        (
            "server_replicamanager_offlinereplicacount",
            "Partitions whose storage fails.",
            offline,
        ),
        (
            "server_replicamanager_underreplicatedpartitions",
            "Partitions with replicas that are not in sync.",
            0,
        ),
        (
            "server_replicamanager_produceridcount",
            "Producers that partitions remember, each counted once for a partition.",
            producers,
        ),
        (
            "controller_kafkacontroller_globaltopiccount",
            "Topics.",
            topics.len(),
        ),
        (
            "controller_kafkacontroller_globalpartitioncount",
            "Partitions of the cluster.",
            count,
        ),
        (
            "controller_kafkacontroller_activebrokercount",
            "Brokers of the cluster.",
            broker.nodes().len(),
        ),
        (
            "controller_kafkacontroller_activecontrollercount",
            "Whether this broker is the controller.",
            1,
        ),
    ] {
        out.gauge(&format!("kafka_{name}"), help, value);
    }
}

/// A figure of partitions: its name, its help, and how it is read.
type LogFigure = (&'static str, &'static str, fn(&Glance) -> i64);

const FIGURES: [LogFigure; 3] = [
    ("size", "Bytes of all records.", |glance| {
        i64::try_from(glance.size).unwrap_or(i64::MAX)
    }),
    ("logstartoffset", "The first offset.", |glance| {
        glance.start_offset
    }),
    (
        "logendoffset",
        "The offset after the last record.",
        |glance| glance.end_offset,
    ),
];

fn logs(topics: &[Topic], out: &mut Exposition) {
    for (part, help, read) in FIGURES {
        let name = format!("kafka_log_log_{part}");
        out.family(&name, Kind::Gauge, help);
        for topic in topics {
            for (number, partition) in topic.partitions.iter().enumerate() {
                let number = number.to_string();
                let labels = [("topic", topic.name.as_str()), ("partition", &number)];
                out.sample(&name, &labels, read(partition));
            }
        }
    }
}
