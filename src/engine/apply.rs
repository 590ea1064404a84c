//! Writing objects: one wave at a time, everything in a wave side by side.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::wait::Run;
use super::{Detail, Event, InstallError, ObjectOutcome, Step};
use crate::cluster::{ClusterError, DryRunMode};
use crate::health::Expected;
use crate::plan::{self, Action, Change, Interim, Managers};
use manifest::{Kind, ObjectRef, Wave};

/// How long a namespace may take to become usable, and an object to go away.
const PATIENCE: Duration = Duration::from_secs(120);

/// Applies the namespaces and waits until pods can be made in them.
pub(super) async fn namespaces(run: &Run<'_>) -> Result<Detail, InstallError> {
    let detail = wave(run, Wave::Namespaces).await?;
    let names = run.plan.changes.iter().filter(|change| change.reference.kind == Kind::Namespace);
    let usable = names.map(|change| usable(run, &change.reference.name));
    run.or_cancelled(try_join_all(usable)).await?;
    Ok(detail)
}

/// A namespace is usable once it has its `default` ServiceAccount: pods made before are refused.
async fn usable(run: &Run<'_>, namespace: &str) -> Result<(), InstallError> {
    let account = ObjectRef::namespaced(Kind::ServiceAccount, namespace, "default");
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(20);
    // The account comes within milliseconds; a watch would cost more than it saves.
    loop {
        let found = run.cluster.rest.get(&account, run.retry()).await;
        if found.map_err(|error| request(&account, error))?.is_some() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let namespace = namespace.to_owned();
            return Err(InstallError::NamespaceUnusable { namespace });
        }
        run.waiting(Step::Namespaces, format!("the default ServiceAccount of {namespace}"));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Applies every object of a wave. What is in flight when one fails is finished before it returns.
pub(super) async fn wave(run: &Run<'_>, wave: Wave) -> Result<Detail, InstallError> {
    let changes = run.plan.changes.iter().filter(|change| change.reference.kind.wave() == wave);
    // Whoever is no administrator may only bind a Role that is there to be compared with.
    let (bindings, others): (Vec<_>, Vec<_>) =
        changes.partition(|change| change.reference.kind == Kind::RoleBinding);
    let mut results = join_all(others.into_iter().map(|change| one(run, change))).await;
    if results.iter().all(Result::is_ok) {
        results.extend(join_all(bindings.into_iter().map(|change| one(run, change))).await);
    }
    let (mut changed, mut unchanged) = (0, 0);
    for result in results {
        match result? {
            Some(_) => changed += 1,
            None => unchanged += 1,
        }
    }
    Ok(Detail::Objects { changed, unchanged })
}

/// Applies one change; what the server made of it, or `None` where nothing was to be done.
async fn one(run: &Run<'_>, change: &Change) -> Result<Option<Value>, InstallError> {
    let object = &change.reference;
    if change.action == Action::Delete {
        // It keeps the old rules of an interrupted run: until the rollouts are through, then it goes.
        run.left.borrow_mut().interim.push(object.clone());
    }
    let Some(manifest) = &change.manifest else { return Ok(None) };
    let outcome = match change.action {
        Action::Keep | Action::Orphaned | Action::Run | Action::Delete => return Ok(None),
        Action::Create => ObjectOutcome::Created,
        Action::Update | Action::Adopt | Action::Replace => ObjectOutcome::Updated,
    };
    if change.action == Action::Replace {
        delete(run, object).await?;
    }
    let manifest = match &change.interim {
        None => manifest,
        Some(Interim::Union { policy }) => {
            run.left.borrow_mut().interim.push(object.clone());
            policy
        }
        Some(Interim::Companion { policy, .. }) => {
            let companion = companion(change);
            run.left.borrow_mut().interim.push(object.clone());
            apply(run, &companion, policy, Action::Create).await?;
            manifest
        }
    };
    let answer = apply(run, object, manifest, change.action).await?;
    remember(run, object, &answer);
    let mut left = run.left.borrow_mut();
    match object.kind {
        Kind::Secret => left.secrets.push(object.clone()),
        Kind::Deployment => left.runtime.push(object.clone()),
        _ => {}
    }
    drop(left);
    run.emit(Event::Object { object: object.clone(), outcome });
    Ok(Some(answer))
}

/// Keeps uid and generation, and by the newest of our own entries the server's time of the write.
fn remember(run: &Run<'_>, object: &ObjectRef, answer: &Value) {
    if object.kind != Kind::Deployment {
        return;
    }
    if let Some(uid) = answer.pointer("/metadata/uid").and_then(Value::as_str) {
        let generation = answer.pointer("/metadata/generation").and_then(Value::as_i64);
        let expected = Expected { uid: uid.to_owned(), generation };
        run.expected.borrow_mut().insert(object.clone(), expected);
    }
    let entries = answer.pointer("/metadata/managedFields").and_then(Value::as_array);
    let written: Option<Timestamp> = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["manager"] == plan::FIELD_MANAGER)
        .filter_map(|entry| entry["time"].as_str()?.parse().ok())
        .max();
    run.written_at.set(match (run.written_at.get(), written) {
        (Some(earlier), Some(written)) => Some(earlier.min(written)),
        (earlier, written) => earlier.or(written),
    });
}

/// Where the rules of a policy's predecessor are kept until the rollouts are through.
fn companion(change: &Change) -> ObjectRef {
    let name = match &change.interim {
        Some(Interim::Companion { name, .. }) => name,
        _ => &change.reference.name,
    };
    ObjectRef { name: name.clone(), ..change.reference.clone() }
}

/// Ends the interim of every changed policy, also what an interrupted run left of it: what is
/// planned stands alone now.
pub(super) async fn narrow_policies(run: &Run<'_>) -> Result<Detail, InstallError> {
    let interim = |change: &&Change| change.interim.is_some() || change.action == Action::Delete;
    let changes: Vec<_> = run.plan.changes.iter().filter(interim).collect();
    let results =
        join_all(changes.iter().map(async |change| match (&change.interim, &change.manifest) {
            (Some(Interim::Union { .. }), Some(manifest)) => {
                apply(run, &change.reference, manifest, Action::Create).await?;
                Ok(())
            }
            (Some(Interim::Companion { .. }), _) => remove(run, &companion(change)).await,
            (None, None) => remove(run, &change.reference).await,
            _ => Ok(()),
        }));
    for result in results.await {
        result?;
    }
    run.left.borrow_mut().interim.clear();
    Ok(Detail::Objects { changed: changes.len(), unchanged: 0 })
}

/// A server-side apply with what has to precede it. Unforced first: what others own is taken over
/// from known predecessors, or when asked to.
async fn apply(
    run: &Run<'_>,
    object: &ObjectRef,
    manifest: &Value,
    action: Action,
) -> Result<Value, InstallError> {
    // Objects are counted, not requests; but a patch before a refused apply is a write as well.
    let mut patched = false;
    if matches!(action, Action::Update | Action::Adopt) {
        patched = prepare(run, object, manifest).await?;
        run.left.borrow_mut().written += usize::from(patched);
    }
    let rest = &run.cluster.rest;
    let apply = async |force| {
        let answer = rest.apply(object, manifest, force, DryRunMode::No, run.retry()).await?;
        run.left.borrow_mut().written += usize::from(!patched);
        Ok::<_, ClusterError>(answer)
    };
    let error = match apply(run.options.force_conflicts).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    let conflicts = error.status().map(|status| status.field_conflicts()).unwrap_or_default();
    if conflicts.is_empty() {
        return Err(run.failed_write(object, error));
    }
    let live = rest.get(object, run.retry()).await.map_err(|error| request(object, error))?;
    let managers = live.as_ref().map(Managers::of).unwrap_or_default();
    if conflicts.iter().all(|conflict| managers.is_predecessor(&conflict.manager)) {
        return apply(true).await.map_err(|error| run.failed_write(object, error));
    }
    Err(InstallError::Conflict { object: object.clone(), conflicts })
}

/// The patches without which an apply would be refused, or would leave an older manager's fields.
/// Each is guarded by the version that it was made from; where that is over, it is made anew.
/// Whether there was one.
async fn prepare(
    run: &Run<'_>,
    object: &ObjectRef,
    manifest: &Value,
) -> Result<bool, InstallError> {
    let rest = &run.cluster.rest;
    let mut patched = false;
    for _ in 0..5 {
        let live = rest.get(object, run.retry()).await.map_err(|error| request(object, error))?;
        let Some(live) = live else { return Ok(patched) };
        let patch = plan::takeover_patch(&live)
            .or_else(|| plan::strategy_patch(object.kind, &live, manifest));
        let Some(patch) = patch else { return Ok(patched) };
        match rest.patch(object, &Value::Array(patch.0), run.retry()).await {
            Ok(_) => patched = true,
            Err(error) if error.code() == Some(409) => {}
            Err(error) => return Err(run.failed_write(object, error)),
        }
    }
    // Five writers in a row were faster: the apply itself will tell what is wrong.
    Ok(patched)
}

/// Deletes what the plan is rid of, and tells so.
async fn remove(run: &Run<'_>, object: &ObjectRef) -> Result<(), InstallError> {
    delete(run, object).await?;
    run.emit(Event::Object { object: object.clone(), outcome: ObjectOutcome::Deleted });
    Ok(())
}

/// Deletes an object with all it owns and waits until it is gone.
async fn delete(run: &Run<'_>, object: &ObjectRef) -> Result<(), InstallError> {
    let rest = &run.cluster.rest;
    let live = rest.get(object, run.retry()).await.map_err(|error| request(object, error))?;
    let Some(uid) = live.as_ref().and_then(|live| live.pointer("/metadata/uid")?.as_str()) else {
        return Ok(());
    };
    let deleted = rest.delete(object, uid, run.retry()).await;
    deleted.map_err(|error| run.failed_write(object, error))?;
    run.left.borrow_mut().written += 1;
    run.or_cancelled(gone(run, object, uid)).await
}

async fn gone(run: &Run<'_>, object: &ObjectRef, uid: &str) -> Result<(), InstallError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(50);
    loop {
        let found = run.cluster.rest.get(object, run.retry()).await;
        let found = found.map_err(|error| request(object, error))?;
        let same =
            |live: &Value| live.pointer("/metadata/uid").and_then(Value::as_str) == Some(uid);
        let Some(live) = found.filter(same) else { return Ok(()) };
        if Instant::now() >= deadline {
            let finalizers = live.pointer("/metadata/finalizers").and_then(Value::as_array);
            let finalizers = finalizers.into_iter().flatten().filter_map(Value::as_str);
            let finalizers = finalizers.map(str::to_owned).collect();
            return Err(InstallError::NotGone { object: object.clone(), finalizers });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// An error of a request, with what it was for.
pub(super) fn request(object: &ObjectRef, error: ClusterError) -> InstallError {
    InstallError::Request { object: object.clone(), error }
}
