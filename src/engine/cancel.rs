//! Stopping a run: no further work starts, what is in flight ends, the command says what is left.

use tokio::sync::watch;

/// What asked the run to stop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// Tells whether the run is to stop.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<Option<Signal>>);

/// The end that asks for the stop, and the end that is told.
#[must_use]
pub fn canceller() -> (watch::Sender<Option<Signal>>, Cancel) {
    let (sender, receiver) = watch::channel(None);
    (sender, Cancel(receiver))
}

impl Cancel {
    /// The signal, if one came.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        *self.0.borrow()
    }

    /// Ends when a signal comes; never, where nobody can send one any more.
    pub async fn cancelled(&self) -> Signal {
        let mut receiver = self.0.clone();
        loop {
            if let Some(signal) = *receiver.borrow_and_update() {
                return signal;
            }
            if receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
