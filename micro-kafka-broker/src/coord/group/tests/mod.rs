//! The machine under scripted and random members.

mod forgetting;
mod harness;
mod leaving;
mod membership;
mod offsets;
mod properties;
mod replay;
mod restart;
mod shell;
mod static_members;
mod votes;
