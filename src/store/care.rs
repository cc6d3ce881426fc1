//! The store's caretaker: a thread that mends the disk after a failure, keeps an eye on free space, and says so when
//! somebody turns the machine's clock.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::clock::Turned;
use crate::base::fault::FaultKind;
use crate::base::{Clock, Fault};
use crate::store::disk::{Disk, Mended};
use crate::store::space::{Room, Space};

/// How often it looks when all is well.
const ROUND: Duration = Duration::from_secs(1);
/// How often it tries to open a file anew that has failed.
const BETWEEN_TRIES: Duration = Duration::from_millis(250);

/// What the caretaker looks after, and what it has found.
pub(in crate::store) struct Care {
    pub disk: Arc<Disk>,
    pub clock: Arc<Clock>,
    pub space: Space,
}

/// How the store is.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Why nothing is written at the moment; `None` if all is well.
    pub refusal: Option<Fault>,
    /// Room on its file system, where that is known.
    pub room: Option<Room>,
    /// How often its disk has failed since the start.
    pub failures: u64,
}

impl Condition {
    /// What may be lacking, for machines.
    pub const LACKING: [&str; 3] = ["disk", "space", "clock"];

    /// One word for what is lacking, one of [`Condition::LACKING`].
    pub fn lacking(&self) -> Option<&'static str> {
        self.refusal.as_ref().map(|fault| match fault.kind {
            FaultKind::Full => "space",
            FaultKind::Stopped => "clock",
            FaultKind::Busy | FaultKind::Io | FaultKind::Unsettled | FaultKind::Corrupt | FaultKind::Bug => "disk",
        })
    }
}

impl Care {
    /// Refuses while nothing may be written.
    pub(in crate::store) fn check(&self) -> Result<(), Fault> {
        self.disk.check_well()?;
        self.space.check()?;
        match self.clock.doubt() {
            None => Ok(()),
            Some(doubt) => Err(Fault::new(FaultKind::Stopped, "writing", doubt)),
        }
    }

    pub(in crate::store) fn condition(&self) -> Condition {
        Condition { refusal: self.check().err(), room: self.space.seen(), failures: self.disk.failures() }
    }

    /// Starts the thread. It ends when the sender is dropped.
    pub(in crate::store) fn start(self: Arc<Care>) -> Result<(Sender<()>, JoinHandle<()>), Fault> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("caretaker".into()).spawn(move || self.run(&stopped));
        Ok((stop, thread.map_err(|error| Fault::io("starting the caretaker", error))?))
    }

    fn run(&self, stop: &Receiver<()>) {
        let mut found = Found::default();
        loop {
            let is_well = self.round(&mut found);
            match stop.recv_timeout(if is_well { ROUND } else { BETWEEN_TRIES }) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks at everything once, and logs what has changed since the last time; whether the disk is well.
    fn round(&self, found: &mut Found) -> bool {
        let mended = self.disk.mend();
        match &mended {
            Ok(Mended::WasWell) => {}
            Ok(Mended::IsWellAgain) => tracing::warn!("the disk is well again: writing goes on"),
            Err(fault) => tracing::debug!(%fault, "the disk is not well yet"),
        }
        let is_short = self.space.look().is_some_and(|room| room.is_short());
        if is_short != std::mem::replace(&mut found.is_short, is_short) {
            match self.space.check() {
                Err(fault) => tracing::error!(%fault, "the disk is nearly full: nothing is written for now"),
                Ok(()) => tracing::warn!("the disk has room again: writing goes on"),
            }
        }
        let turned = Turned { ms: self.clock.turned_ms() };
        if turned.differs_from(&found.turned) {
            found.turned = turned;
            match self.clock.turned() {
                Some(turned) => tracing::warn!("{turned}"),
                None => tracing::warn!("the machine's clock agrees with the city's own time again"),
            }
        }
        mended.is_ok()
    }
}

/// What was last logged.
#[derive(Default)]
struct Found {
    is_short: bool,
    turned: Turned,
}
