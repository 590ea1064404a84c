//! Reading symptoms out of a snapshot: what is there now, and how long it may last.

mod claim;
mod container;
mod deployment;
mod job;
mod pod;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Event, Pod};

use super::chain::{name, uid};
use super::finding::Subject;
use super::symptom::Family;
use super::{Endpoint, Grace, Snapshot, Symptom};
use manifest::ObjectRef;

/// A symptom that is there now.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub object: ObjectRef,
    /// uid of the ReplicaSet, Job or claim: another revision is another chance.
    pub revision: String,
    pub subject: Subject,
    pub symptom: Symptom,
    pub evidence: Vec<String>,
    pub log: Vec<String>,
    /// Since when, where the objects say so, by the API server's clock.
    pub began: Option<Timestamp>,
    /// For how long it must last to be worth a word.
    pub shows_after: SignedDuration,
    /// For how long it may last; `None`: it ends nothing.
    pub fails_after: Option<SignedDuration>,
}

/// What makes two sightings the same symptom, seen twice.
pub(super) type Key = (ObjectRef, String, Option<String>, Family);

impl Sighting {
    pub(super) fn key(&self) -> Key {
        (
            self.object.clone(),
            self.revision.clone(),
            self.subject.container.clone(),
            self.symptom.family(),
        )
    }
}

/// Exit codes of runs that a container's status no longer shows, by container id.
pub(super) type History = BTreeMap<(String, String), Vec<(String, i32)>>;

/// What every reader needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub snapshot: &'a Snapshot,
    pub grace: &'a Grace,
    pub history: &'a History,
    pub now: Timestamp,
}

/// The object and the revision that pods are read for.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub object: &'a ObjectRef,
    pub revision: &'a str,
    /// Set where pods are to succeed.
    pub job: Option<JobRules>,
}

/// What a Job does about a failed pod.
#[derive(Clone, Copy)]
pub(super) struct JobRules {
    /// The first failed pod is the end.
    pub first_is_last: bool,
    /// The pods ended because the Job's time was over, not by themselves.
    pub stopped: bool,
}

impl<'a> Target<'a> {
    fn sighting(&self, subject: Subject, symptom: Symptom) -> Sighting {
        Sighting {
            object: self.object.clone(),
            revision: self.revision.to_owned(),
            subject,
            symptom,
            evidence: Vec::new(),
            log: Vec::new(),
            began: None,
            shows_after: SignedDuration::ZERO,
            fails_after: None,
        }
    }
}

impl Sighting {
    fn evidence(mut self, line: String) -> Self {
        self.evidence.push(line);
        self
    }

    fn began(mut self, time: Option<Timestamp>) -> Self {
        self.began = time;
        self
    }

    /// Ends a command after `grace`, but only if it was seen since the apply.
    fn fails(mut self, grace: SignedDuration, fresh: bool) -> Self {
        if fresh {
            self.fails_after = Some(grace);
        } else {
            self.evidence.push("from before this apply, not tried again since".to_owned());
        }
        self
    }
}

/// Everything that is wrong now.
pub(super) fn all(context: &Context<'_>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for deployment in &context.snapshot.deployments {
        deployment::read(context, deployment, &mut found);
    }
    for job in &context.snapshot.jobs {
        job::read(context, job, &mut found);
    }
    for claim in &context.snapshot.claims {
        claim::read(context, claim, &mut found);
    }
    found
}

impl<'a> Context<'a> {
    /// Whether something about an object happened since the apply: it was made since, or an event
    /// that `pick` accepts came since.
    fn fresh(&self, pod: &Pod, pick: impl Fn(&Event) -> bool) -> bool {
        self.snapshot.counts(pod.metadata.creation_timestamp.as_ref().map(|t| t.0))
            || self.snapshot.events_of(uid(&pod.metadata)).any(pick)
    }

    /// The last lines of a container: its log, else what its termination left.
    fn tail(
        &self,
        pod: &Pod,
        container: &str,
        previous: bool,
        terminated: Option<&ContainerStateTerminated>,
    ) -> Vec<String> {
        const LINES: usize = 20;
        let lines: Vec<String> = self
            .snapshot
            .logs
            .iter()
            .find(|log| {
                log.pod_uid == uid(&pod.metadata)
                    && log.container == container
                    && log.previous == previous
            })
            .map(|log| log.lines.clone())
            .filter(|lines| !lines.is_empty())
            .or_else(|| {
                let message = terminated?.message.as_ref()?;
                Some(message.lines().map(ToOwned::to_owned).collect())
            })
            .unwrap_or_default();
        let skip = lines.len().saturating_sub(LINES);
        lines.into_iter().skip(skip).collect()
    }

    fn database(&self) -> Option<&'a Endpoint> {
        self.snapshot.database.as_ref()
    }
}

fn pod_subject(pod: &Pod) -> Subject {
    Subject { pod: Some(name(&pod.metadata).to_owned()), container: None, init: false }
}

fn container_subject(pod: &Pod, container: &str, init: bool) -> Subject {
    Subject { container: Some(container.to_owned()), init, ..pod_subject(pod) }
}

/// Keeps the exit codes of runs that the next snapshot no longer shows, of pods that are there.
pub(super) fn remember(history: &mut History, snapshot: &Snapshot) {
    history.retain(|(pod, _), _| snapshot.pods.iter().any(|p| uid(&p.metadata) == pod));
    for pod in &snapshot.pods {
        let status = pod.status.as_ref();
        let init = status.and_then(|s| s.init_container_statuses.as_deref()).unwrap_or_default();
        let main = status.and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
        for container in init.iter().chain(main) {
            let runs =
                history.entry((uid(&pod.metadata).to_owned(), container.name.clone())).or_default();
            for run in container::runs_of(container) {
                if !runs.iter().any(|(id, _)| *id == run.0) {
                    runs.push(run);
                }
            }
        }
    }
}
