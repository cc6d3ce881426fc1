//! Kill -9 of the real binary while people sign up and out, and, in `crash/claims.rs`, while they order and redeem:
//! what they were told holds after the restart.
//!
//! `HIGHSTREET_ROUNDS` says how often, `HIGHSTREET_LONG` that it may take a night. The store has the same loop for
//! itself, with a writer that answers too early, which its check must catch (`src/store/tests/kill.rs`); crashes of
//! the power and of disks are simulated (`inside/crashes.rs`).

mod claims;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustix::process::Signal;

use crate::kit::{Launch, Person, Server};

const PEOPLE_AT_ONCE: u64 = 4;

/// Something that somebody was told is done.
#[derive(Debug, PartialEq, Eq)]
pub enum Deed {
    SignedUp { email: String, session: String },
    SignedOut { session: String },
}

impl Deed {
    pub fn holds(&self, server: &Server) -> bool {
        let me = |session: &str| {
            server.guest().send("GET", "/me", &[("cookie", &format!("hs_session={session}"))], Vec::new())
        };
        match self {
            Deed::SignedUp { email, session } => {
                let page = me(session);
                page.status == 200 && page.text().contains(email)
            }
            Deed::SignedOut { session } => me(session).status == 303,
        }
    }
}

/// Signs somebody up, and every second one out again; answers what it was told.
pub fn come_and_go(guest: &Person, number: &str, leaves: bool) -> Option<Deed> {
    let email = format!("person-{number}@example.org");
    let fields = [("name", "Anna"), ("email", &email), ("password", "correct horse")];
    if guest.fill("/sign-up", "main form", &fields).status != 303 {
        return None;
    }
    let session = guest.cookie("hs_session")?;
    if !leaves {
        return Some(Deed::SignedUp { email, session });
    }
    let out = guest.get("/me").form("form[action='/sign-out']");
    (guest.submit(&out).status == 303).then_some(Deed::SignedOut { session })
}

/// One person after the other, until the server is gone.
fn people(server: &Server, name: &str) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for turn in 0.. {
        let guest = server.guest();
        // The kit panics when no answer comes: then nobody was told anything.
        let told = catch_unwind(AssertUnwindSafe(|| come_and_go(&guest, &format!("{name}-{turn}"), turn % 2 == 1)));
        match told {
            Ok(deed) => deeds.extend(deed),
            Err(_) => break,
        }
    }
    deeds
}

fn rounds() -> u64 {
    let by_size = if std::env::var_os("HIGHSTREET_LONG").is_some() { 1000 } else { 30 };
    std::env::var("HIGHSTREET_ROUNDS").map_or(by_size, |rounds| rounds.parse().unwrap())
}

/// Moments that differ from round to round, so that the kill falls into every part of a commit.
fn moment(round: u64) -> Duration {
    Duration::from_millis(150 + round * 37 % 400)
}

pub fn lost(server: &Server, deeds: &[Deed]) -> Vec<String> {
    deeds.iter().filter(|deed| !deed.holds(server)).map(|deed| format!("{deed:?}")).collect()
}

#[test]
fn what_people_were_told_outlives_kill_9() {
    let mut deeds = Vec::new();
    let mut server = Launch::serve().start();
    for round in 0..rounds() {
        let mut done = Vec::new();
        std::thread::scope(|scope| {
            let names = (0..PEOPLE_AT_ONCE).map(|thread| format!("{round}-{thread}"));
            let server = &server;
            let running: Vec<_> = names.map(|name| scope.spawn(move || people(server, &name))).collect();
            std::thread::sleep(moment(round));
            server.signal(Signal::KILL);
            for thread in running {
                done.extend(thread.join().unwrap());
            }
        });
        server = server.kill().restart();
        assert_eq!(lost(&server, &done), Vec::<String>::new(), "round {round}");
        deeds.append(&mut done);
    }
    assert_eq!(lost(&server, &deeds), Vec::<String>::new(), "after later rounds");
    println!("{} deeds in {} rounds", deeds.len(), rounds());
    let ups = deeds.iter().filter(|deed| matches!(deed, Deed::SignedUp { .. })).count();
    assert!(ups > 0 && ups < deeds.len());
    // What nobody was told must be seen to be missing, or the check proves nothing.
    let never = Deed::SignedUp { email: "nobody@example.org".to_owned(), session: "0".repeat(64) };
    let stays = deeds.iter().find_map(|deed| match deed {
        Deed::SignedUp { session, .. } => Some(Deed::SignedOut { session: session.clone() }),
        Deed::SignedOut { .. } => None,
    });
    assert_eq!(lost(&server, &[never, stays.unwrap()]).len(), 2);
}
