//! DescribeUserScramCredentials (key 50): mechanisms and iterations of users.
//!
//! Version 0, flexible.
//!
//! Deviations: none known.

use std::collections::BTreeMap;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::acl::AclOperation;
use crate::meta::users::ScramUsers;

api! {
    key 50, versions 0..=0, flexible 0;

    request DescribeUserScramCredentialsRequest {
        users: Option<Vec<UserName>>,
    }

    response DescribeUserScramCredentialsResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
        results: Vec<DescribeUserScramCredentialsResult>,
    }

    struct UserName {
        name: String,
    }

    struct DescribeUserScramCredentialsResult {
        user: String,
        error_code: ErrorCode,
        error_message: Option<String>,
        credential_infos: Vec<CredentialInfo>,
    }

    struct CredentialInfo {
        mechanism: i8,
        iterations: i32,
    }
}

impl Handler for DescribeUserScramCredentialsRequest {
    async fn handle(
        self,
        context: &RequestContext,
    ) -> Answer<DescribeUserScramCredentialsResponse> {
        if let Err(error_code) = context.check_cluster(AclOperation::Describe) {
            return DescribeUserScramCredentialsResponse {
                error_code,
                ..DescribeUserScramCredentialsResponse::default()
            }
            .into();
        }
        let users = context.broker.users();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let asked = self.users.unwrap_or_default();
        for user in asked.into_iter().map(|user| user.name) {
            *times.entry(user).or_default() += 1;
        }
        // Nobody named means everybody.
        if times.is_empty() {
            times.extend(users.names().into_iter().map(|user| (user, 1)));
        }
        let results = times
            .into_iter()
            .map(|(user, times)| described(users, user, times));
        DescribeUserScramCredentialsResponse {
            results: results.collect(),
            ..DescribeUserScramCredentialsResponse::default()
        }
        .into()
    }
}

fn described(users: &ScramUsers, user: String, times: usize) -> DescribeUserScramCredentialsResult {
    let credentials = users.describe(&user);
    let refusal = if times > 1 {
        let text = "Cannot describe SCRAM credentials for the same user twice in a single request";
        Some((ErrorCode::DUPLICATE_RESOURCE, text))
    } else if credentials.is_empty() {
        let text = "Attempt to describe a user credential that does not exist";
        Some((ErrorCode::RESOURCE_NOT_FOUND, text))
    } else {
        None
    };
    if let Some((error_code, text)) = refusal {
        return DescribeUserScramCredentialsResult {
            error_code,
            error_message: Some(format!("{text}: {user}")),
            user,
            ..DescribeUserScramCredentialsResult::default()
        };
    }
    let credential_infos = credentials
        .into_iter()
        .map(|(mechanism, iterations)| CredentialInfo {
            mechanism: mechanism.code(),
            iterations,
        })
        .collect();
    DescribeUserScramCredentialsResult {
        user,
        credential_infos,
        ..DescribeUserScramCredentialsResult::default()
    }
}
