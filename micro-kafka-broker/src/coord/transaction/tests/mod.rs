mod ends;
mod harness;
mod holders;
mod properties;
mod shell;
mod world;
