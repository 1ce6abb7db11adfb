//! CreateAcls (key 30): adds entries to the access control list.
//!
//! Versions 1–3. 2 is flexible, 3 knows the resource type of users.
//!
//! Deviations: none known.

use super::acl::{NO_AUTHORIZER, UNKNOWN};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::acl::{
    AclBinding, AclOperation, CLUSTER_NAME, PatternType, Permission, ResourceType,
};

api! {
    key 30, versions 1..=3, flexible 2;

    request CreateAclsRequest {
        creations: Vec<AclCreation>,
    }

    response CreateAclsResponse {
        throttle_time_ms: i32,
        results: Vec<AclCreationResult>,
    }

    struct AclCreation {
        resource_type: i8,
        resource_name: String,
        resource_pattern_type: i8 = 3,
        principal: String,
        host: String,
        operation: i8,
        permission_type: i8,
    }

    struct AclCreationResult {
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}

impl Handler for CreateAclsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<CreateAclsResponse> {
        if self.creations.iter().any(is_unreadable) {
            return Answer::Close("an entry of CreateAcls has an UNKNOWN element");
        }
        let allowed = context.check_cluster(AclOperation::Alter);
        let results = self
            .creations
            .into_iter()
            .map(|creation| {
                let created = allowed
                    .map_err(|code| (code, None))
                    .and_then(|()| create(context, creation));
                let (error_code, error_message) = created.err().unwrap_or_default();
                AclCreationResult {
                    error_code,
                    error_message,
                }
            })
            .collect();
        CreateAclsResponse {
            results,
            ..CreateAclsResponse::default()
        }
        .into()
    }
}

fn is_unreadable(creation: &AclCreation) -> bool {
    [
        creation.resource_type,
        creation.resource_pattern_type,
        creation.operation,
        creation.permission_type,
    ]
    .contains(&UNKNOWN)
}

/// An error code with its text.
type Refused = (ErrorCode, Option<String>);

fn create(context: &RequestContext, creation: AclCreation) -> Result<(), Refused> {
    let access = context
        .broker
        .access()
        .ok_or((ErrorCode::SECURITY_DISABLED, Some(NO_AUTHORIZER.to_owned())))?;
    let entry = binding(creation).map_err(|text| (ErrorCode::INVALID_REQUEST, Some(text)))?;
    access.add(entry);
    Ok(())
}

fn binding(creation: AclCreation) -> Result<AclBinding, String> {
    let resource = ResourceType::from_code(creation.resource_type)
        .ok_or_else(|| format!("Invalid resourceType {}", creation.resource_type))?;
    if resource == ResourceType::Cluster && creation.resource_name != CLUSTER_NAME {
        return Err(format!(
            "The only valid name for the CLUSTER resource is {CLUSTER_NAME}"
        ));
    }
    if creation.resource_name.is_empty() {
        return Err("Invalid empty resource name".to_owned());
    }
    let pattern = PatternType::from_code(creation.resource_pattern_type)
        .ok_or_else(|| format!("Invalid patternType {}", creation.resource_pattern_type))?;
    let operation = AclOperation::from_code(creation.operation)
        .ok_or_else(|| format!("Invalid operation {}", creation.operation))?;
    let permission = Permission::from_code(creation.permission_type)
        .ok_or_else(|| format!("Invalid permissionType {}", creation.permission_type))?;
    if !creation.principal.contains(':') {
        return Err(format!(
            "Could not parse principal from `{}` (no colon is present separating the principal \
             type from the principal name)",
            creation.principal
        ));
    }
    Ok(AclBinding {
        resource,
        pattern,
        name: creation.resource_name,
        principal: creation.principal,
        host: creation.host,
        operation,
        permission,
    })
}
