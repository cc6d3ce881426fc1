//! `cargo bench`: one line a figure on standard output and nothing else there, in the form
//! `bench NAME VALUE UNIT | budget B | peer NAME P | ratio R`.

fn main() {}
