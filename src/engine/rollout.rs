//! Watches all rollouts at once, until each is ready or the first certain cause is known.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::apply::request;
use super::migration::interrupted;
use super::observe::Observer;
use super::wait::{Run, deadline};
use super::{Detail, Event, InstallError, Step};
use crate::cluster::watch::{Watched, Watches};
use crate::cluster::{Class, Retry};
use crate::diagnose::Finding;
use crate::health::{self, Reason, Verdict};
use crate::plan::Action;
use manifest::{Kind, ObjectRef};

/// A safety net under the watches.
const SAFETY: Duration = Duration::from_secs(10);

/// What is known of one workload.
#[derive(Clone, Debug, Eq, PartialEq)]
struct State {
    ready: i32,
    desired: i32,
    done: bool,
    note: Option<String>,
}

pub(super) async fn watch(run: &Run<'_>) -> Result<Detail, InstallError> {
    let targets: Vec<ObjectRef> = run
        .plan
        .changes
        .iter()
        .filter(|change| change.reference.kind == Kind::Deployment)
        .filter(|change| !matches!(change.action, Action::Orphaned | Action::Delete))
        .map(|change| change.reference.clone())
        .collect();
    let mut namespaces: Vec<&str> =
        targets.iter().filter_map(|target| target.namespace.as_deref()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut watches = Watches::new(&run.cluster.client, &namespaces, Watched::Workloads);
    run.or_cancelled(until_ready(run, &targets, &mut watches)).await?;
    Ok(Detail::Ready { count: targets.len() })
}

async fn until_ready(
    run: &Run<'_>,
    targets: &[ObjectRef],
    watches: &mut Watches,
) -> Result<(), InstallError> {
    let started = Instant::now();
    let deadline = deadline(started, run.options.rollout_timeout);
    let mut observer = Observer::new(run, run.written_at.get()).await;
    let mut told: BTreeMap<ObjectRef, State> = BTreeMap::new();
    let mut safety = interval(SAFETY);
    safety.set_missed_tick_behavior(MissedTickBehavior::Delay);
    safety.tick().await;
    // Graces pass without any event.
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let findings = observer.findings(run, &watches.view).await;
        let states: Vec<_> = targets
            .iter()
            .map(|target| (target.clone(), state(run, target, watches, &findings)))
            .collect();
        tell(run, &mut told, &states);
        if states.iter().all(|(_, (state, _))| state.done) && confirmed(run, targets).await {
            return Ok(());
        }
        if let Some(error) = failure(&states, &findings, started) {
            return Err(error);
        }
        tokio::select! {
            update = watches.next() => {
                interrupted(update)?;
                // What has arrived together is judged together.
                while let Some(update) = watches.next().now_or_never() {
                    interrupted(update)?;
                }
            }
            _ = tick.tick() => {}
            _ = safety.tick() => {
                safety_net(run, targets, watches).await?;
                observer.read_nodes(run).await;
            }
            () = sleep_until(deadline) => {
                let pending = states
                    .into_iter()
                    .filter(|(_, (state, _))| !state.done)
                    .map(|(target, (state, _))| (target, state.note.unwrap_or_default()))
                    .collect();
                let elapsed = started.elapsed();
                return Err(InstallError::RolloutTimeout { pending, findings, elapsed });
            }
        }
    }
}

fn state(
    run: &Run<'_>,
    target: &ObjectRef,
    watches: &Watches,
    findings: &[Finding],
) -> (State, Verdict) {
    let live = watches
        .view
        .deployments
        .values()
        .find(|live| live.namespace() == target.namespace && live.name_any() == target.name);
    let Some(live) = live else {
        let state = State { ready: 0, desired: 1, done: false, note: None };
        return (state, Verdict::Progressing(Reason::AnotherObject));
    };
    let expected = run.expected.borrow();
    let verdict = health::deployment(live, expected.get(target));
    let status = live.status.as_ref();
    let finding = findings.iter().find(|finding| finding.object == *target);
    let note = match (&verdict, finding) {
        (verdict, _) if verdict.is_ready() => None,
        (_, Some(finding)) => Some(finding.cause.clone()),
        // The counts stand beside it already.
        (Verdict::Progressing(Reason::Replicas(_) | Reason::NotObserved { .. }), None) => None,
        (verdict, None) => Some(verdict.to_string()),
    };
    let state = State {
        ready: status.and_then(|status| status.ready_replicas).unwrap_or_default(),
        desired: live.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
        done: verdict.is_ready(),
        note,
    };
    (state, verdict)
}

fn tell(
    run: &Run<'_>,
    told: &mut BTreeMap<ObjectRef, State>,
    states: &[(ObjectRef, (State, Verdict))],
) {
    for (target, (state, _)) in states {
        if told.get(target) != Some(state) {
            let State { ready, desired, done, note } = state.clone();
            run.emit(Event::Workload { object: target.clone(), ready, desired, done, note });
            told.insert(target.clone(), state.clone());
        }
    }
}

fn failure(
    states: &[(ObjectRef, (State, Verdict))],
    findings: &[Finding],
    started: Instant,
) -> Option<InstallError> {
    let elapsed = started.elapsed();
    let waits = |object: &ObjectRef| {
        states.iter().any(|(target, (state, _))| target == object && !state.done)
    };
    // A finding about what a workload needs, such as its claim, counts while anything waits.
    let concerns =
        |finding: &Finding| finding.object.kind != Kind::Deployment || waits(&finding.object);
    let anything = states.iter().any(|(_, (state, _))| !state.done);
    if let Some(terminal) = findings.iter().find(|f| f.terminal && anything && concerns(f)) {
        let object = terminal.object.clone();
        let mut findings = findings.to_vec();
        findings.sort_by_key(|finding| finding != terminal);
        return Some(InstallError::Rollout { object, findings, elapsed });
    }
    states.iter().find(|(_, (_, verdict))| verdict.is_failed()).map(|(target, _)| {
        let findings = findings.iter().filter(|f| f.object == *target).cloned().collect();
        InstallError::Rollout { object: target.clone(), findings, elapsed }
    })
}

/// A watch may lag: readiness counts only once a fresh read shows it.
async fn confirmed(run: &Run<'_>, targets: &[ObjectRef]) -> bool {
    let reads = join_all(targets.iter().map(|target| run.cluster.rest.get(target, Retry::Never)));
    let expected = run.expected.borrow().clone();
    reads.await.into_iter().zip(targets).all(|(live, target)| {
        let live = live.ok().flatten().and_then(|live| Deployment::deserialize(&live).ok());
        live.is_some_and(|live: Deployment| {
            health::deployment(&live, expected.get(target)).is_ready()
        })
    })
}

/// Reads every workload itself: a watch may stand still, and what was deleted never becomes ready.
async fn safety_net(
    run: &Run<'_>,
    targets: &[ObjectRef],
    watches: &mut Watches,
) -> Result<(), InstallError> {
    let reads = join_all(targets.iter().map(|target| run.cluster.rest.get(target, Retry::Never)));
    for (target, live) in targets.iter().zip(reads.await) {
        let live = match live {
            Ok(live) => live,
            Err(error) if error.class() == Class::Final => return Err(request(target, error)),
            Err(error) => {
                run.waiting(Step::Rollout, format!("the API server: {error}"));
                continue;
            }
        };
        let live = live.and_then(|live| Deployment::deserialize(&live).ok());
        let expected = run.expected.borrow().get(target).map(|expected| expected.uid.clone());
        let uid = live.as_ref().and_then(|live| live.metadata.uid.clone());
        let (Some(live), Some(uid)) = (live, uid) else {
            return Err(InstallError::Vanished { object: target.clone() });
        };
        if expected.is_some_and(|expected| expected != uid) {
            return Err(InstallError::Vanished { object: target.clone() });
        }
        watches.view.deployments.insert(uid, live.into());
    }
    Ok(())
}
