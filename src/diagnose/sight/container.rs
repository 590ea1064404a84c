//! What is wrong with one container, init or not.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{
    Container, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, Event, Pod,
};

use super::pod::place;
use super::{Context, Sighting, Target, container_subject};
use crate::diagnose::chain::{about_container, event_time, uid};
use crate::diagnose::logs::classify;
use crate::diagnose::parse::{Answer, ConfigError, Probe, PullError, StartError, probe_answer};
use crate::diagnose::symptom::Symptom;

/// One container of one pod.
#[derive(Clone, Copy)]
struct Seen<'a> {
    context: &'a Context<'a>,
    target: &'a Target<'a>,
    pod: &'a Pod,
    status: &'a ContainerStatus,
    init: bool,
}

pub(super) fn read<'a>(
    context: &'a Context<'a>,
    target: &'a Target<'a>,
    pod: &'a Pod,
    status: &'a ContainerStatus,
    init: bool,
) -> Vec<Sighting> {
    let seen = Seen { context, target, pod, status, init };
    let Some(state) = status.state.as_ref() else { return Vec::new() };
    let last = status.last_state.as_ref().and_then(|s| s.terminated.as_ref());
    if let Some(waiting) = &state.waiting {
        return seen.waiting(waiting, last).into_iter().collect();
    }
    if let Some(ended) = &state.terminated {
        return seen.ended(ended).into_iter().collect();
    }
    if state.running.is_none() || status.ready {
        return Vec::new();
    }
    // It runs: how it ended before is history that is worth a word while it is not ready.
    let before = last
        .filter(|ended| context.snapshot.counts(ended.finished_at.as_ref().map(|t| t.0)))
        .map(|ended| seen.crash(ended, true));
    let found: Vec<Sighting> = before.into_iter().chain(seen.probe()).collect();
    // An init container runs until it is done.
    if found.is_empty() && !init { vec![seen.not_ready()] } else { found }
}

impl<'a> Seen<'a> {
    fn sighting(&self, symptom: Symptom) -> Sighting {
        let subject = container_subject(self.pod, &self.status.name, self.init);
        self.target.sighting(subject, symptom)
    }

    /// `pod/NAME: initContainerStatuses[NAME].FIELD`
    fn field(&self, field: &str) -> String {
        let list = if self.init { "initContainerStatuses" } else { "containerStatuses" };
        format!("{}: {list}[{}].{field}", place(self.pod), self.status.name)
    }

    fn spec(&self) -> Option<&'a Container> {
        let spec = self.pod.spec.as_ref()?;
        let list = if self.init { spec.init_containers.as_deref()? } else { &spec.containers };
        list.iter().find(|container| container.name == self.status.name)
    }

    /// An event `Failed` of this container since the apply: it was tried again.
    fn fresh(&self) -> bool {
        self.context.fresh(self.pod, |event| {
            event.reason.as_deref() == Some("Failed") && about_container(event, &self.status.name)
        })
    }

    fn waiting(
        &self,
        waiting: &ContainerStateWaiting,
        last: Option<&ContainerStateTerminated>,
    ) -> Option<Sighting> {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        let message = waiting.message.clone().unwrap_or_default();
        let image = || {
            let image = self.spec().and_then(|spec| spec.image.clone());
            image.unwrap_or_else(|| self.status.image.clone())
        };
        let line = format!("{} = {reason}: {message}", self.field("state.waiting"));
        let grace = self.context.grace;
        match reason {
            "InvalidImageName" => Some(
                self.sighting(Symptom::InvalidImageName { image: image() })
                    .evidence(line)
                    .fails(SignedDuration::ZERO, true),
            ),
            "ErrImageNeverPull" => Some(
                self.sighting(Symptom::ImageNeverPulled { image: image() })
                    .evidence(line)
                    .fails(SignedDuration::ZERO, true),
            ),
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => Some(self.pull(image(), &message, line)),
            "CreateContainerConfigError" => {
                let error = ConfigError::parse(&message);
                let sighting = self.sighting(Symptom::Config { error: error.clone() });
                Some(match error {
                    ConfigError::NotSynced => sighting.evidence(line),
                    _ => sighting.evidence(line).fails(grace.config, self.fresh()),
                })
            }
            "CreateContainerError"
            | "RunContainerError"
            | "PreCreateHookError"
            | "PreStartHookError"
            | "PostStartHookError" => {
                let error = StartError::parse(&message);
                let limit = grace.start(&error);
                Some(
                    self.sighting(Symptom::Start { error })
                        .evidence(line)
                        .fails(limit, self.fresh()),
                )
            }
            "CrashLoopBackOff" => last.map(|ended| self.crash(ended, false)),
            "ContainerCreating" | "PodInitializing" => self.pulling(image()),
            _ => None,
        }
    }

    fn pull(&self, image: String, message: &str, line: String) -> Sighting {
        let mut error = PullError::parse(message);
        let mut evidence = vec![line];
        if error == PullError::Unrecognised {
            // Before 1.31 the back-off message did not say why; the event of the pull does.
            let event = self.context.snapshot.newest_event(uid(&self.pod.metadata), |event| {
                event.reason.as_deref() == Some("Failed")
                    && about_container(event, &self.status.name)
                    && event.message.as_deref().is_some_and(|m| m.starts_with("Failed to pull"))
            });
            if let Some(said) = event.and_then(|event| event.message.as_deref()) {
                error = PullError::parse(said);
                evidence.push(format!("{}: event Failed: {said}", place(self.pod)));
            }
        }
        let secrets = self.pod.spec.as_ref().and_then(|s| s.image_pull_secrets.as_deref());
        let pull_secrets = secrets.unwrap_or_default().iter().map(|s| s.name.clone()).collect();
        let fresh = self.fresh();
        let mut sighting = self
            .sighting(Symptom::ImagePull { image, error, pull_secrets })
            .fails(self.context.grace.pull(error), fresh);
        evidence.append(&mut sighting.evidence);
        sighting.evidence = evidence;
        sighting
    }

    /// An event `Pulling` of this container that nothing has answered yet.
    fn pulling(&self, image: String) -> Option<Sighting> {
        let newest = self.context.snapshot.newest_event(uid(&self.pod.metadata), |event| {
            about_container(event, &self.status.name)
                && matches!(event.reason.as_deref(), Some("Pulling" | "Pulled" | "Failed"))
        })?;
        if newest.reason.as_deref() != Some("Pulling") {
            return None;
        }
        let mut sighting = self
            .sighting(Symptom::Pulling { image })
            .evidence(format!("{}: event Pulling", place(self.pod)))
            .began(event_time(newest));
        sighting.shows_after = self.context.grace.pulling_shows;
        Some(sighting)
    }

    /// Where no event explains it (events may be dropped, or may not be read).
    fn not_ready(&self) -> Sighting {
        let running = self.status.state.as_ref().and_then(|s| s.running.as_ref());
        let mut sighting = self
            .sighting(Symptom::NotReady)
            .evidence(format!("{} = false", self.field("ready")))
            .began(running.and_then(|r| r.started_at.as_ref()).map(|t| t.0));
        sighting.shows_after = self.context.grace.nothing_shows;
        sighting
    }

    /// A run that ended and that kubelet has not followed up yet, or never will.
    fn ended(&self, ended: &ContainerStateTerminated) -> Option<Sighting> {
        let spec = self.pod.spec.as_ref();
        let never = spec.and_then(|s| s.restart_policy.as_deref()) == Some("Never");
        let done = ended.exit_code == 0 && (self.init || self.target.job.is_some());
        if done {
            return None;
        }
        match self.target.job {
            Some(job) if job.stopped => None,
            Some(job) if never => Some(self.job_failed(ended, job.first_is_last)),
            _ => Some(self.crash(ended, false)),
        }
    }

    /// A run of a Job's pod that is not followed by another one in the same pod.
    fn job_failed(&self, ended: &ContainerStateTerminated, last: bool) -> Sighting {
        let log = self.tail(ended);
        let symptom = if out_of_memory(ended) {
            Symptom::OomKilled { times: 1, limit: self.memory_limit() }
        } else if cannot_start(ended) {
            Symptom::Start {
                error: StartError::parse(ended.message.as_deref().unwrap_or_default()),
            }
        } else {
            let cause = classify(&log, self.context.database());
            Symptom::JobPodFailed { exit_code: ended.exit_code, log: cause }
        };
        let mut sighting = self
            .sighting(symptom)
            .evidence(self.ended_line("state.terminated", ended))
            .began(ended.finished_at.as_ref().map(|t| t.0));
        sighting.log = log;
        if last { sighting.fails(SignedDuration::ZERO, true) } else { sighting }
    }

    /// A run that ended in a pod that starts it again.
    fn crash(&self, ended: &ContainerStateTerminated, runs_again: bool) -> Sighting {
        let grace = self.context.grace;
        let restarts = self.status.restart_count;
        let times = if runs_again { restarts } else { restarts + 1 };
        // What ended before the apply ended under other circumstances.
        let fresh = self.context.snapshot.counts(ended.finished_at.as_ref().map(|t| t.0));
        let log = self.tail(ended);
        let (symptom, enough) = if cannot_start(ended) {
            let error = StartError::parse(ended.message.as_deref().unwrap_or_default());
            let limit = grace.start(&error);
            (Symptom::Start { error }, Some(limit))
        } else if out_of_memory(ended) {
            let enough = (times >= grace.oom_times).then_some(SignedDuration::ZERO);
            (Symptom::OomKilled { times, limit: self.memory_limit() }, enough)
        } else {
            let same = restarts >= grace.restarts_same_code && self.same_code_twice();
            let enough = (restarts >= grace.restarts || same).then_some(SignedDuration::ZERO);
            let symptom = Symptom::CrashLoop {
                exit_code: ended.exit_code,
                times,
                log: classify(&log, self.context.database()),
                killed_by: self.killed_by(ended),
            };
            (symptom, enough)
        };
        let mut sighting = self
            .sighting(symptom)
            .evidence(self.ended_line("lastState.terminated", ended))
            .evidence(format!("{} = {restarts}", self.field("restartCount")))
            .began(ended.finished_at.as_ref().map(|t| t.0));
        sighting.log = log;
        match enough {
            Some(limit) if !runs_again => sighting.fails(limit, fresh),
            _ => sighting,
        }
    }

    /// The log of a run that ended, as `wanted` asks for it.
    fn tail(&self, ended: &ContainerStateTerminated) -> Vec<String> {
        let state = self.status.state.as_ref();
        let previous = state.is_none_or(|state| state.terminated.is_none());
        self.context.tail(self.pod, &self.status.name, previous, Some(ended))
    }

    fn ended_line(&self, field: &str, ended: &ContainerStateTerminated) -> String {
        let reason = ended.reason.as_deref().unwrap_or("Error");
        let signal = ended.signal.map(|signal| format!(", signal {signal}")).unwrap_or_default();
        format!("{}: {reason}, exitCode {}{signal}", self.field(field), ended.exit_code)
    }

    fn memory_limit(&self) -> Option<String> {
        let limits = self.spec()?.resources.as_ref()?.limits.as_ref()?;
        limits.get("memory").map(|quantity| quantity.0.clone())
    }

    /// Whether the last two runs ended with the same exit code, as far as anybody saw.
    fn same_code_twice(&self) -> bool {
        let key = (uid(&self.pod.metadata).to_owned(), self.status.name.clone());
        let runs = self.context.history.get(&key).map(Vec::as_slice).unwrap_or_default();
        matches!(runs, [.., (_, before), (_, last)] if before == last)
    }

    /// kubelet kills a container whose startup or liveness probe fails; the exit code (137, 143)
    /// only says that somebody did.
    fn killed_by(&self, ended: &ContainerStateTerminated) -> Option<(Probe, Answer)> {
        if !matches!(ended.exit_code, 137 | 143) {
            return None;
        }
        let from = ended.started_at.as_ref().map(|t| t.0);
        let to = ended.finished_at.as_ref().map(|t| t.0);
        self.unhealthy(|probe, event| {
            probe != Probe::Readiness && event_time(event) >= from && event_time(event) <= to
        })
        .map(|(probe, answer, _)| (probe, answer))
    }

    /// The newest event `Unhealthy` of this container that `pick` accepts.
    fn unhealthy(
        &self,
        pick: impl Fn(Probe, &Event) -> bool,
    ) -> Option<(Probe, Answer, &'a Event)> {
        let parsed = |event: &Event| probe_answer(event.message.as_deref().unwrap_or_default());
        let event = self.context.snapshot.newest_event(uid(&self.pod.metadata), |event| {
            event.reason.as_deref() == Some("Unhealthy")
                && about_container(event, &self.status.name)
                && parsed(event).is_some_and(|(probe, _)| pick(probe, event))
        })?;
        parsed(event).map(|(probe, answer)| (probe, answer, event))
    }

    /// It runs and is not ready: what its probe is answered.
    fn probe(&self) -> Option<Sighting> {
        let spec = self.spec()?;
        let running = self.status.state.as_ref()?.running.as_ref()?;
        let from = running.started_at.as_ref().map(|t| t.0);
        let starting = spec.startup_probe.is_some() && self.status.started != Some(true);
        let wanted = if starting { Probe::Startup } else { Probe::Readiness };
        let (probe, answer, event) =
            self.unhealthy(|probe, event| probe == wanted && event_time(event) >= from)?;
        let settings =
            if starting { spec.startup_probe.as_ref() } else { spec.readiness_probe.as_ref() }?;
        let budget = i64::from(settings.initial_delay_seconds.unwrap_or(0))
            + i64::from(settings.period_seconds.unwrap_or(10))
                * i64::from(settings.failure_threshold.unwrap_or(3));
        let budget = SignedDuration::from_secs(budget);
        let limit = if starting { budget } else { budget.max(self.context.grace.readiness) };
        let asks = match (&settings.http_get, &settings.exec) {
            (Some(get), _) => format!("GET {}", get.path.as_deref().unwrap_or("/")),
            (None, Some(exec)) => exec.command.clone().unwrap_or_default().join(" "),
            (None, None) => "TCP connect".to_owned(),
        };
        let symptom = Symptom::ProbeFailing { probe, asks, answer };
        Some(
            self.sighting(symptom)
                .evidence(format!(
                    "{}: event Unhealthy: {}",
                    place(self.pod),
                    event.message.as_deref().unwrap_or_default().trim()
                ))
                .began(event.first_timestamp.as_ref().map(|t| t.0).max(from))
                .fails(limit, true),
        )
    }
}

fn out_of_memory(ended: &ContainerStateTerminated) -> bool {
    ended.reason.as_deref() == Some("OOMKilled")
}

fn cannot_start(ended: &ContainerStateTerminated) -> bool {
    matches!(ended.reason.as_deref(), Some("StartError" | "ContainerCannotRun"))
}

/// The ended runs that a status still shows, the older one first.
pub(super) fn runs_of(status: &ContainerStatus) -> Vec<(String, i32)> {
    [status.last_state.as_ref(), status.state.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|state| state.terminated.as_ref())
        .map(|ended| (ended.container_id.clone().unwrap_or_default(), ended.exit_code))
        .collect()
}
