//! DescribeAcls (key 29): the entries of the access control list that a filter means.
//!
//! Versions 1–3. 2 is flexible, 3 knows the resource type of users.
//!
//! Deviations: none known.

use super::acl::FilterCodes;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::acl::{AclBinding, AclOperation};

/// What is answered without an authorizer; whoever wants changes is told it in other words.
const NO_AUTHORIZER: &str = "No Authorizer is configured on the broker";

api! {
    key 29, versions 1..=3, flexible 2;

    request DescribeAclsRequest {
        resource_type_filter: i8,
        resource_name_filter: Option<String>,
        pattern_type_filter: i8 = 3,
        principal_filter: Option<String>,
        host_filter: Option<String>,
        operation: i8,
        permission_type: i8,
    }

    response DescribeAclsResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
        resources: Vec<DescribeAclsResource>,
    }

    struct DescribeAclsResource {
        resource_type: i8,
        resource_name: String,
        pattern_type: i8 = 3,
        acls: Vec<AclDescription>,
    }

    struct AclDescription {
        principal: String,
        host: String,
        operation: i8,
        permission_type: i8,
    }
}

impl Handler for DescribeAclsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeAclsResponse> {
        let codes = FilterCodes {
            resource: self.resource_type_filter,
            pattern: self.pattern_type_filter,
            name: self.resource_name_filter,
            principal: self.principal_filter,
            host: self.host_filter,
            operation: self.operation,
            permission: self.permission_type,
        };
        if codes.is_unreadable() {
            return Answer::Close("a filter of DescribeAcls has an UNKNOWN element");
        }
        if let Err(error_code) = context.check_cluster(AclOperation::Describe) {
            return refusal(error_code, None).into();
        }
        let Some(access) = context.broker.access() else {
            return refusal(ErrorCode::SECURITY_DISABLED, Some(NO_AUTHORIZER)).into();
        };
        // A code without meaning fits no entry.
        let found = codes.filter().map(|filter| access.find(&filter));
        DescribeAclsResponse {
            resources: by_resource(found.unwrap_or_default()),
            ..DescribeAclsResponse::default()
        }
        .into()
    }
}

fn refusal(error_code: ErrorCode, message: Option<&str>) -> DescribeAclsResponse {
    DescribeAclsResponse {
        error_code,
        error_message: message.map(str::to_owned),
        ..DescribeAclsResponse::default()
    }
}

/// Entries come sorted, so that those of a resource follow one another.
fn by_resource(entries: Vec<AclBinding>) -> Vec<DescribeAclsResource> {
    let mut resources: Vec<DescribeAclsResource> = Vec::new();
    for entry in entries {
        let (resource_type, pattern_type) = (entry.resource.code(), entry.pattern.code());
        let acl = AclDescription {
            principal: entry.principal,
            host: entry.host,
            operation: entry.operation.code(),
            permission_type: entry.permission.code(),
        };
        match resources.last_mut() {
            Some(last)
                if last.resource_type == resource_type
                    && last.pattern_type == pattern_type
                    && last.resource_name == entry.name =>
            {
                last.acls.push(acl);
            }
            _ => resources.push(DescribeAclsResource {
                resource_type,
                resource_name: entry.name,
                pattern_type,
                acls: vec![acl],
            }),
        }
    }
    resources
}
