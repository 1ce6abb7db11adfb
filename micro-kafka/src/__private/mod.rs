//! What the macros' expansions name. Not a public interface; versioned, so that macros and
//! framework of different versions do not compile together by chance.

pub mod v1;
