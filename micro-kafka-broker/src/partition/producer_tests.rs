use proptest::prelude::*;

use super::*;
use crate::batch::BatchBuilder;

fn header(epoch: i16, sequence: i32, records: i32) -> Header {
    let mut header = Header::read(
        &BatchBuilder::new()
            .producer(9, epoch, sequence)
            .value("a")
            .build(),
    )
    .unwrap();
    header.last_offset_delta = records - 1;
    header
}

fn check(producers: &Producers, header: &Header) -> Result<Sequenced, ProducerError> {
    producers.check(header, Admission::Plain)
}

fn append(producers: &mut Producers, header: &Header, offset: i64) {
    assert_eq!(check(producers, header), Ok(Sequenced::Next));
    producers.appended(header, offset, 0);
}

#[test]
fn a_retry_within_five_batches_gets_its_original_offset() {
    let mut producers = Producers::default();
    for i in 0..6 {
        append(&mut producers, &header(0, i * 10, 10), i64::from(i) * 10);
    }
    for i in 1..6 {
        let again = check(&producers, &header(0, i * 10, 10)).unwrap();
        assert_eq!(
            again,
            Sequenced::Duplicate {
                base_offset: i64::from(i) * 10,
                timestamp: 0
            }
        );
    }
    assert!(
        check(&producers, &header(0, 0, 10)).is_err(),
        "the sixth last is forgotten"
    );
    assert!(
        check(&producers, &header(0, 50, 9)).is_err(),
        "same start, other length"
    );
}

#[test]
fn a_gap_is_out_of_order() {
    let mut producers = Producers::default();
    append(&mut producers, &header(0, 0, 1), 0);
    let refused = check(&producers, &header(0, 2, 1)).unwrap_err();
    assert_eq!(
        refused,
        ProducerError::OutOfOrder {
            producer_id: 9,
            sequence: 2,
            last: 0
        }
    );
}

#[test]
fn an_unknown_producer_begins_anywhere_and_a_new_epoch_at_zero() {
    let mut producers = Producers::default();
    append(&mut producers, &header(0, 77, 1), 0);
    assert!(check(&producers, &header(1, 78, 1)).is_err());
    append(&mut producers, &header(1, 0, 1), 1);
    assert!(matches!(
        check(&producers, &header(0, 78, 1)),
        Err(ProducerError::StaleEpoch { .. })
    ));
}

#[test]
fn sequences_wrap_after_two_to_the_31() {
    let mut producers = Producers::default();
    append(&mut producers, &header(0, i32::MAX - 1, 2), 0);
    append(&mut producers, &header(0, 0, 1), 2);
    let mut producers = Producers::default();
    append(&mut producers, &header(0, i32::MAX, 3), 0);
    append(&mut producers, &header(0, 2, 1), 3);
}

#[test]
fn what_is_kept_recognises_the_last_batch_also_across_the_wrap() {
    let mut producers = Producers::default();
    let last = header(0, i32::MAX - 1, 5);
    append(&mut producers, &last, 40);
    let kept = producers.entries();
    let entry = kept[0];
    assert_eq!(
        (entry.last_sequence, entry.last_offset, entry.offset_delta),
        (2, 44, 4)
    );
    let producers = Producers::kept(&kept);
    let again = check(&producers, &last);
    assert!(matches!(
        again,
        Ok(Sequenced::Duplicate {
            base_offset: 40,
            ..
        })
    ));
    assert_eq!(check(&producers, &header(0, 3, 1)), Ok(Sequenced::Next));
    assert_eq!(producers.entries(), kept);
}

#[test]
fn idle_producers_are_forgotten() {
    let mut producers = Producers::default();
    append(&mut producers, &header(0, 0, 1), 0);
    assert_eq!(producers.expire(0), 0);
    assert_eq!(producers.expire(1), 1);
    assert_eq!(check(&producers, &header(0, 40, 1)), Ok(Sequenced::Next));
}

proptest! {
    /// A producer with five requests in flight that retries them in any way loses and
    /// doubles nothing.
    #[test]
    fn any_retries_append_each_sequence_once(
        lengths in proptest::collection::vec(1i32..50, 1..40),
        retries in proptest::collection::vec(0usize..5, 40),
        begin in prop_oneof![Just(0), (i32::MAX - 200)..=i32::MAX],
    ) {
        let mut producers = Producers::default();
        let (mut sequence, mut offset) = (begin, 0i64);
        let mut sent: Vec<(Header, i64)> = Vec::new();
        for (length, back) in lengths.into_iter().zip(retries) {
            let next = header(0, sequence, length);
            append(&mut producers, &next, offset);
            sent.push((next, offset));
            offset += i64::from(length);
            sequence = following(next.last_sequence());
            let retried = &sent[sent.len().saturating_sub(back + 1)];
            prop_assert_eq!(
                check(&producers, &retried.0),
                Ok(Sequenced::Duplicate { base_offset: retried.1, timestamp: 0 })
            );
        }
    }
}
