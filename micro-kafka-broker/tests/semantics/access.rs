//! Access control lists, with an authorizer and without.

use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::{
    ApiKey, CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse,
    DescribeAclsRequest, DescribeAclsResponse,
};

use crate::kafka::{Kafka, text};
use crate::tight;

/// Filters by these fit anything.
const ANY: i8 = 1;
const TOPIC: i8 = 2;
const CLUSTER: i8 = 4;

const MATCH: i8 = 2;
const LITERAL: i8 = 3;
const PREFIXED: i8 = 4;

const ALL: i8 = 2;
const READ: i8 = 3;
const WRITE: i8 = 4;

const DENY: i8 = 2;
const ALLOW: i8 = 3;

const INVALID_REQUEST: i16 = 42;
const SECURITY_DISABLED: i16 = 54;

/// Anna may read the topic.
fn entry(pattern: i8, name: &str) -> AclCreation {
    AclCreation::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(name))
        .with_resource_pattern_type(pattern)
        .with_principal(text("User:anna"))
        .with_host(text("*"))
        .with_operation(READ)
        .with_permission_type(ALLOW)
}

fn filter(pattern: i8, name: &str) -> DeleteAclsFilter {
    DeleteAclsFilter::default()
        .with_resource_type_filter(TOPIC)
        .with_resource_name_filter(Some(text(name)))
        .with_pattern_type_filter(pattern)
        .with_principal_filter(None)
        .with_host_filter(None)
        .with_operation(ANY)
        .with_permission_type(ANY)
}

impl Kafka {
    async fn create_acls(&mut self, entries: Vec<AclCreation>) -> Vec<(i16, String)> {
        let request = CreateAclsRequest::default().with_creations(entries);
        let answer: CreateAclsResponse = self.client.call(ApiKey::CreateAcls, 3, &request).await;
        let results = answer.results.into_iter();
        results
            .map(|r| {
                (
                    r.error_code,
                    r.error_message.unwrap_or_default().to_string(),
                )
            })
            .collect()
    }

    /// Pattern, name, operation and permission of all that fit, in order.
    async fn acls(&mut self, filter: &DeleteAclsFilter) -> Result<Vec<(i8, String, i8, i8)>, i16> {
        let request = DescribeAclsRequest::default()
            .with_resource_type_filter(filter.resource_type_filter)
            .with_resource_name_filter(filter.resource_name_filter.clone())
            .with_pattern_type_filter(filter.pattern_type_filter)
            .with_principal_filter(filter.principal_filter.clone())
            .with_host_filter(filter.host_filter.clone())
            .with_operation(filter.operation)
            .with_permission_type(filter.permission_type);
        let answer: DescribeAclsResponse =
            self.client.call(ApiKey::DescribeAcls, 3, &request).await;
        if answer.error_code != 0 {
            return Err(answer.error_code);
        }
        let mut found = Vec::new();
        for resource in answer.resources {
            let (pattern, name) = (resource.pattern_type, resource.resource_name.to_string());
            let entries = resource.acls.iter();
            found.extend(entries.map(|a| (pattern, name.clone(), a.operation, a.permission_type)));
        }
        found.sort();
        Ok(found)
    }

    /// Apache Kafka's broker learns of a change a moment later.
    async fn until_acls(&mut self, filter: &DeleteAclsFilter, expected: &[(i8, &str, i8, i8)]) {
        let owned = |(pattern, name, operation, permission): &(i8, &str, i8, i8)| {
            (*pattern, (*name).to_owned(), *operation, *permission)
        };
        let expected = Ok(expected.iter().map(owned).collect());
        while self.acls(filter).await != expected {
            tokio::task::yield_now().await;
        }
    }

    /// The code of each filter, and the names that it removed.
    async fn delete_acls(&mut self, filters: Vec<DeleteAclsFilter>) -> Vec<(i16, Vec<String>)> {
        let request = DeleteAclsRequest::default().with_filters(filters);
        let answer: DeleteAclsResponse = self.client.call(ApiKey::DeleteAcls, 3, &request).await;
        let results = answer.filter_results.into_iter().map(|result| {
            let removed = result.matching_acls.iter();
            let mut removed: Vec<_> = removed.map(|a| a.resource_name.to_string()).collect();
            removed.sort();
            (result.error_code, removed)
        });
        results.collect()
    }
}

#[tokio::test]
async fn without_an_authorizer_there_are_no_access_control_lists() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.name("t");
    let created = kafka.create_acls(vec![entry(LITERAL, &topic)]).await;
    assert_eq!(created[0].0, SECURITY_DISABLED);
    assert_eq!(created[0].1, "No Authorizer is configured.");
    let request = DescribeAclsRequest::default()
        .with_resource_type_filter(TOPIC)
        .with_pattern_type_filter(ANY)
        .with_operation(ANY)
        .with_permission_type(ANY);
    let answer: DescribeAclsResponse = kafka.client.call(ApiKey::DescribeAcls, 3, &request).await;
    let said = answer.error_message.unwrap();
    assert_eq!(&*said, "No Authorizer is configured on the broker");
    let found = kafka.acls(&filter(LITERAL, &topic)).await;
    assert_eq!(found, Err(SECURITY_DISABLED));
    let deleted = kafka.delete_acls(vec![filter(LITERAL, &topic)]).await;
    assert_eq!(deleted, [(SECURITY_DISABLED, vec![])]);
}

#[tokio::test]
async fn entries_are_found_by_name_and_by_what_they_cover() {
    let mut kafka = tight::start().await;
    let topic = kafka.name("t-1");
    let begin = kafka.name("t");
    let also = entry(LITERAL, &topic)
        .with_operation(WRITE)
        .with_permission_type(DENY);
    let entries = vec![entry(LITERAL, &topic), entry(PREFIXED, &begin), also];
    let created = kafka.create_acls(entries.clone()).await;
    assert_eq!(created, vec![(0, String::new()); 3]);
    let own = [
        (LITERAL, &*topic, READ, ALLOW),
        (LITERAL, &*topic, WRITE, DENY),
    ];
    kafka.until_acls(&filter(LITERAL, &topic), &own).await;
    let covering = [own[0], own[1], (PREFIXED, &*begin, READ, ALLOW)];
    kafka.until_acls(&filter(MATCH, &topic), &covering).await;
    kafka.until_acls(&filter(PREFIXED, &topic), &[]).await;
    kafka
        .until_acls(&filter(PREFIXED, &begin), &covering[2..])
        .await;
    let denied = filter(ANY, &topic).with_permission_type(DENY);
    kafka.until_acls(&denied, &own[1..]).await;
    let others = filter(ANY, &topic).with_principal_filter(Some(text("User:bert")));
    kafka.until_acls(&others, &[]).await;
    // An entry that is there stays as it is.
    assert_eq!(
        kafka.create_acls(entries).await,
        vec![(0, String::new()); 3]
    );
    kafka.until_acls(&filter(LITERAL, &topic), &own).await;

    let filters = vec![
        filter(LITERAL, &topic),
        filter(LITERAL, &begin),
        filter(MATCH, &topic),
    ];
    let deleted = kafka.delete_acls(filters).await;
    assert_eq!(deleted[0], (0, vec![topic.clone(), topic.clone()]));
    assert_eq!(deleted[1], (0, vec![]), "it is no literal one");
    assert_eq!(deleted[2].0, 0);
    assert!(deleted[2].1.contains(&begin), "{deleted:?}");
    kafka.until_acls(&filter(ANY, &topic), &[]).await;
    kafka.until_acls(&filter(ANY, &begin), &[]).await;
}

#[tokio::test]
async fn senseless_entries_are_refused_one_by_one() {
    let mut kafka = tight::start().await;
    let topic = kafka.name("t");
    let good = entry(LITERAL, &topic);
    let entries = vec![
        good.clone().with_principal(text("anna")),
        good.clone().with_resource_name(text("")),
        good.clone().with_resource_type(CLUSTER),
        good.with_operation(ALL),
    ];
    let created = kafka.create_acls(entries).await;
    let codes: Vec<_> = created.iter().map(|(code, _)| *code).collect();
    let refused = INVALID_REQUEST;
    assert_eq!(codes, [refused, refused, refused, 0], "{created:?}");
    let all = [(LITERAL, &*topic, ALL, ALLOW)];
    kafka.until_acls(&filter(LITERAL, &topic), &all).await;
    let deleted = kafka.delete_acls(vec![filter(LITERAL, &topic)]).await;
    assert_eq!(deleted, [(0, vec![topic])]);
}
