//! AlterUserScramCredentials (key 51): sets and removes passwords of users.
//!
//! Version 0, flexible.
//!
//! Deviations: the credentials are kept for users to come; no listener asks for them yet.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::acl::AclOperation;
use crate::meta::users::{Change, Credential, Mechanism, UserError};
use bytes::Bytes;

api! {
    key 51, versions 0..=0, flexible 0;

    request AlterUserScramCredentialsRequest {
        deletions: Vec<ScramCredentialDeletion>,
        upsertions: Vec<ScramCredentialUpsertion>,
    }

    response AlterUserScramCredentialsResponse {
        throttle_time_ms: i32,
        results: Vec<AlterUserScramCredentialsResult>,
    }

    struct ScramCredentialDeletion {
        name: String,
        mechanism: i8,
    }

    struct ScramCredentialUpsertion {
        name: String,
        mechanism: i8,
        iterations: i32,
        salt: Bytes,
        salted_password: Bytes,
    }

    struct AlterUserScramCredentialsResult {
        user: String,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}

impl Handler for AlterUserScramCredentialsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<AlterUserScramCredentialsResponse> {
        let changes = self.changes();
        let allowed = context.check_cluster(AclOperation::Alter);
        let results = match allowed {
            Ok(()) => context
                .broker
                .users()
                .change(&changes)
                .into_iter()
                .map(|(user, changed)| result(user, changed))
                .collect(),
            Err(error_code) => changes
                .into_iter()
                .map(|change| AlterUserScramCredentialsResult {
                    user: change.user,
                    error_code,
                    ..AlterUserScramCredentialsResult::default()
                })
                .collect(),
        };
        AlterUserScramCredentialsResponse {
            results,
            ..AlterUserScramCredentialsResponse::default()
        }
        .into()
    }
}

impl AlterUserScramCredentialsRequest {
    fn changes(self) -> Vec<Change> {
        let removed = self.deletions.into_iter().map(|deletion| Change {
            user: deletion.name,
            mechanism: Mechanism::from_code(deletion.mechanism),
            credential: None,
        });
        let set = self.upsertions.into_iter().map(|upsertion| Change {
            user: upsertion.name,
            mechanism: Mechanism::from_code(upsertion.mechanism),
            credential: Some(Credential {
                iterations: upsertion.iterations,
                salt: upsertion.salt.to_vec(),
                salted_password: upsertion.salted_password.to_vec(),
            }),
        });
        removed.chain(set).collect()
    }
}

fn result(user: String, changed: Result<(), UserError>) -> AlterUserScramCredentialsResult {
    let error = changed.err();
    AlterUserScramCredentialsResult {
        user,
        error_code: error.map_or(ErrorCode::NONE, ErrorCode::from),
        error_message: error.map(|error| error.to_string()),
    }
}

impl From<UserError> for ErrorCode {
    fn from(error: UserError) -> Self {
        match error {
            UserError::EmptyName | UserError::TooFewIterations | UserError::TooManyIterations => {
                Self::UNACCEPTABLE_CREDENTIAL
            }
            UserError::UnknownMechanism => Self::UNSUPPORTED_SASL_MECHANISM,
            UserError::Twice => Self::DUPLICATE_RESOURCE,
            UserError::NotThere => Self::RESOURCE_NOT_FOUND,
        }
    }
}
