//! The sequence of an installation (`docs/platform.md`, "Sequence").

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::wait::Run;
use super::{
    Cancel, Event, InstallError, Left, Step, apply, health, migration, preflight, rollout,
};
use crate::cluster::Cluster;
use crate::plan::Plan;
use manifest::Wave;

/// How to run a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the migration is waited for; it is never stopped.
    pub migration_timeout: Duration,
    /// How long the rollouts are waited for.
    pub rollout_timeout: Duration,
    /// Take fields over that other managers own.
    pub force_conflicts: bool,
    /// Host and port of the database, for the cause of a failure.
    pub database: (String, u16),
}

/// What a run achieved.
#[derive(Clone, Debug)]
pub struct Installed {
    /// How many objects were written.
    pub written: usize,
    /// From the first request to the last.
    pub elapsed: Duration,
}

/// Runs the plan. On failure the second value tells what is left behind.
///
/// # Errors
/// [`InstallError`].
pub async fn install(
    cluster: &Cluster,
    plan: &Plan,
    options: &Options,
    events: UnboundedSender<Event>,
    cancel: Cancel,
) -> Result<Installed, (InstallError, Left)> {
    let started = Instant::now();
    let run = Run {
        cluster,
        plan,
        options,
        events,
        cancel,
        left: RefCell::default(),
        expected: RefCell::default(),
        written_at: Cell::default(),
    };
    match sequence(&run).await {
        Ok(()) => Ok(Installed { written: run.left.borrow().written, elapsed: started.elapsed() }),
        Err(error) => Err((error, run.left.into_inner())),
    }
}

async fn sequence(run: &Run<'_>) -> Result<(), InstallError> {
    run.step(Step::Preflight, preflight::check(run)).await?;
    run.step(Step::Namespaces, apply::namespaces(run)).await?;
    run.step(Step::Foundation, apply::wave(run, Wave::Foundation)).await?;
    if run.plan.changes.iter().any(|change| change.reference.kind.wave() == Wave::Migration) {
        run.step(Step::Migration, migration::migrate(run)).await?;
    }
    run.step(Step::Runtime, apply::wave(run, Wave::Runtime)).await?;
    run.step(Step::Rollout, rollout::watch(run)).await?;
    run.step(Step::Health, health::ask(run)).await?;
    if !run.left.borrow().interim.is_empty() {
        run.step(Step::Policies, apply::narrow_policies(run)).await?;
    }
    Ok(())
}
