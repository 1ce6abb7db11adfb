//! Which segments become one.

use crate::log::SegmentInfo;

/// Bounds of what becomes one segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupLimit {
    /// Bytes of batches (`segment.bytes`).
    pub(crate) bytes: usize,
    /// Bytes of an index (`segment.index.bytes`).
    pub(crate) index_bytes: usize,
}

/// Groups neighbouring segments whose sum would still be a segment, so that they do not become
/// ever smaller.
pub(crate) fn grouped(segments: &[SegmentInfo], limit: GroupLimit) -> Vec<&[SegmentInfo]> {
    let mut groups = Vec::new();
    let mut rest = segments;
    while let [first, more @ ..] = rest {
        let (mut bytes, mut index_bytes) = (first.size, first.index_bytes);
        let fitting = more.iter().take_while(|next| {
            bytes += next.size;
            index_bytes += next.index_bytes;
            // Positions in a segment are relative to its first offset.
            bytes <= limit.bytes
                && index_bytes <= limit.index_bytes
                && i32::try_from(next.end_offset - first.base_offset).is_ok()
        });
        let (group, others) = rest.split_at(1 + fitting.count());
        groups.push(group);
        rest = others;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(base_offset: i64, end_offset: i64, size: usize) -> SegmentInfo {
        SegmentInfo {
            base_offset,
            end_offset,
            size,
            ..SegmentInfo::default()
        }
    }

    #[test]
    fn groups_are_no_larger_than_a_segment() {
        let far = i64::from(i32::MAX);
        let segments = [
            segment(0, 10, 40),
            segment(10, 20, 50),
            segment(20, 30, 20),
            segment(30, 40, 300),
            segment(40, 50, 0),
            segment(50, far + 41, 5),
        ];
        let limit = GroupLimit {
            bytes: 100,
            index_bytes: 100,
        };
        let sizes = |limit| {
            let groups = grouped(&segments, limit);
            groups.iter().map(|group| group.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(limit), [2, 1, 1, 1, 1]);
        let wide = GroupLimit {
            bytes: 1000,
            index_bytes: 100,
        };
        assert_eq!(sizes(wide), [5, 1]);
        assert!(grouped(&[], limit).is_empty());
    }
}
