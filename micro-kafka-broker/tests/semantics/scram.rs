//! Users and their SCRAM credentials.

use bytes::Bytes;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, ApiKey,
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};

use crate::kafka::{Kafka, text};

const SHA_256: i8 = 1;
const SHA_512: i8 = 2;

const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
const RESOURCE_NOT_FOUND: i16 = 91;
const DUPLICATE_RESOURCE: i16 = 92;
const UNACCEPTABLE_CREDENTIAL: i16 = 93;

fn credential(user: &str, mechanism: i8, iterations: i32) -> ScramCredentialUpsertion {
    ScramCredentialUpsertion::default()
        .with_name(text(user))
        .with_mechanism(mechanism)
        .with_iterations(iterations)
        .with_salt(Bytes::from_static(b"salt"))
        .with_salted_password(Bytes::from_static(b"salted password"))
}

fn deletion(user: &str, mechanism: i8) -> ScramCredentialDeletion {
    ScramCredentialDeletion::default()
        .with_name(text(user))
        .with_mechanism(mechanism)
}

impl Kafka {
    /// Codes and texts by user, in the order of their names.
    async fn alter_users(
        &mut self,
        deletions: Vec<ScramCredentialDeletion>,
        upsertions: Vec<ScramCredentialUpsertion>,
    ) -> Vec<(String, i16, String)> {
        let request = AlterUserScramCredentialsRequest::default()
            .with_deletions(deletions)
            .with_upsertions(upsertions);
        let key = ApiKey::AlterUserScramCredentials;
        let answer: AlterUserScramCredentialsResponse = self.client.call(key, 0, &request).await;
        let results = answer.results.into_iter().map(|result| {
            let message = result.error_message.unwrap_or_default();
            (
                result.user.to_string(),
                result.error_code,
                message.to_string(),
            )
        });
        let mut results: Vec<_> = results.collect();
        results.sort();
        results
    }

    /// Mechanisms and iterations of a user.
    async fn user(&mut self, user: &str) -> Result<Vec<(i8, i32)>, i16> {
        let asked = UserName::default().with_name(text(user));
        let request = DescribeUserScramCredentialsRequest::default().with_users(Some(vec![asked]));
        let key = ApiKey::DescribeUserScramCredentials;
        let mut answer: DescribeUserScramCredentialsResponse =
            self.client.call(key, 0, &request).await;
        assert_eq!(answer.error_code, 0);
        let result = answer.results.remove(0);
        assert_eq!(result.user.as_str(), user);
        let credentials = result.credential_infos.iter();
        let mut credentials: Vec<_> = credentials.map(|c| (c.mechanism, c.iterations)).collect();
        credentials.sort_unstable();
        match result.error_code {
            0 => Ok(credentials),
            code => Err(code),
        }
    }

    /// Apache Kafka's broker learns of a change a moment later.
    async fn until_user(&mut self, user: &str, expected: Result<Vec<(i8, i32)>, i16>) {
        while self.user(user).await != expected {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn credentials_are_set_shown_and_removed() {
    let mut kafka = Kafka::start().await;
    let user = kafka.name("anna");
    assert_eq!(kafka.user(&user).await, Err(RESOURCE_NOT_FOUND));
    let set = vec![credential(&user, SHA_256, 4096)];
    let done = (user.clone(), 0, String::new());
    assert_eq!(
        kafka.alter_users(vec![], set).await,
        std::slice::from_ref(&done)
    );
    kafka.until_user(&user, Ok(vec![(SHA_256, 4096)])).await;
    let other = vec![credential(&user, SHA_512, 8192)];
    assert_eq!(
        kafka.alter_users(vec![], other).await,
        std::slice::from_ref(&done)
    );
    kafka
        .until_user(&user, Ok(vec![(SHA_256, 4096), (SHA_512, 8192)]))
        .await;
    for mechanism in [SHA_256, SHA_512] {
        let removed = vec![deletion(&user, mechanism)];
        assert_eq!(
            kafka.alter_users(removed, vec![]).await,
            std::slice::from_ref(&done)
        );
    }
    kafka.until_user(&user, Err(RESOURCE_NOT_FOUND)).await;
}

#[tokio::test]
async fn impossible_credentials_are_refused() {
    let mut kafka = Kafka::start().await;
    let user = kafka.name("bert");
    for (set, code) in [
        (credential(&user, SHA_256, 4095), UNACCEPTABLE_CREDENTIAL),
        (credential(&user, SHA_256, 16_385), UNACCEPTABLE_CREDENTIAL),
        (credential("", SHA_256, 4096), UNACCEPTABLE_CREDENTIAL),
        (credential(&user, 3, 4096), UNSUPPORTED_SASL_MECHANISM),
    ] {
        let results = kafka.alter_users(vec![], vec![set.clone()]).await;
        let expected = (set.name.to_string(), code);
        assert_eq!(
            (results[0].0.clone(), results[0].1),
            expected,
            "{}",
            results[0].2
        );
        assert!(!results[0].2.is_empty());
    }
    let removed = vec![deletion(&user, SHA_256)];
    let results = kafka.alter_users(removed, vec![]).await;
    assert_eq!((results[0].1, results.len()), (RESOURCE_NOT_FOUND, 1));
    assert_eq!(kafka.user(&user).await, Err(RESOURCE_NOT_FOUND));
}

#[tokio::test]
async fn a_user_is_named_once_in_a_request() {
    let mut kafka = Kafka::start().await;
    let (twice, once) = (kafka.name("twice"), kafka.name("zoe"));
    let set = vec![
        credential(&twice, SHA_256, 4096),
        credential(&twice, SHA_512, 4096),
        credential(&once, SHA_256, 4096),
    ];
    let results = kafka.alter_users(vec![], set).await;
    let codes: Vec<_> = results.iter().map(|r| (r.0.as_str(), r.1)).collect();
    assert_eq!(
        codes,
        [(twice.as_str(), DUPLICATE_RESOURCE), (once.as_str(), 0)]
    );
    kafka.until_user(&once, Ok(vec![(SHA_256, 4096)])).await;
    assert_eq!(kafka.user(&twice).await, Err(RESOURCE_NOT_FOUND));
    let removed = vec![deletion(&once, SHA_256)];
    assert_eq!(kafka.alter_users(removed, vec![]).await[0].1, 0);
}
