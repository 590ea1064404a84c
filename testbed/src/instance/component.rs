//! One program of an instance.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Attempt as _, Error, Result};
use crate::files;

/// A program that runs as long as its instance.
#[derive(Debug)]
pub(crate) struct Component {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Component {
    pub(super) fn spawn(name: &str, mut command: Command, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let failed = || format!("open {}", log.display());
        let file = File::options().create(true).append(true).open(&log).attempt(failed)?;
        let twin = file.try_clone().attempt(failed)?;
        command.stdin(Stdio::null()).stdout(file).stderr(twin);
        let child = command.spawn().attempt(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), log, child })
    }

    /// Asks `ready` until it says yes. Fails at once when the program ends, and after `bound` otherwise; the error
    /// carries the last lines of its log.
    pub(crate) fn wait_until(
        &mut self,
        bound: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let start = Instant::now();
        while !ready() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(format!("ended ({status})")));
            }
            if start.elapsed() > bound {
                return Err(self.failure(format!("is not ready after {} s", bound.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    fn failure(&self, cause: String) -> Error {
        let tail = files::tail(&self.log, 12);
        Error::Component { component: self.name.clone(), cause, log: self.log.clone(), tail }
    }
}

impl Component {
    /// Lets the program run on, as its instance outlives this process.
    pub(crate) fn leave(self) {
        std::mem::forget(self);
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        // The program itself ends with its instance. This ends and collects the `nsenter` that waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
