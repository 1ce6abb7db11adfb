//! Administrative requests, on a broker and without one.

#[cfg(test)]
mod support;

#[cfg(test)]
mod broker;
#[cfg(test)]
mod unreachable;
