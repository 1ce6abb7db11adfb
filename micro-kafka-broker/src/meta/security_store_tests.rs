use std::fs;

use super::*;
use crate::log::disk::temporary::TemporaryDir;
use crate::meta::BrokerConfig;
use crate::meta::acl::{
    AccessList, AclFilter, AclOperation, PatternFilter, PatternType, Permission, ResourceType,
};
use crate::meta::users::{Change, Credential, Mechanism, ScramUsers};

fn open(dir: &TemporaryDir) -> Result<Arc<SecurityStore>, StoreError> {
    SecurityStore::open(&DataDir::open(dir.path(), 3).unwrap())
}

fn access(store: &Arc<SecurityStore>) -> AccessList {
    let authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let config = BrokerConfig::new([("authorizer.class.name", authorizer)]).unwrap();
    AccessList::from_config(&config, Some(store)).unwrap()
}

fn entry(name: &str) -> AclBinding {
    AclBinding {
        resource: ResourceType::Topic,
        pattern: PatternType::Prefixed,
        name: name.to_owned(),
        principal: "User:anna".to_owned(),
        host: "*".to_owned(),
        operation: AclOperation::Read,
        permission: Permission::Allow,
    }
}

fn change(user: &str, credential: Option<Credential>) -> Change {
    Change {
        user: user.to_owned(),
        mechanism: Some(Mechanism::Sha512),
        credential,
    }
}

fn named(name: Option<&str>) -> AclFilter {
    AclFilter {
        resource: None,
        pattern: PatternFilter::Any,
        name: name.map(str::to_owned),
        principal: None,
        host: None,
        operation: None,
        permission: None,
    }
}

#[test]
fn rights_and_users_come_back_until_they_are_removed() {
    let dir = TemporaryDir::new();
    let credential = Credential {
        iterations: 4096,
        salt: vec![0, 255],
        salted_password: vec![7],
    };
    let store = open(&dir).unwrap();
    access(&store).add(entry("a"));
    access(&store).add(entry("b"));
    let users = ScramUsers::kept(Arc::clone(&store));
    users.change(&[change("anna", Some(credential.clone()))]);
    users.change(&[change("bert", Some(credential))]);

    let store = open(&dir).unwrap();
    let entries = access(&store).find(&named(None));
    assert_eq!(entries, [entry("a"), entry("b")]);
    let users = ScramUsers::kept(Arc::clone(&store));
    assert_eq!(users.describe("anna"), [(Mechanism::Sha512, 4096)]);
    access(&store).remove(&named(Some("a")));
    users.change(&[change("anna", None)]);

    let store = open(&dir).unwrap();
    let entries = access(&store).find(&named(None));
    assert_eq!(entries, [entry("b")]);
    assert_eq!(ScramUsers::kept(store).names(), ["bert"]);
}

#[test]
fn a_file_that_cannot_be_understood_is_named() {
    for content in ["{", r#"{"version":2}"#] {
        let dir = TemporaryDir::new();
        fs::write(dir.path().join(NAME), content).unwrap();
        let error = open(&dir).unwrap_err();
        assert!(error.to_string().contains(NAME), "{error}");
    }
}
