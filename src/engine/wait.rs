//! What every step shares: events, cancellation, and the time that requests are tried.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::apply::request;
use super::{Cancel, Detail, Event, InstallError, Left, Options, Step};
use crate::cluster::{Class, Cluster, ClusterError, Retry};
use crate::health::Expected;
use crate::plan::Plan;
use manifest::ObjectRef;

/// How long a write is tried while the API server answers with errors that may pass.
const WRITE_DEADLINE: Duration = Duration::from_secs(120);

/// As good as never.
const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// When a wait is over; a limit of zero is none, as for every time-out of the command line.
pub(super) fn deadline(started: Instant, limit: Duration) -> Instant {
    started + if limit.is_zero() { NEVER } else { limit.min(NEVER) }
}

/// One run of a plan.
pub(super) struct Run<'a> {
    pub cluster: &'a Cluster,
    pub plan: &'a Plan,
    pub options: &'a Options,
    pub events: UnboundedSender<Event>,
    pub cancel: Cancel,
    pub left: RefCell<Left>,
    /// What the server answered to the writes of this run.
    pub expected: RefCell<BTreeMap<ObjectRef, Expected>>,
    /// When the runtime was written, by the server's clock.
    pub written_at: Cell<Option<Timestamp>>,
}

impl Run<'_> {
    /// Tells what happened. Nobody listening is no failure of the run.
    pub fn emit(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Tells what a step waits for.
    pub fn waiting(&self, step: Step, what: impl Into<String>) {
        self.emit(Event::Waiting { step, what: what.into() });
    }

    /// Runs one step between its two events.
    pub async fn step(
        &self,
        step: Step,
        work: impl Future<Output = Result<Detail, InstallError>>,
    ) -> Result<(), InstallError> {
        if let Some(signal) = self.cancel.signal() {
            return Err(InstallError::Cancelled { signal });
        }
        self.left.borrow_mut().step = Some(step);
        self.emit(Event::StepStarted { step });
        let started = Instant::now();
        let detail = work.await.map_err(|error| match (error, self.cancel.signal()) {
            // Without the signal it would have been tried again.
            (InstallError::Request { error, .. }, Some(signal))
                if error.class() != Class::Final =>
            {
                InstallError::Cancelled { signal }
            }
            (error, _) => error,
        })?;
        self.emit(Event::StepFinished { step, detail, elapsed: started.elapsed() });
        Ok(())
    }

    /// Waits for something, unless a signal comes first.
    pub async fn or_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, InstallError>>,
    ) -> Result<T, InstallError> {
        tokio::select! {
            biased;
            signal = self.cancel.cancelled() => Err(InstallError::Cancelled { signal }),
            result = work => result,
        }
    }

    /// A write that failed; where no answer came, it may have been carried out all the same.
    pub fn failed_write(&self, object: &ObjectRef, error: ClusterError) -> InstallError {
        self.left.borrow_mut().uncertain |= error.is_uncertain();
        request(object, error)
    }

    /// How long a request of this moment is tried.
    pub fn retry(&self) -> Retry {
        Retry::Until(Instant::now() + WRITE_DEADLINE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::deadline;

    #[test]
    fn a_limit_of_zero_is_none() {
        let now = Instant::now();
        assert!(deadline(now, Duration::ZERO) > now + Duration::from_secs(86_400));
        assert_eq!(deadline(now, Duration::from_secs(5)), now + Duration::from_secs(5));
        // Far more than a clock can hold.
        assert!(deadline(now, Duration::MAX) > now);
    }
}
