use super::*;
use crate::log::Retention;

fn cleanup() -> Cleanup {
    Cleanup {
        delete: false,
        compact: true,
        retention: Retention::default(),
        min_dirty_ratio: 0.5,
        min_lag_ms: 0,
        max_lag_ms: i64::MAX,
        delete_retention_ms: 0,
    }
}

/// Segments of ten offsets and 100 bytes each, with these times.
fn segments(times: &[i64]) -> Vec<SegmentInfo> {
    let segments = (0..).zip(times).map(|(i, millis)| SegmentInfo {
        base_offset: i * 10,
        end_offset: i * 10 + 10,
        size: 100,
        first_timestamp: Some(*millis),
        largest_timestamp: *millis + 5,
        ..SegmentInfo::default()
    });
    segments.collect()
}

fn span(compacted_to: i64, stable_end: i64) -> LogSpan {
    LogSpan {
        start: 0,
        compacted_to,
        stable_end,
        end: 50,
    }
}

fn range(span: LogSpan, cleanup: &Cleanup) -> DirtyRange {
    DirtyRange::of(&segments(&[100, 200, 300, 400, 500]), span, cleanup, 1000).unwrap()
}

#[test]
fn the_active_segment_is_never_in_the_range() {
    let all = range(span(0, 50), &cleanup());
    assert_eq!((all.from, all.end, all.dirty_bytes), (0, 40, 400));
    assert!((all.ratio() - 1.0).abs() < 1e-9);
    assert_eq!(DirtyRange::of(&[], span(0, 0), &cleanup(), 0), None);
    let one = DirtyRange::of(&segments(&[1]), span(0, 10), &cleanup(), 0).unwrap();
    assert!(!one.is_due(&cleanup()));
}

#[test]
fn the_range_ends_before_the_segment_with_the_last_stable_offset() {
    for (stable_end, end) in [(40, 40), (39, 30), (21, 20), (20, 20), (5, 0)] {
        assert_eq!(
            range(span(0, stable_end), &cleanup()).end,
            end,
            "{stable_end}"
        );
    }
}

#[test]
fn what_is_compacted_is_not_dirty() {
    let half = range(span(20, 50), &cleanup());
    assert_eq!(
        (half.from, half.clean_bytes, half.dirty_bytes),
        (20, 200, 200)
    );
    assert!(!half.is_due(&cleanup()), "half is not more than half");
    assert!(range(span(10, 50), &cleanup()).is_due(&cleanup()));
    assert_eq!(range(span(40, 50), &cleanup()).dirty_bytes, 0);
    assert_eq!(range(span(60, 50), &cleanup()).from, 0, "beyond the end");
    let deleted = LogSpan {
        start: 30,
        ..span(10, 50)
    };
    assert_eq!(range(deleted, &cleanup()).from, 30, "before the start");
}

#[test]
fn young_segments_wait_for_the_shortest_lag() {
    let lag = |min_lag_ms| Cleanup {
        min_lag_ms,
        ..cleanup()
    };
    assert_eq!(range(span(0, 50), &lag(595)).end, 40);
    assert_eq!(
        range(span(0, 50), &lag(596)).end,
        30,
        "405 is not old enough"
    );
    assert_eq!(range(span(0, 50), &lag(2000)).end, 0);
}

#[test]
fn old_segments_do_not_wait_for_the_ratio() {
    let lag = |max_lag_ms| Cleanup {
        max_lag_ms,
        min_dirty_ratio: 1.0,
        ..cleanup()
    };
    assert!(!range(span(10, 50), &lag(800)).is_due(&lag(800)));
    assert!(range(span(10, 50), &lag(799)).is_due(&lag(799)));
}
