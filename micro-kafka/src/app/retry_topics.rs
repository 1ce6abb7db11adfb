//! The readers of retry topics, beside the listeners whose they are.

use std::sync::Arc;

use super::endpoint::LOOK_FOR_TOPICS;
use super::resolve::Plan;
use super::running::{default_handler, default_recoverer};
use crate::clock::Clock;
use crate::config::Recoverer;
use crate::error::{
    ErrorHandler, Fences, KafkaFenceLog, Recover, RetryReader, RetryTopicErrorHandler,
    RetryTopicRecoverer, failed_group,
};
use crate::listener::{Filter, ListenerEndpoint, Order, TransactionSpec};
use crate::template::KafkaTemplate;

/// The most handlers of one reader at work, if the listener does not say: retries keep no order.
const PARALLELISM: usize = 16;

/// Who decides about the failures of a listener that was given nobody.
pub(super) fn error_handler(plan: &Plan) -> Arc<dyn ErrorHandler> {
    match &plan.endpoint.retry_topics {
        Some(topics) => Arc::new(RetryTopicErrorHandler::new(Arc::clone(topics))),
        None => default_handler(plan),
    }
}

/// Who takes its failed records: its retry topics first, and at last the application's own recoverer
/// or the dead-letter topic.
pub(super) fn recoverer(
    plan: &Plan,
    own: Option<Arc<dyn Recover>>,
    template: &KafkaTemplate,
    clock: &Clock,
    fences: Option<Arc<Fences>>,
) -> Arc<dyn Recover> {
    let Some(topics) = &plan.endpoint.retry_topics else {
        return own.unwrap_or_else(|| default_recoverer(plan, template));
    };
    let logs = plan.recoverer == Recoverer::Log;
    let own = own.or_else(|| logs.then(|| default_recoverer(plan, template)));
    let retries = RetryTopicRecoverer::new(template, Arc::clone(topics), clock.clone());
    let retries = retries.fencing(fences);
    Arc::new(match own {
        Some(own) => retries.at_last(own),
        None => retries,
    })
}

/// What keeps the keys of a listener in order while they are retried, if it is to.
pub(super) fn fences(plan: &Plan, template: &KafkaTemplate, clock: &Clock) -> Option<Arc<Fences>> {
    let topics = plan.endpoint.retry_topics.as_ref()?;
    let topic = fences_topic(&plan.endpoint).filter(|_| topics.is_ordered())?;
    let log = KafkaFenceLog::new(template, topic);
    let most = topics.policy().max_fenced_keys;
    Some(Fences::new(log, clock.clone(), most))
}

/// The topic of the fences of a listener, if its retries keep the order of keys.
pub(super) fn fences_topic(endpoint: &ListenerEndpoint) -> Option<String> {
    let topics = endpoint.retry_topics.as_ref();
    topics.filter(|topics| topics.is_ordered())?;
    Some(format!("{}-fences", endpoint.group_id))
}

/// What librdkafka may fetch of each partition beyond the records that wait: it is not read before
/// some of those are due, and headers, which copies have many of, count for nothing there.
const READ_AHEAD: [(&str, &str); 2] = [
    ("queued.min.messages", "1000"),
    ("queued.max.messages.kbytes", "4096"),
];

/// What reads the retry topics of a listener.
pub(super) fn readers(main: &ListenerEndpoint) -> Vec<ListenerEndpoint> {
    let topics = main.retry_topics.as_ref();
    let readers = topics.map(|topics| topics.readers()).unwrap_or_default();
    readers
        .into_iter()
        .map(|reader| endpoint(main, reader))
        .collect()
}

fn endpoint(main: &ListenerEndpoint, reader: RetryReader) -> ListenerEndpoint {
    let RetryReader { suffix, topics } = reader;
    let policy = main.retry_topics.as_ref().map(|topics| topics.policy());
    let ordered = main
        .retry_topics
        .as_ref()
        .is_some_and(|topics| topics.is_ordered());
    let concurrency = policy.and_then(|policy| policy.concurrency);
    let mut properties = main.properties.clone();
    let group_id: Arc<str> = format!("{}{suffix}", main.group_id).into();
    set(&mut properties, "group.id", &group_id);
    // What was published before the first join has to be read, whatever the listener begins with.
    set(&mut properties, "auto.offset.reset", "earliest");
    // A topic that the broker told nothing of yet is asked for again soon.
    let refresh = ("topic.metadata.refresh.interval.ms", LOOK_FOR_TOPICS);
    for (name, value) in READ_AHEAD.into_iter().chain([refresh]) {
        if properties.iter().all(|(set, _)| set != name) {
            set(&mut properties, name, value);
        }
    }
    ListenerEndpoint {
        id: format!("{}{suffix}", main.id).into(),
        topics,
        topic_partitions: Vec::new(),
        group_id,
        client_id: format!("{}{suffix}", main.client_id),
        concurrency: concurrency.unwrap_or(main.concurrency),
        missing_topics_fatal: false,
        order: match ordered {
            true => Order::KeyIfAny,
            false => Order::None,
        },
        parallelism: Some(main.parallelism.unwrap_or(PARALLELISM)),
        // A batch's records come back one by one: their waits differ.
        batch: None,
        filter: Some(of_group(&main.group_id)),
        max_uncommitted: policy.map_or(main.max_uncommitted, |policy| policy.window),
        properties,
        reads_retries: true,
        transaction: main.transaction.clone().map(|spec| TransactionSpec {
            // Two producers of one transactional id would fence one another.
            id_prefix: spec.id_prefix.map(|prefix| format!("{prefix}{suffix}-")),
            ..spec
        }),
        ..main.clone()
    }
}

/// Several groups may share retry topics: each handles what it has failed with itself.
fn of_group(group: &Arc<str>) -> Filter {
    let group = Arc::clone(group);
    Filter::new(move |record| failed_group(record).is_none_or(|failed| failed == group.as_bytes()))
}

fn set(properties: &mut Vec<(String, String)>, name: &str, value: &str) {
    properties.retain(|(set, _)| set != name);
    properties.push((name.to_owned(), value.to_owned()));
}
