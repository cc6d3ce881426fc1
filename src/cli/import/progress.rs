//! The progress of an import, shown on a terminal while its lines come in.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Failure;
use crate::directory::Progress;

use super::Said;
use super::told::Told;

/// Shows the progress that it hears of, and keeps the end.
pub(super) struct Listener<'a> {
    pub bar: &'a ProgressBar,
    pub pending: Vec<u8>,
    pub end: Option<Result<Told, Failure>>,
}

impl Listener<'_> {
    fn hear(&mut self, line: &[u8]) -> io::Result<()> {
        match serde_json::from_slice(line)? {
            Said::Progress { done, total, kept } => show(self.bar, Progress { done, total, kept }),
            Said::Done(told) => self.end = Some(Ok(told)),
            Said::Failed { exit, message } => self.end = Some(Err(Failure::new(exit, message))),
        }
        Ok(())
    }
}

impl Write for Listener<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            self.hear(&line)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Seen on a terminal only.
pub(super) fn bar(is_quiet: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if !is_quiet && std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    let style = ProgressStyle::with_template("{bar:30} {percent} %  {msg}  {bytes_per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length(progress.total);
    bar.set_position(progress.done);
    let seconds = bar.elapsed().max(Duration::from_millis(1)).as_secs_f64();
    bar.set_message(format!("{} places, {:.0}/s", progress.kept, progress.kept as f64 / seconds));
}
