//! The reader's and the writer's promises.

use bytes::{Buf, Bytes};

use super::{DecodeErrorKind, Reader, Records, Shape, Wire, Writer};

const PLAIN: Shape = Shape {
    version: 0,
    flexible: false,
    nullable: true,
};
const COMPACT: Shape = Shape {
    version: 0,
    flexible: true,
    nullable: true,
};

fn decode<T: Wire>(bytes: &[u8], shape: Shape) -> Result<T, DecodeErrorKind> {
    T::decode(&mut Reader::new(Bytes::copy_from_slice(bytes)), shape).map_err(|error| error.kind)
}

#[test]
fn an_array_of_two_billion_elements_allocates_nothing() {
    let announced = [0x7f, 0xff, 0xff, 0xff, 0, 0];
    let error = decode::<Vec<String>>(&announced, PLAIN).unwrap_err();
    assert_eq!(
        error,
        DecodeErrorKind::ArrayTooLong {
            count: 0x7fff_ffff,
            left: 2
        }
    );
}

#[test]
fn an_array_may_not_take_far_more_memory_than_its_frame() {
    // A compact empty string is one byte on the wire and 24 in memory.
    let count: usize = 100_000;
    let mut bytes = leb128(count + 1);
    bytes.resize(bytes.len() + count, 1);
    let error = decode::<Vec<String>>(&bytes, COMPACT).unwrap_err();
    assert_eq!(error, DecodeErrorKind::TooMuchMemory);
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

#[test]
fn strings_need_their_bytes_and_utf8() {
    assert_eq!(
        decode::<String>(&[0, 5, b'a'], PLAIN).unwrap_err(),
        DecodeErrorKind::Truncated { needed: 5, left: 1 }
    );
    assert_eq!(
        decode::<String>(&[0, 1, 0xff], PLAIN).unwrap_err(),
        DecodeErrorKind::NotUtf8
    );
    assert_eq!(
        decode::<String>(&[0xff, 0xfe], PLAIN).unwrap_err(),
        DecodeErrorKind::NegativeLength(-2)
    );
    assert_eq!(
        decode::<String>(&[0xff, 0xff], PLAIN).unwrap_err(),
        DecodeErrorKind::UnexpectedNull
    );
    assert_eq!(decode::<Option<String>>(&[0xff, 0xff], PLAIN), Ok(None));
}

#[test]
fn varints_end_within_32_bits() {
    for bytes in [&[0xff; 5][..], &[0xff, 0xff, 0xff, 0xff, 0x10]] {
        assert_eq!(
            decode::<String>(bytes, COMPACT).unwrap_err(),
            DecodeErrorKind::LongVarint
        );
    }
}

#[test]
fn byte_fields_are_slices_of_the_frame() {
    let frame = Bytes::from(vec![0, 0, 0, 3, 1, 2, 3]);
    let slice = Bytes::decode(&mut Reader::new(frame.clone()), PLAIN).unwrap();
    assert_eq!(slice.as_ptr(), frame[4..].as_ptr());
}

#[test]
fn long_records_leave_without_a_copy() {
    let batches: Vec<Bytes> = vec![
        vec![1; 5000].into(),
        vec![2; 10].into(),
        vec![3; 2000].into(),
    ];
    let mut writer = Writer::frame();
    0x0102_0304_i32.encode(&mut writer, PLAIN);
    batches
        .iter()
        .cloned()
        .collect::<Records>()
        .encode(&mut writer, PLAIN);
    7_i8.encode(&mut writer, PLAIN);
    let mut frame = writer.finish().unwrap();

    let mut slices = [std::io::IoSlice::new(&[]); 16];
    let count = frame.chunks_vectored(&mut slices);
    let segments: Vec<*const u8> = slices[..count].iter().map(|s| s.as_ptr()).collect();
    assert_eq!(count, 5);
    assert_eq!(segments[1], batches[0].as_ptr());
    assert_eq!(segments[3], batches[2].as_ptr());

    let mut expected = (4 + 4 + 7010 + 1_i32).to_be_bytes().to_vec();
    expected.extend([1, 2, 3, 4]);
    expected.extend(7010_i32.to_be_bytes());
    expected.extend(batches.concat());
    expected.push(7);
    let mut sent = Vec::new();
    // Partial writes of every kind: within a segment, at its end, beyond it.
    for step in [3, 5, 4, 4999, 2, 11, 1900, 200].into_iter().cycle() {
        if !frame.has_remaining() {
            break;
        }
        let step = usize::min(step, frame.remaining());
        sent.extend_from_slice(&frame.clone().copy_to_bytes(step));
        frame.advance(step);
    }
    assert_eq!(sent, expected);
}

#[test]
fn what_does_not_fit_its_length_field_is_an_error() {
    let mut writer = Writer::frame();
    "x".repeat(40_000).encode(&mut writer, PLAIN);
    assert!(writer.finish().is_err());
}
