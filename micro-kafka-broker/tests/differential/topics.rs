//! CreateTopics, DeleteTopics, CreatePartitions, configurations, Metadata, DescribeTopicPartitions,
//! ElectLeaders, reassignments.
