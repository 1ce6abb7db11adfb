//! DeleteAcls (key 31): removes the entries of the access control list that filters mean.
//!
//! Versions 1–3. 2 is flexible, 3 knows the resource type of users.
//!
//! Deviations: none known.

use super::acl::{FilterCodes, NO_AUTHORIZER};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::acl::{AclBinding, AclOperation};

api! {
    key 31, versions 1..=3, flexible 2;

    request DeleteAclsRequest {
        filters: Vec<DeleteAclsFilter>,
    }

    response DeleteAclsResponse {
        throttle_time_ms: i32,
        filter_results: Vec<DeleteAclsFilterResult>,
    }

    struct DeleteAclsFilter {
        resource_type_filter: i8,
        resource_name_filter: Option<String>,
        pattern_type_filter: i8 = 3,
        principal_filter: Option<String>,
        host_filter: Option<String>,
        operation: i8,
        permission_type: i8,
    }

    struct DeleteAclsFilterResult {
        error_code: ErrorCode,
        error_message: Option<String>,
        matching_acls: Vec<DeleteAclsMatchingAcl>,
    }

    struct DeleteAclsMatchingAcl {
        error_code: ErrorCode,
        error_message: Option<String>,
        resource_type: i8,
        resource_name: String,
        pattern_type: i8 = 3,
        principal: String,
        host: String,
        operation: i8,
        permission_type: i8,
    }
}

impl Handler for DeleteAclsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DeleteAclsResponse> {
        let filters: Vec<FilterCodes> = self.filters.into_iter().map(codes).collect();
        if filters.iter().any(FilterCodes::is_unreadable) {
            return Answer::Close("a filter of DeleteAcls has an UNKNOWN element");
        }
        let allowed = context.check_cluster(AclOperation::Alter);
        let filter_results = filters
            .into_iter()
            .map(|filter| match allowed {
                Ok(()) => remove(context, filter),
                Err(error_code) => refusal(error_code, None),
            })
            .collect();
        DeleteAclsResponse {
            filter_results,
            ..DeleteAclsResponse::default()
        }
        .into()
    }
}

fn codes(filter: DeleteAclsFilter) -> FilterCodes {
    FilterCodes {
        resource: filter.resource_type_filter,
        pattern: filter.pattern_type_filter,
        name: filter.resource_name_filter,
        principal: filter.principal_filter,
        host: filter.host_filter,
        operation: filter.operation,
        permission: filter.permission_type,
    }
}

fn remove(context: &RequestContext, codes: FilterCodes) -> DeleteAclsFilterResult {
    let Some(access) = context.broker.access() else {
        return refusal(ErrorCode::SECURITY_DISABLED, Some(NO_AUTHORIZER));
    };
    match codes.filter() {
        Ok(filter) => DeleteAclsFilterResult {
            matching_acls: access.remove(&filter).into_iter().map(removed).collect(),
            ..DeleteAclsFilterResult::default()
        },
        Err(text) => refusal(ErrorCode::INVALID_REQUEST, Some(text)),
    }
}

fn refusal(error_code: ErrorCode, message: Option<&str>) -> DeleteAclsFilterResult {
    DeleteAclsFilterResult {
        error_code,
        error_message: message.map(str::to_owned),
        ..DeleteAclsFilterResult::default()
    }
}

fn removed(entry: AclBinding) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl {
        resource_type: entry.resource.code(),
        resource_name: entry.name,
        pattern_type: entry.pattern.code(),
        principal: entry.principal,
        host: entry.host,
        operation: entry.operation.code(),
        permission_type: entry.permission.code(),
        ..DeleteAclsMatchingAcl::default()
    }
}
