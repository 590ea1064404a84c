//! SIGINT and SIGTERM: the first one ends a run in order, the second one at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Exit;
use crate::engine::Signal;
use crate::ui::{Failure, Ui};

/// The signals that end a run.
pub(super) struct Signals {
    interrupts: tokio::signal::unix::Signal,
    terminations: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on: without this a signal ends the process wherever it is.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::Error, "cannot listen for signals").cause(error.to_string())
            })
        };
        Ok(Self {
            interrupts: listen(SignalKind::interrupt())?,
            terminations: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one. Nothing is lost when this is dropped.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupts.recv() => Signal::Interrupt,
            _ = self.terminations.recv() => Signal::Terminate,
        }
    }
}

/// How a run ends that a signal has ended.
pub(super) const fn exit(signal: Signal) -> Exit {
    match signal {
        Signal::Interrupt => Exit::Interrupted,
        Signal::Terminate => Exit::Terminated,
    }
}

/// Asks the run to stop and tells `notice`, or, where it was asked before, ends the process.
pub(super) fn end(ui: &Ui, stop: &watch::Sender<Option<Signal>>, signal: Signal, notice: &str) {
    if stop.borrow().is_some() {
        std::process::exit(i32::from(exit(signal).code()));
    }
    ui.notice(notice);
    let _ = stop.send(Some(signal));
}
