mod ends;
mod harness;
mod holders;
mod properties;
mod restart;
mod shell;
mod world;
