//! What files of a partition are called.

use std::path::{Path, PathBuf};

/// A file that belongs to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Kind {
    /// Batches.
    Log,
    /// Positions by offset.
    Index,
    /// Offsets by time.
    TimeIndex,
    /// Aborted transactions.
    TxnIndex,
    /// The producers' state before the segment.
    Snapshot,
}

impl Kind {
    /// All of them.
    pub(in crate::log) const ALL: [Self; 5] = [
        Self::Log,
        Self::Index,
        Self::TimeIndex,
        Self::TxnIndex,
        Self::Snapshot,
    ];

    fn extension(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Index => "index",
            Self::TimeIndex => "timeindex",
            Self::TxnIndex => "txnindex",
            Self::Snapshot => "snapshot",
        }
    }
}

/// A step on the way of a file into or out of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Suffix {
    /// Part of the log.
    None,
    /// Being written by a compaction.
    Cleaned,
    /// Complete, and about to replace what it was made from.
    Swap,
    /// About to be deleted.
    Deleted,
}

impl Suffix {
    fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Cleaned => ".cleaned",
            Self::Swap => ".swap",
            Self::Deleted => ".deleted",
        }
    }
}

/// The path of a segment's file.
pub(in crate::log) fn path(dir: &Path, base_offset: i64, kind: Kind, suffix: Suffix) -> PathBuf {
    let (extension, suffix) = (kind.extension(), suffix.text());
    dir.join(format!("{base_offset:020}.{extension}{suffix}"))
}

/// A segment's file by its name; `None` for what belongs to no segment.
pub(super) fn parse(name: &str) -> Option<(i64, Kind, Suffix)> {
    let suffixes = [Suffix::Cleaned, Suffix::Swap, Suffix::Deleted];
    let found = suffixes.into_iter().find_map(|suffix| {
        let rest = name.strip_suffix(suffix.text())?;
        Some((rest, suffix))
    });
    let (rest, suffix) = found.unwrap_or((name, Suffix::None));
    let (digits, extension) = rest.split_once('.')?;
    let kind = Kind::ALL.into_iter().find(|k| k.extension() == extension)?;
    if digits.len() != 20 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, kind, suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        let name = |base, kind, suffix| path(Path::new(""), base, kind, suffix);
        assert_eq!(
            name(42, Kind::Log, Suffix::None),
            Path::new("00000000000000000042.log")
        );
        for kind in Kind::ALL {
            for suffix in [Suffix::None, Suffix::Cleaned, Suffix::Swap, Suffix::Deleted] {
                let path = name(7, kind, suffix);
                assert_eq!(parse(path.to_str().unwrap()), Some((7, kind, suffix)));
            }
        }
        for other in [
            "leader-epoch-checkpoint",
            "7.log",
            "0000000000000000000x.log",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
