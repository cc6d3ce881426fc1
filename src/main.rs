//! Parses the command line and calls one function of `cli`.

fn main() {}
