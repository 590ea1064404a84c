//! How a failed installation is told: what happened, why, what to do, and what is left.

use std::time::Duration;

use super::Exit;
use super::failure::cluster_failure;
use super::signals::exit;
use crate::cluster::{ClusterError, Unreachable};
use crate::diagnose::Finding;
use crate::engine::{InstallError, Left, Signal, Step};
use crate::ui::Failure;
use manifest::Kind;

/// Lines of a log that are shown.
const LOG_LINES: usize = 20;

/// The block for a failed run. `again` is the command that goes on from here.
pub(crate) fn install_failure(error: &InstallError, left: &Left, again: &str) -> Failure {
    let mut failure = match error {
        InstallError::MissingRights(missing) => missing_rights(missing),
        InstallError::NamespaceTerminating { namespace, remaining } => {
            let failure =
                Failure::new(Exit::Preflight, format!("namespace/{namespace} is being deleted"))
                    .cause("nothing can be made in a namespace that is going away")
                    .fix(format!(
                        "wait until it is gone:  kubectl wait --for=delete ns/{namespace}"
                    ))
                    .fix(again);
            remaining.iter().fold(failure, Failure::seen)
        }
        InstallError::NamespaceUnusable { namespace } => Failure::new(
            Exit::Timeout,
            format!("namespace/{namespace} has no default ServiceAccount"),
        )
        .cause("the cluster's controller-manager makes it, and has not")
        .fix("see whether it runs:  kubectl get pods -n kube-system"),
        InstallError::NotGone { object, finalizers } => {
            Failure::new(Exit::Timeout, format!("{object} does not go away"))
                .cause(match finalizers.as_slice() {
                    [] => "its controller has not removed it".to_owned(),
                    finalizers => format!("held by {}", finalizers.join(", ")),
                })
                .fix(again)
        }
        InstallError::Conflict { object, conflicts } => conflicts.iter().fold(
            Failure::new(Exit::Conflict, format!("other managers own fields of {object}"))
                .fix("take the fields over:")
                .fix(format!("{again} --force-conflicts")),
            |failure, conflict| {
                failure.seen(format!("{} is set by {}", conflict.field, conflict.manager))
            },
        ),
        InstallError::Request { object, error } => request(&object.to_string(), error, again),
        InstallError::Unwatchable { resource, namespace } => {
            Failure::new(Exit::Preflight, format!("{resource} in {namespace} cannot be watched"))
                .cause(format!("the account lacks list or watch on {resource} -n {namespace}"))
                .fix("have the right granted, then:")
                .fix(again)
        }
        InstallError::Vanished { object } => {
            let failure = Failure::new(
                Exit::Conflict,
                format!("{object} was deleted while it was waited for"),
            );
            match object.kind {
                Kind::Job => failure.cause(
                    "somebody else deleted it before its end was seen: how far the schema was \
                     migrated is not known",
                ),
                _ => failure.cause("somebody else deleted it, or put another one in its place"),
            }
            .fix("when nobody else works on this installation any more:")
            .fix(again)
        }
        InstallError::Migration { findings, log, elapsed } => {
            migration(findings, log, *elapsed, again)
        }
        InstallError::MigrationTimeout { findings, elapsed } => {
            migration_timeout(findings, *elapsed, again)
        }
        InstallError::MigrationStuck { pods, elapsed } => {
            let failure = Failure::new(
                Exit::Timeout,
                format!("the previous migration does not end ({})", seconds(*elapsed)),
            )
            .cause("its pods are still there, and two migrations at once can ruin the schema")
            .fix("see what holds the pod, and whether its node is alive; then:")
            .fix(again);
            pods.iter().fold(failure, Failure::seen)
        }
        InstallError::MigrationTaken => {
            Failure::new(Exit::Conflict, "another installation runs a migration right now")
                .cause("job/openhive-db-migrate -n openhive was posted by someone else")
                .fix("wait until it is through, then:")
                .fix(again)
        }
        InstallError::Rollout { object, findings, elapsed } => {
            let headline = format!("Rollout of {object} failed after {}", seconds(*elapsed));
            with_findings(Failure::new(Exit::Rollout, headline), findings).fix(again)
        }
        InstallError::RolloutTimeout { pending, findings, elapsed } => {
            let headline = format!("not everything is ready after {}", seconds(*elapsed));
            let failure = with_findings(Failure::new(Exit::Timeout, headline), findings);
            pending
                .iter()
                .fold(failure, |failure, (object, note)| failure.seen(format!("{object}: {note}")))
                .fix("it may still get there; see:  kubectl openhive status")
                .fix(again)
        }
        InstallError::Health { endpoint, answer, elapsed } => Failure::new(
            Exit::Rollout,
            format!("{endpoint} is not healthy after {}", seconds(*elapsed)),
        )
        .cause(answer.clone())
        .fix("see:  kubectl openhive status")
        .fix(again),
        InstallError::Cancelled { signal } => {
            let name = match signal {
                Signal::Interrupt => "interrupted",
                Signal::Terminate => "terminated",
            };
            Failure::new(exit(*signal), name).fix("go on from here:").fix(again)
        }
    };
    failure.now = state(left);
    // That code promises that nothing was changed.
    if failure.exit == Exit::Preflight && (left.written > 0 || left.uncertain) {
        failure.exit = Exit::Error;
    }
    failure
}

fn missing_rights(missing: &[String]) -> Failure {
    let failure = Failure::new(Exit::Preflight, "the account lacks rights")
        .cause(format!("{} of the rights that the installation needs are missing", missing.len()))
        .fix("have them granted, or use another account with --context or --as");
    missing.iter().fold(failure, Failure::seen)
}

fn request(what: &str, error: &ClusterError, again: &str) -> Failure {
    let ClusterError::Api(status) = error else {
        let mut failure = cluster_failure(error);
        failure.headline = format!("{what}: {}", failure.headline);
        if let ClusterError::Unreachable { reason: Unreachable::TimedOut(_), .. } = error {
            failure.exit = Exit::Timeout;
        }
        return failure.fix(again);
    };
    let exit = match status.code {
        401 | 403 => Exit::Preflight,
        409 => Exit::Conflict,
        _ => Exit::Error,
    };
    let failure =
        Failure::new(exit, format!("the API server refuses {what}")).cause(status.message.clone());
    status
        .causes
        .iter()
        .filter(|cause| !cause.field.is_empty())
        .fold(failure, |failure, cause| failure.seen(format!("{}: {}", cause.field, cause.message)))
        .fix("correct what it names, then:")
        .fix(again)
}

fn migration(findings: &[Finding], log: &[String], elapsed: Duration, again: &str) -> Failure {
    let headline = format!("Migration failed after {}", seconds(elapsed));
    let mut failure = with_findings(Failure::new(Exit::Migration, headline), findings);
    let shown = findings.iter().any(|finding| !finding.log.is_empty());
    if !shown && !log.is_empty() {
        failure = failure.seen("the last lines of its log:");
        for line in &log[log.len().saturating_sub(LOG_LINES)..] {
            failure = failure.seen(format!("  {line}"));
        }
    }
    failure.fix(again)
}

fn migration_timeout(findings: &[Finding], elapsed: Duration, again: &str) -> Failure {
    let headline = format!("the migration still runs after {}", seconds(elapsed));
    let mut failure = with_findings(Failure::new(Exit::Timeout, headline), findings);
    if failure.cause.is_none() {
        failure.cause = Some("it needs more time; it was not stopped".to_owned());
    }
    failure
        .fix("follow it:  kubectl logs -n openhive -f job/openhive-db-migrate")
        .fix("then go on; a running migration is awaited, not started again:")
        .fix(again)
}

/// The first cause with its evidence; the others by name alone.
fn with_findings(mut failure: Failure, findings: &[Finding]) -> Failure {
    let Some((first, others)) = findings.split_first() else { return failure };
    failure = failure.cause(first.cause.clone());
    let pod = first.subject.pod.as_deref().unwrap_or_default();
    if !pod.is_empty() {
        failure = failure.seen(format!("pod/{pod} -n {}", namespace(first)));
    }
    // Its name has just been told.
    let prefix = format!("pod/{pod}: ");
    let evidence = first.evidence.iter().map(|line| line.strip_prefix(&prefix).unwrap_or(line));
    failure = evidence.fold(failure, Failure::seen);
    if !first.log.is_empty() {
        failure = failure.seen("the last lines of its log:");
        for line in &first.log[first.log.len().saturating_sub(LOG_LINES)..] {
            failure = failure.seen(format!("  {line}"));
        }
    }
    for other in others.iter().filter(|other| other.object != first.object) {
        failure = failure.seen(format!("also {}: {}", other.object, other.cause));
    }
    failure.fix(format!("{}, then:", first.advice))
}

fn namespace(finding: &Finding) -> &str {
    finding.object.namespace.as_deref().unwrap_or_default()
}

/// What the cluster looks like now.
fn state(left: &Left) -> Vec<String> {
    let mut lines = Vec::new();
    if left.uncertain {
        lines.push("a request got no answer: it may have been carried out".to_owned());
    }
    if left.written == 0 {
        if !left.uncertain {
            lines.push("nothing was changed".to_owned());
        }
        return lines;
    }
    lines.push(match left.written {
        1 => "1 object was written".to_owned(),
        written => format!("{written} objects were written"),
    });
    if left.runtime.is_empty() && left.step < Some(Step::Runtime) {
        lines.push("the workloads were not touched: what ran before runs on".to_owned());
        if !left.secrets.is_empty() {
            lines.push(
                "the Secrets hold the new values; pods that are started anew will read them"
                    .to_owned(),
            );
        }
    }
    if left.migrated {
        lines
            .push("the schema was migrated; going back needs a restore of the database".to_owned());
    }
    if !left.interim.is_empty() {
        let names: Vec<_> = left.interim.iter().map(|policy| policy.name.as_str()).collect();
        lines.push(format!(
            "policies that still allow what their predecessors allowed: {}",
            names.join(", ")
        ));
    }
    lines
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1}s", elapsed.as_secs_f64())
}
