//! Administrative requests, on a broker and without one.

#[cfg(test)]
mod support;

mod broker;
mod unreachable;
