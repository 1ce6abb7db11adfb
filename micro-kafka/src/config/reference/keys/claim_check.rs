//! The keys of claim checks.

use crate::config::reference::Kind::{Size, Text};
use crate::config::reference::{Key, key};

pub(super) const CLAIM_CHECK: &[Key] = &[
    key(
        "above",
        Size,
        "",
        "payloads of more bytes go to the store; without it none do",
    ),
    key(
        "directory",
        Text,
        "",
        "the folder of a store in files, shared by all instances, unless the program gives another",
    ),
];
