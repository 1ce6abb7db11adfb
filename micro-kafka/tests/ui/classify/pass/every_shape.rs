//! Enums, structs and generic wrappers; names of std given other meanings.
#![deny(warnings)]
#![allow(dead_code)]

use std::fmt::Debug;

use micro_kafka::prelude::*;

#[derive(Debug, Clone, Copy, Classify)]
#[kafka(dead_letter)]
pub struct Unit;

#[derive(Classify)]
#[kafka(transparent)]
struct Tuple(Unit);

#[derive(Classify)]
#[kafka(retry_after)]
struct Named<'a, T: Debug>
where
    T: Clone,
{
    text: &'a str,
    value: T,
    delay: std::time::Duration,
}

#[derive(Classify)]
enum Wrapper<'a, E, const N: usize> {
    #[kafka(transparent)]
    Cause(E),
    #[kafka(stop)]
    Text([&'a str; N]),
    #[kafka(retry_after)]
    Wait { field: Duration },
    Option,
    None,
}

#[derive(Classify)]
enum Never {}

fn main() {
    assert_eq!(Wrapper::<_, 1>::Cause(Tuple(Unit)).variant(), "Unit");
    assert_eq!(Wrapper::<Unit, 1>::Text([""]).variant(), "Text");
}
