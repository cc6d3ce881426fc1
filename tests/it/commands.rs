//! Every command of the product, run twice on the same state: the writer may run a closure again, so both runs must
//! give the same outcome and the same effects. `tidy` holds this list against the functions of every `commands.rs`.

/// `capability::function`, and the test that runs it twice.
type Row = (&'static str, fn());

const REGISTRY: &[Row] = &[];

#[test]
fn every_command_run_twice_does_the_same() {
    for (name, run_twice) in REGISTRY {
        println!("{name}");
        run_twice();
    }
}
