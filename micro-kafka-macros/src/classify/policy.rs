//! What an attribute asks for, and the fields it is about.

use syn::spanned::Spanned as _;
use syn::{Field, Fields, Index, Member, Type};

use crate::listener::Retry;

/// The policy of one variant.
pub(super) enum Policy {
    Inherit,
    DeadLetter,
    Retry(Retry),
    RetryAfter(Subject),
    Skip,
    Park,
    Stop,
    Transparent(Subject),
}

/// The field that a policy is about.
pub(super) struct Subject {
    pub(super) member: Member,
    pub(super) ty: Type,
}

/// The one field, or the one of type `Duration`.
pub(super) fn field_with_delay(fields: &Fields) -> Result<Subject, &'static str> {
    let all: Vec<Subject> = subjects(fields);
    let is_only = all.len() == 1;
    let mut delays = all
        .into_iter()
        .filter(|subject| is_only || is_duration(&subject.ty));
    match (delays.next(), delays.next()) {
        (Some(delay), None) => Ok(delay),
        (None, _) => Err("`retry_after` needs a field with the delay: a `std::time::Duration`"),
        (Some(_), Some(_)) => Err("`retry_after` needs one `Duration`, and there are several"),
    }
}

/// The one field, which says what is to become of the record.
pub(super) fn only_field(fields: &Fields) -> Result<Subject, &'static str> {
    let mut all = subjects(fields).into_iter();
    match (all.next(), all.next()) {
        (Some(subject), None) => Ok(subject),
        _ => Err("`transparent` needs exactly one field, which implements `Classify`"),
    }
}

fn subjects(fields: &Fields) -> Vec<Subject> {
    let member = |(at, field): (usize, &Field)| {
        let at = Index {
            index: u32::try_from(at).unwrap_or(u32::MAX),
            span: field.span(),
        };
        Subject {
            member: field.ident.clone().map_or(at.into(), Into::into),
            ty: field.ty.clone(),
        }
    };
    fields.iter().enumerate().map(member).collect()
}

fn is_duration(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "Duration"),
        _ => false,
    }
}
