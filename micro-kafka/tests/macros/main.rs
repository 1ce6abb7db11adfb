//! What the macros' expansions do, argument by argument and key by key.

mod arguments;
mod attribute;
mod classify;
mod kafka_test;
mod outcome;
mod rejections;
mod support;
