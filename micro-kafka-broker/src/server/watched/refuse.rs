//! Errors put where an API's answer has them.

use super::entry::{BARE, Entry, Leaf};
use crate::api::ErrorCode;
use crate::fault::ApiKey;
use crate::wire::{List, Node, Structure};

/// Fields that say what an element is about, by what they stand for.
fn meaning(field: &str) -> Option<&'static str> {
    Some(match field {
        "name" | "topic" | "topic_name" | "user" | "feature" => "name",
        "partition" | "partition_index" | "index" | "partition_id" => "partition",
        "topic_id" => "topic_id",
        "group_id" => "group_id",
        "transactional_id" => "transactional_id",
        "key" => "key",
        "member_id" => "member_id",
        "group_instance_id" => "group_instance_id",
        "producer_id" => "producer_id",
        "resource_type" => "resource_type",
        "resource_name" => "resource_name",
        _ => return None,
    })
}

/// Makes an answer refuse a whole request.
pub(super) fn refuse_all(
    answer: &mut dyn Structure,
    version: i16,
    api: ApiKey,
    request: &Entry,
    error: ErrorCode,
) {
    // There the error of the whole stands for something else.
    let by_parts = matches!(api, ApiKey::Fetch | ApiKey::Metadata);
    let nothing_named = entries(request).next().is_none();
    let whole = (!by_parts || nothing_named) && set_error(answer, version, error);
    match whole {
        true => copy_keys(answer, version, request),
        false => refuse_parts(answer, version, request, error),
    }
}

/// Makes an answer refuse those parts of a request.
pub(super) fn refuse_parts(
    answer: &mut dyn Structure,
    version: i16,
    request: &Entry,
    error: ErrorCode,
) {
    let mut done = false;
    answer.visit(version, &mut |_, node| {
        if let Node::List(list) = node
            && !done
            && bears_errors(list, version)
        {
            done = true;
            for entry in entries(request) {
                refuse_element(list, version, entry, error);
            }
        }
    });
}

/// What a request asks for, one by one.
fn entries(request: &Entry) -> impl Iterator<Item = &Entry> {
    let lists = request.lists.iter();
    let lists = lists.filter(|(name, _)| *name != "forgotten_topics_data");
    lists.flat_map(|(name, entries)| match *name {
        // Their topics are answered, not they.
        "dirs" => entries
            .iter()
            .flat_map(|dir| &dir.lists)
            .flat_map(|(_, topics)| topics)
            .collect(),
        _ => entries.iter().collect::<Vec<_>>(),
    })
}

/// Whether elements of a list have errors, or lists of such.
fn bears_errors(list: &mut dyn List, version: i16) -> bool {
    let at = list.count();
    list.grow();
    let bears = match list.nth(at) {
        Node::Structure(structure) => {
            let mut bears = false;
            structure.visit(version, &mut |_, node| match node {
                Node::Error(_) => bears = true,
                Node::List(inner) => bears = bears || bears_errors(inner, version),
                _ => {}
            });
            bears
        }
        _ => false,
    };
    list.take(at);
    bears
}

/// Refuses an element, which is added if it is not there.
fn refuse_element(list: &mut dyn List, version: i16, entry: &Entry, error: ErrorCode) {
    let known = (0..list.count()).find(|nth| is_about(list.nth(*nth), version, entry));
    let nth = known.unwrap_or_else(|| {
        list.grow();
        list.count() - 1
    });
    let Node::Structure(element) = list.nth(nth) else {
        return;
    };
    copy_keys(element, version, entry);
    let parts = entry.lists.iter().any(|(_, parts)| !parts.is_empty());
    let mut deeper = false;
    if parts {
        element.visit(version, &mut |name, node| {
            if let Node::List(inner) = node
                && name != "configs"
                && bears_errors(inner, version)
            {
                deeper = true;
                for (_, parts) in &entry.lists {
                    for part in parts {
                        refuse_element(inner, version, part, error);
                    }
                }
            }
        });
    }
    if !deeper {
        set_error(element, version, error);
        empty(element, version);
    }
}

/// Whether an element of an answer is about what was asked.
fn is_about(node: Node<'_>, version: i16, entry: &Entry) -> bool {
    let Node::Structure(element) = node else {
        return false;
    };
    let own = Entry::read(element, version);
    let mut common = own.fields.iter().filter_map(|(name, leaf)| {
        let asked = asked(entry, meaning(name)?, leaf)?;
        Some(asked == leaf)
    });
    let first = common.next();
    first == Some(true) && common.all(|same| same)
}

/// What was asked for by a field of that meaning, of the same kind as `like`.
fn asked<'e>(entry: &'e Entry, wanted: &str, like: &Leaf) -> Option<&'e Leaf> {
    let mut fields = entry.fields.iter();
    let found = fields.find(|(name, leaf)| {
        let same_kind = std::mem::discriminant(leaf) == std::mem::discriminant(like);
        same_kind && (*name == BARE || meaning(name) == Some(wanted))
    });
    found.map(|(_, leaf)| leaf)
}

fn copy_keys(element: &mut dyn Structure, version: i16, entry: &Entry) {
    element.visit(version, &mut |name, node| {
        let Some(wanted) = meaning(name) else { return };
        let of = |like: Leaf| asked(entry, wanted, &like).cloned();
        match node {
            Node::Byte(place) => {
                if let Some(Leaf::Byte(value)) = of(Leaf::Byte(0)) {
                    *place = value;
                }
            }
            Node::Int(place) => {
                if let Some(Leaf::Int(value)) = of(Leaf::Int(0)) {
                    *place = value;
                }
            }
            Node::Long(place) => {
                if let Some(Leaf::Long(value)) = of(Leaf::Long(0)) {
                    *place = value;
                }
            }
            Node::Id(place) => {
                if let Some(Leaf::Id(value)) = of(Leaf::Id(*place)) {
                    *place = value;
                }
            }
            Node::Text(place) => {
                if let Some(Leaf::Text(value)) = of(Leaf::Text(String::new())) {
                    *place = value;
                }
            }
            Node::MaybeText(place) => {
                if let Some(Leaf::Text(value)) = of(Leaf::Text(String::new())) {
                    *place = Some(value);
                }
            }
            _ => {}
        }
    });
}

/// Sets the error of a structure itself; whether it has one.
fn set_error(structure: &mut dyn Structure, version: i16, error: ErrorCode) -> bool {
    let mut found = false;
    structure.visit(version, &mut |name, node| {
        if let Node::Error(place) = node
            && matches!(name, "error_code" | "partition_error_code")
        {
            *place = error;
            found = true;
        }
    });
    found
}

/// Takes out what goes with success.
fn empty(element: &mut dyn Structure, version: i16) {
    element.visit(version, &mut |name, node| match (name, node) {
        (_, Node::Records(records)) => *records = crate::wire::Records::new(),
        ("base_offset" | "offset" | "end_offset" | "committed_offset", Node::Long(offset)) => {
            *offset = -1;
        }
        ("partitions", Node::List(list)) => {
            for nth in (0..list.count()).rev() {
                list.take(nth);
            }
        }
        _ => {}
    });
}
