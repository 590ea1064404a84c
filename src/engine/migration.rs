//! The migration Job: the previous one goes first, a new one is posted, its end is awaited.
//!
//! The Job is never applied and never stopped by a time-out: a migration that is cut off half way is
//! worse than one that is slow.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::apply::request;
use super::observe::Observer;
use super::wait::{Run, deadline};
use super::{Detail, Event, InstallError, ObjectOutcome, Step, heads};
use crate::cluster::watch::{Interruption, Update, Watched, Watches};
use crate::cluster::{DryRunMode, logs};
use crate::diagnose::logs::LogCause;
use crate::diagnose::{Finding, Symptom};
use crate::health::{self, Expected};
use crate::plan::Action;
use crate::render::MIGRATION_DIGEST;
use manifest::ObjectRef;

/// Marks the run that posted a Job, so that an answer that was lost can be told from another's Job.
const RUN_ID: &str = "openhive.io/run-id";
/// The namespace of the Job.
const NAMESPACE: &str = "openhive";
/// A safety net under the watches.
const SAFETY: Duration = Duration::from_secs(10);
/// How long the pods of the previous Job may take to end.
const ENDING: Duration = Duration::from_secs(120);

pub(super) async fn migrate(run: &Run<'_>) -> Result<Detail, InstallError> {
    let Some(change) = run.plan.changes.iter().find(|change| change.action == Action::Run) else {
        return Ok(Detail::Nothing);
    };
    let Some(manifest) = &change.manifest else { return Ok(Detail::Nothing) };
    let started = Instant::now();
    let mut watches = Watches::new(&run.cluster.client, &[NAMESPACE], Watched::Jobs);
    let job = &change.reference;
    let posted = match running(run, job, manifest).await? {
        Some(job) => job,
        None => {
            clear(run, job, &mut watches, started).await?;
            post(run, job, manifest).await?
        }
    };
    run.or_cancelled(finished(run, job, &posted, &mut watches, started)).await
}

/// A Job of the same image, command and database that still runs: it is awaited, not replaced.
async fn running(
    run: &Run<'_>,
    job: &ObjectRef,
    manifest: &Value,
) -> Result<Option<Value>, InstallError> {
    let live = run.cluster.rest.get(job, run.retry()).await;
    let Some(live) = live.map_err(|error| request(job, error))? else { return Ok(None) };
    let going = live.pointer("/metadata/deletionTimestamp").is_some();
    if going || ended(&live) || digest(&live).is_none() || digest(&live) != digest(manifest) {
        return Ok(None);
    }
    Ok(Some(live))
}

fn ended(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition["status"] == "True"
            && matches!(condition["type"].as_str(), Some("Complete" | "Failed" | "FailureTarget"))
    })
}

fn digest(job: &Value) -> Option<&str> {
    job["metadata"]["annotations"][MIGRATION_DIGEST].as_str()
}

/// Deletes the previous Job and waits until it and its pods are gone: a pod that still ends may
/// still write, and two migrations at once must not be.
async fn clear(
    run: &Run<'_>,
    job: &ObjectRef,
    watches: &mut Watches,
    started: Instant,
) -> Result<(), InstallError> {
    let live = run.cluster.rest.get(job, run.retry()).await.map_err(|error| request(job, error))?;
    let previous = live.as_ref().and_then(uid);
    if let Some(uid) = previous {
        run.waiting(Step::Migration, "the previous Job to go");
        run.cluster.rest.delete(job, uid, run.retry()).await.map_err(|e| request(job, e))?;
        run.left.borrow_mut().written += 1;
        run.emit(Event::Object { object: job.clone(), outcome: ObjectOutcome::Deleted });
    }
    let deadline = Instant::now() + ENDING;
    let gone = async {
        loop {
            let view = &watches.view;
            let mut jobs = view.jobs.values().filter(|live| live.name_any() == job.name);
            if jobs.clone().any(|live| newcomer(live, previous)) {
                return Err(InstallError::MigrationTaken);
            }
            let jobs = jobs.next().is_some();
            let pods: Vec<_> = view.pods.values().filter(|pod| of_job(pod, &job.name)).collect();
            if view.complete() && !jobs && pods.is_empty() {
                return Ok(());
            }
            let names: Vec<String> = pods
                .iter()
                .map(|pod| {
                    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
                    format!("pod/{} on node {}", pod.name_any(), node.unwrap_or("none"))
                })
                .collect();
            tokio::select! {
                update = watches.next() => interrupted(update)?,
                () = sleep_until(deadline) => {
                    let elapsed = started.elapsed();
                    return Err(InstallError::MigrationStuck { pods: names, elapsed });
                }
            }
        }
    };
    run.or_cancelled(gone).await
}

/// Whether a Job is one that somebody else posted after ours was deleted.
fn newcomer(job: &Job, previous: Option<&str>) -> bool {
    job.metadata.deletion_timestamp.is_none() && job.metadata.uid.as_deref() != previous
}

fn of_job(pod: &k8s_openapi::api::core::v1::Pod, job: &str) -> bool {
    pod.labels().get("batch.kubernetes.io/job-name").is_some_and(|name| name == job)
}

fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid")?.as_str()
}

/// Posts the Job. A POST is not repeated blindly: after a lost answer the run's id tells whether the
/// Job that is there is ours.
async fn post(run: &Run<'_>, job: &ObjectRef, manifest: &Value) -> Result<Value, InstallError> {
    let id = run_id();
    let mut manifest = manifest.clone();
    manifest["metadata"]["annotations"][RUN_ID] = Value::String(id.clone());
    let rest = &run.cluster.rest;
    let mut tries = 0;
    loop {
        let error = match rest.create(job, &manifest, DryRunMode::No).await {
            Ok(posted) => {
                run.left.borrow_mut().written += 1;
                run.emit(Event::Object { object: job.clone(), outcome: ObjectOutcome::Created });
                return Ok(posted);
            }
            Err(error) => error,
        };
        let live = rest.get(job, run.retry()).await.map_err(|error| request(job, error))?;
        match live {
            Some(live) if live["metadata"]["annotations"][RUN_ID] == id.as_str() => {
                run.left.borrow_mut().written += 1;
                return Ok(live);
            }
            Some(_) if error.code() == Some(409) => return Err(InstallError::MigrationTaken),
            None if error.class() != crate::cluster::Class::Final && tries < 5 => {
                tries += 1;
                let pause = tokio::time::sleep(Duration::from_millis(200 << tries));
                run.or_cancelled(async {
                    pause.await;
                    Ok(())
                })
                .await?;
            }
            _ => return Err(run.failed_write(job, error)),
        }
    }
}

fn run_id() -> String {
    let bytes = getrandom::u64().unwrap_or_default();
    format!("{bytes:016x}")
}

async fn finished(
    run: &Run<'_>,
    job: &ObjectRef,
    posted: &Value,
    watches: &mut Watches,
    started: Instant,
) -> Result<Detail, InstallError> {
    let uid = uid(posted).unwrap_or_default().to_owned();
    let expected = Expected { uid: uid.clone(), generation: None };
    let deadline = deadline(started, run.options.migration_timeout);
    let mut observer = Observer::new(run, created(posted)).await;
    let mut safety = interval(SAFETY);
    safety.set_missed_tick_behavior(MissedTickBehavior::Delay);
    safety.tick().await;
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if let Some(live) = watches.view.jobs.get(&uid) {
            let verdict = health::job(live, Some(&expected));
            let complete = verdict.is_ready();
            if complete {
                return Ok(succeeded(run, watches, &job.name).await);
            }
        }
        let of_ours = |finding: &Finding| finding.object == *job;
        let mut findings = observer.findings(run, &watches.view).await;
        findings.retain(of_ours);
        if findings.first().is_some_and(wants_head) {
            let manifest = run.plan.change(job).and_then(|change| change.manifest.as_ref());
            let heads = heads::ask(run, manifest.unwrap_or(&Value::Null), watches).await;
            observer.learn_heads(heads);
            findings = observer.findings(run, &watches.view).await;
            findings.retain(of_ours);
        }
        if let Some(finding) = findings.first() {
            if finding.terminal {
                let log = last_log(run, watches, &job.name).await;
                return Err(InstallError::Migration { findings, log, elapsed: started.elapsed() });
            }
            run.waiting(Step::Migration, finding.cause.clone());
        } else {
            run.waiting(Step::Migration, progress(watches, &job.name));
        }
        if let Some(live) = watches.view.jobs.get(&uid) {
            let verdict = health::job(live, Some(&expected));
            if verdict.is_failed() {
                let log = last_log(run, watches, &job.name).await;
                return Err(InstallError::Migration { findings, log, elapsed: started.elapsed() });
            }
        }
        tokio::select! {
            update = watches.next() => interrupted(update)?,
            _ = tick.tick() => {}
            _ = safety.tick() => safety_net(run, job, &uid, watches).await?,
            () = sleep_until(deadline) => {
                return Err(InstallError::MigrationTimeout { findings, elapsed: started.elapsed() });
            }
        }
    }
}

/// Whether the failure is an unknown revision, and the image's own head would make it clear.
fn wants_head(finding: &Finding) -> bool {
    let Symptom::JobPodFailed { log: Some(cause), .. } = &finding.symptom else { return false };
    finding.terminal && matches!(cause, LogCause::UnknownRevision { head: None, .. })
}

/// A watch that lost its connection comes back by itself; one that is forbidden never will.
pub(super) fn interrupted(update: Update) -> Result<(), InstallError> {
    match update {
        Update::Interrupted(Interruption::Forbidden { resource, namespace })
            if resource != "events" =>
        {
            Err(InstallError::Unwatchable { resource, namespace })
        }
        _ => Ok(()),
    }
}

/// Reads the Job itself: a watch that silently stands still must not hide its end, and a Job that
/// was deleted has none to wait for.
async fn safety_net(
    run: &Run<'_>,
    job: &ObjectRef,
    uid: &str,
    watches: &mut Watches,
) -> Result<(), InstallError> {
    let live = match run.cluster.rest.get(job, crate::cluster::Retry::Never).await {
        Ok(live) => live,
        Err(error) if error.class() == crate::cluster::Class::Final => {
            return Err(request(job, error));
        }
        Err(error) => {
            run.waiting(Step::Migration, format!("the API server: {error}"));
            return Ok(());
        }
    };
    let same = live.as_ref().and_then(self::uid) == Some(uid);
    // Its end may be in the watch, but not looked at yet.
    let over = watches.view.jobs.get(uid).is_some_and(|job| {
        let verdict = health::job(job, None);
        verdict.is_ready() || verdict.is_failed()
    });
    if !same && !over {
        return Err(InstallError::Vanished { object: job.clone() });
    }
    if let Some(live) = live.and_then(|live| Job::deserialize(&live).ok())
        && live.metadata.uid.as_deref() == Some(uid)
    {
        watches.view.jobs.insert(uid.to_owned(), live.into());
    }
    Ok(())
}

fn created(object: &Value) -> Option<Timestamp> {
    object.pointer("/metadata/creationTimestamp")?.as_str()?.parse().ok()
}

fn progress(watches: &Watches, job: &str) -> String {
    let pod = watches.view.pods.values().find(|pod| of_job(pod, job));
    match pod {
        None => "the Job's pod".to_owned(),
        Some(pod) => {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            match phase {
                Some("Running") => "alembic upgrade head".to_owned(),
                phase => format!("pod {} ({})", pod.name_any(), phase.unwrap_or("Pending")),
            }
        }
    }
}

async fn last_log(run: &Run<'_>, watches: &Watches, job: &str) -> Vec<String> {
    let Some(pod) = watches.view.pods.values().find(|pod| of_job(pod, job)) else {
        return Vec::new();
    };
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let Some(container) = containers.first() else { return Vec::new() };
    logs::tail(&run.cluster.client, NAMESPACE, &pod.name_any(), &container.name, false).await
}

/// Alembic logs `Running upgrade A -> B, title`, one line for each revision.
async fn succeeded(run: &Run<'_>, watches: &Watches, job: &str) -> Detail {
    let log = last_log(run, watches, job).await;
    let revisions: Vec<&str> = log.iter().filter_map(|line| upgraded_to(line)).collect();
    // A log that cannot be read proves nothing.
    run.left.borrow_mut().migrated = log.is_empty() || !revisions.is_empty();
    Detail::Migration {
        head: revisions.last().map(|head| (*head).to_owned()),
        applied: revisions.len(),
    }
}

fn upgraded_to(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("Running upgrade ")?;
    let (_, rest) = rest.split_once("-> ")?;
    rest.split([',', '"', ' ']).next().filter(|revision| !revision.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ended, newcomer, upgraded_to};

    #[test]
    fn a_job_that_another_run_posted_is_not_the_previous_one() {
        let mut job = k8s_openapi::api::batch::v1::Job::default();
        job.metadata.uid = Some("a".to_owned());
        assert!(newcomer(&job, None));
        assert!(newcomer(&job, Some("b")));
        assert!(!newcomer(&job, Some("a")));
    }

    #[test]
    fn alembic_names_the_new_revision() {
        let line = "INFO  [alembic.runtime.migration] Running upgrade 51ab -> 7f3a9c, add agents";
        assert_eq!(upgraded_to(line), Some("7f3a9c"));
        let first = "INFO  [alembic.runtime.migration] Running upgrade  -> 51ab, start";
        assert_eq!(upgraded_to(first), Some("51ab"));
        assert_eq!(upgraded_to("INFO  [alembic.runtime.migration] Will assume DDL"), None);
    }

    #[test]
    fn a_job_ends_by_condition_only() {
        let with = |kind: &str, status: &str| json!({"status": {"failed": 3, "conditions": [{"type": kind, "status": status}]}});
        assert!(ended(&with("Complete", "True")));
        assert!(ended(&with("Failed", "True")));
        assert!(!ended(&with("Complete", "False")));
        assert!(!ended(&json!({"status": {"failed": 3}})));
    }
}
