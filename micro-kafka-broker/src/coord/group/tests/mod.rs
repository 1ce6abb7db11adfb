//! The machine under scripted and random members.

mod harness;
mod membership;
mod offsets;
mod properties;
mod shell;
mod static_members;
