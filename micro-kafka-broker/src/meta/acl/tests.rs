use proptest::prelude::*;

use super::*;
use crate::meta::BrokerConfig;

const ANNA: Asker<'_> = Asker {
    principal: "User:anna",
    host: "10.0.0.1",
};

fn list(settings: &[(&str, &str)]) -> AccessList {
    let class = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let authorizer = ("authorizer.class.name", class);
    let settings = settings.iter().copied().chain([authorizer]);
    AccessList::from_config(&BrokerConfig::new(settings).unwrap(), None).unwrap()
}

fn entry(name: &str, operation: AclOperation, permission: Permission) -> AclBinding {
    AclBinding {
        resource: ResourceType::Topic,
        pattern: PatternType::Literal,
        name: name.to_owned(),
        principal: ANNA.principal.to_owned(),
        host: "*".to_owned(),
        operation,
        permission,
    }
}

fn prefixed(name: &str) -> AclBinding {
    AclBinding {
        pattern: PatternType::Prefixed,
        ..entry(name, AclOperation::Read, Permission::Allow)
    }
}

fn may(list: &AccessList, operation: AclOperation, topic: &str) -> bool {
    list.allows(ANNA, operation, ResourceType::Topic, topic)
}

fn anything() -> AclFilter {
    AclFilter {
        resource: None,
        pattern: PatternFilter::Any,
        name: None,
        principal: None,
        host: None,
        operation: None,
        permission: None,
    }
}

#[test]
fn without_an_authorizer_there_is_no_list() {
    let config = BrokerConfig::new([("num.partitions", "1")]).unwrap();
    assert!(AccessList::from_config(&config, None).is_none());
}

#[test]
fn nothing_is_allowed_that_no_entry_allows() {
    let list = list(&[]);
    assert!(!may(&list, AclOperation::Read, "orders"));
    list.add(entry("orders", AclOperation::Read, Permission::Allow));
    assert!(may(&list, AclOperation::Read, "orders"));
    assert!(may(&list, AclOperation::Describe, "orders"), "implied");
    assert!(!may(&list, AclOperation::Write, "orders"));
    assert!(!may(&list, AclOperation::Read, "orders-2"));
    let bert = Asker {
        principal: "User:bert",
        ..ANNA
    };
    assert!(!list.allows(bert, AclOperation::Read, ResourceType::Topic, "orders"));
}

#[test]
fn a_denial_wins() {
    let list = list(&[]);
    list.add(entry("*", AclOperation::All, Permission::Allow));
    list.add(entry("orders", AclOperation::Write, Permission::Deny));
    assert!(!may(&list, AclOperation::Write, "orders"));
    assert!(may(&list, AclOperation::Read, "orders"));
    assert!(
        may(&list, AclOperation::Describe, "orders"),
        "a denial implies nothing"
    );
    assert!(may(&list, AclOperation::Write, "clicks"));
}

#[test]
fn a_prefix_covers_what_begins_with_it() {
    let list = list(&[]);
    list.add(prefixed("ord"));
    assert!(may(&list, AclOperation::Read, "orders"));
    assert!(!may(&list, AclOperation::Read, "or"));
}

#[test]
fn an_open_list_only_guards_what_it_names() {
    let list = list(&[("allow.everyone.if.no.acl.found", "true")]);
    assert!(may(&list, AclOperation::Write, "orders"));
    list.add(entry("orders", AclOperation::Read, Permission::Allow));
    assert!(!may(&list, AclOperation::Write, "orders"));
    assert!(may(&list, AclOperation::Write, "clicks"));
}

#[test]
fn super_users_may_do_everything() {
    let list = list(&[("super.users", "User:bert; User:anna")]);
    list.add(entry("orders", AclOperation::All, Permission::Deny));
    assert!(may(&list, AclOperation::Write, "orders"));
}

#[test]
fn a_filter_matches_literally_by_prefix_or_by_what_is_covered() {
    let list = list(&[]);
    list.add(entry("orders", AclOperation::Read, Permission::Allow));
    list.add(entry("*", AclOperation::Read, Permission::Allow));
    list.add(prefixed("ord"));
    list.add(prefixed("orders"));
    let found = |pattern, name: &str| {
        let filter = AclFilter {
            pattern,
            name: Some(name.to_owned()),
            ..anything()
        };
        list.find(&filter).len()
    };
    assert_eq!(found(PatternFilter::Any, "orders"), 2);
    assert_eq!(found(PatternFilter::Match, "orders"), 4);
    assert_eq!(
        found(PatternFilter::Exactly(PatternType::Literal), "orders"),
        1
    );
    assert_eq!(
        found(PatternFilter::Exactly(PatternType::Prefixed), "ord"),
        1
    );
    assert_eq!(list.find(&anything()).len(), 4);
}

fn any_binding() -> impl Strategy<Value = AclBinding> {
    let code = |codes: std::ops::RangeInclusive<i8>| codes.boxed();
    let word = || proptest::sample::select(vec!["*", "o", "or", "orders", "User:*", "User:anna"]);
    (
        code(2..=7),
        code(3..=4),
        word(),
        word(),
        word(),
        code(2..=15),
        code(2..=3),
    )
        .prop_map(
            |(resource, pattern, name, principal, host, operation, permission)| AclBinding {
                resource: ResourceType::from_code(resource).unwrap(),
                pattern: PatternType::from_code(pattern).unwrap(),
                name: name.to_owned(),
                principal: principal.to_owned(),
                host: host.to_owned(),
                operation: AclOperation::from_code(operation).unwrap(),
                permission: Permission::from_code(permission).unwrap(),
            },
        )
}

proptest! {
    #[test]
    fn what_a_filter_removes_is_what_it_found(
        entries in proptest::collection::vec(any_binding(), 0..12),
        like in any_binding(),
        how in 0..3,
    ) {
        let list = list(&[]);
        for entry in &entries {
            list.add(entry.clone());
        }
        let filter = AclFilter {
            resource: Some(like.resource),
            pattern: match how {
                0 => PatternFilter::Any,
                1 => PatternFilter::Match,
                _ => PatternFilter::Exactly(like.pattern),
            },
            name: Some(like.name.clone()),
            ..anything()
        };
        let found = list.find(&filter);
        for entry in &found {
            prop_assert!(how != 1 || entry.covers(like.resource, &like.name));
        }
        prop_assert_eq!(&list.remove(&filter), &found);
        prop_assert!(list.find(&filter).is_empty());
    }

    #[test]
    fn a_denial_never_adds_a_right(
        entries in proptest::collection::vec(any_binding(), 0..12),
        mut denial in any_binding(),
        operation in 3..=15i8,
        topic in "o|or|orders",
    ) {
        let list = list(&[]);
        for entry in &entries {
            list.add(entry.clone());
        }
        denial.permission = Permission::Deny;
        let operation = AclOperation::from_code(operation).unwrap();
        let before = may(&list, operation, &topic);
        list.add(denial);
        prop_assert!(before || !may(&list, operation, &topic));
    }
}
