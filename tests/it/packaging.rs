//! What is packaged fits the binary: the unit starts a command that there is, as the user that is made for it.

use crate::kit::run;

const UNIT: &str = include_str!("../../packaging/highstreet.service");
const USERS: &str = include_str!("../../packaging/highstreet.sysusers");

fn setting(name: &str) -> &'static str {
    let value = UNIT.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("the unit has no {name}"))
}

#[test]
fn the_unit_starts_a_command_that_there_is() {
    let words: Vec<&str> = setting("ExecStart").split(' ').collect();
    let ["/usr/bin/highstreet", arguments @ ..] = &words[..] else { panic!("another program: {words:?}") };
    let usage = run(&[arguments[0], "--help"]).expect(0).stdout;
    for flag in arguments.iter().filter(|word| word.starts_with("--")) {
        assert!(usage.contains(&format!("{flag} <")), "{} has no {flag}:\n{usage}", arguments[0]);
    }
}

#[test]
fn the_unit_runs_as_the_user_that_owns_the_folder() {
    let made: Vec<&str> = USERS.lines().filter_map(|line| line.strip_prefix("u ")?.split(' ').next()).collect();
    assert_eq!(made, [setting("User")]);
    assert_eq!(setting("StateDirectory"), setting("User"));
    assert_eq!((setting("Type"), setting("NoNewPrivileges"), setting("ProtectSystem")), ("notify", "yes", "strict"));
}
