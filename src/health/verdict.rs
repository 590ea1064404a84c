//! The answer.

use std::fmt;

use serde::Serialize;

/// What an object's status says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "camelCase")]
pub enum Verdict {
    /// As it should be.
    Ready,
    /// Nothing to wait for, but a person should look at it.
    Warning(Reason),
    /// Not ready, and waiting now is of no use: it gets ready through something that comes later.
    Deferred(Reason),
    /// On its way; the reason names what is still missing.
    Progressing(Reason),
    /// It will not get there by itself.
    Failed(Reason),
    /// It is going away and never ready.
    Terminating {
        /// What holds it back.
        finalizers: Vec<String>,
        /// What is still inside a namespace, in the namespace controller's words.
        remaining: Vec<String>,
    },
}

impl Verdict {
    /// Whether a wait for this object is over with success.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready | Self::Warning(_))
    }

    /// Whether a wait for this object is over without success.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// One clause without a full stop, for behind `deployment/hive-gateway  `.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Warning(reason)
            | Self::Deferred(reason)
            | Self::Progressing(reason)
            | Self::Failed(reason) => reason.fmt(f),
            Self::Terminating { finalizers, remaining } => {
                f.write_str("is being deleted")?;
                if !finalizers.is_empty() {
                    write!(f, ", held by {}", finalizers.join(", "))?;
                }
                if !remaining.is_empty() {
                    write!(f, ": {}", remaining.join("; "))?;
                }
                Ok(())
            }
        }
    }
}

/// Why an object is not ready.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// The observation is of an object that was there before the one that was applied.
    AnotherObject,
    /// The observation is older than the apply's response.
    OldGeneration {
        /// Of the observation.
        generation: i64,
        /// Of the apply's response.
        expected: i64,
    },
    /// The controller has not seen the newest generation.
    NotObserved {
        /// `metadata.generation`.
        generation: i64,
        /// `status.observedGeneration`, where there is one.
        observed: Option<i64>,
    },
    /// A rollout on its way.
    Replicas(Replicas),
    /// Enough replicas, but the controller does not call them available yet.
    NotAvailable,
    /// A Deployment with `spec.paused`.
    Paused,
    /// A StatefulSet or DaemonSet that replaces pods only when a person deletes them.
    OnDelete {
        /// Pods that still run the old revision.
        outdated: i32,
    },
    /// A DaemonSet that no node matches.
    NoNodes,
    /// A Job that still works.
    JobRunning {
        /// Pods that run or wait to.
        active: i32,
        /// Pods that failed.
        failed: i32,
    },
    /// A Job whose success is decided, its pods still stop.
    JobEnding,
    /// A Job with `spec.suspend`.
    JobSuspended,
    /// A Job that gave up, or is about to.
    JobFailed {
        /// The condition's reason, such as `BackoffLimitExceeded` or `DeadlineExceeded`.
        reason: String,
        /// The condition's message.
        message: String,
    },
    /// A pod that does not serve yet, or a Job's pod that still works.
    PodNotReady {
        /// `status.phase`.
        phase: String,
        /// Containers that are ready.
        ready: usize,
        /// Containers.
        containers: usize,
    },
    /// A pod that failed.
    PodFailed {
        /// `status.reason`, such as `Evicted`; empty where its containers failed.
        reason: String,
        /// `status.message`.
        message: String,
    },
    /// A serving pod that ended.
    PodEnded,
    /// A claim without a volume.
    ClaimPending,
    /// A claim whose volume is made once a pod that uses it is scheduled.
    WaitsForConsumer,
    /// A claim whose volume is gone.
    ClaimLost,
    /// A Service without a ready endpoint.
    NoEndpoints {
        /// The ports concerned, by name or number.
        ports: Vec<String>,
    },
    /// An Ingress whose class does not exist.
    NoIngressClass {
        /// The class; `None` where the Ingress names none and the cluster has no default.
        class: Option<String>,
    },
    /// An Ingress whose backend Service does not exist.
    NoBackend {
        /// The Service.
        service: String,
    },
    /// An Ingress whose backend Service has no such port.
    NoBackendPort {
        /// The Service.
        service: String,
        /// Name or number of the port.
        port: String,
    },
    /// An Ingress whose TLS Secret does not exist, and no issuer will make it.
    NoTlsSecret {
        /// The Secret.
        secret: String,
    },
    /// An Ingress that no controller has given an address.
    NoAddress,
    /// Something that the verdict needs may not be read.
    NotReadable {
        /// The resource, such as `ingressclasses`.
        resource: String,
    },
    /// A namespace that has no `default` ServiceAccount yet: pods cannot be made.
    NoDefaultAccount,
    /// A namespace that is neither active nor going away.
    NamespacePhase {
        /// `status.phase`.
        phase: String,
    },
}

/// The counts of a rollout.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replicas {
    /// `spec.replicas`.
    pub desired: i32,
    /// All pods, old and new.
    pub total: i32,
    /// Pods of the newest revision.
    pub updated: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that have been ready for `minReadySeconds`.
    pub available: i32,
    /// `Progressing=False, ProgressDeadlineExceeded`. No failure by itself: a late rollout still
    /// gets there, and on an unchanged object the condition is old.
    pub deadline_exceeded: bool,
}

/// `0/1 ready, 1 updated`.
impl fmt::Display for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ready, {} updated", self.ready, self.desired, self.updated)?;
        if self.total > self.updated {
            write!(f, ", {} old", self.total - self.updated)?;
        }
        if self.available < self.ready {
            write!(f, ", {} available", self.available)?;
        }
        if self.deadline_exceeded {
            f.write_str(", the progress deadline has passed")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherObject => f.write_str("waits for the new object to show"),
            Self::OldGeneration { generation, expected } => {
                write!(f, "waits for generation {expected} to show (seen: {generation})")
            }
            Self::NotObserved { generation, observed: Some(observed) } => {
                write!(f, "its controller is at generation {observed} of {generation}")
            }
            Self::NotObserved { generation, observed: None } => {
                write!(f, "its controller has not seen generation {generation} yet")
            }
            Self::Replicas(replicas) => replicas.fmt(f),
            Self::NotAvailable => f.write_str("ready, but not yet called available"),
            Self::Paused => f.write_str("its rollout is paused"),
            Self::OnDelete { outdated } => {
                write!(f, "{outdated} pods stay at the old revision until somebody deletes them")
            }
            Self::NoNodes => f.write_str("no node matches it"),
            Self::JobRunning { active: 0, failed: 0 } => f.write_str("has no pod yet"),
            Self::JobRunning { active, failed: 0 } => write!(f, "{active} active"),
            Self::JobRunning { active, failed } => write!(f, "{active} active, {failed} failed"),
            Self::JobEnding => f.write_str("succeeded, its pod still stops"),
            Self::JobSuspended => f.write_str("is suspended"),
            Self::JobFailed { reason, message } => named(f, reason, message),
            Self::PodNotReady { phase, ready, containers } => {
                write!(f, "{phase}, {ready}/{containers} containers ready")
            }
            Self::PodFailed { reason, message } => named(f, reason, message),
            Self::PodEnded => f.write_str("ended, but should serve"),
            Self::ClaimPending => f.write_str("has no volume yet"),
            Self::WaitsForConsumer => f.write_str("gets its volume when its pod is scheduled"),
            Self::ClaimLost => f.write_str("has lost its volume"),
            Self::NoEndpoints { ports } if ports.is_empty() => f.write_str("no ready endpoint"),
            Self::NoEndpoints { ports } => {
                write!(f, "no ready endpoint for port {}", ports.join(", "))
            }
            Self::NoIngressClass { class: Some(class) } => {
                write!(f, "ingress class {class} does not exist")
            }
            Self::NoIngressClass { class: None } => {
                f.write_str("names no ingress class, and the cluster has no default")
            }
            Self::NoBackend { service } => write!(f, "service {service} does not exist"),
            Self::NoBackendPort { service, port } => {
                write!(f, "service {service} has no port {port}")
            }
            Self::NoTlsSecret { secret } => {
                write!(f, "TLS secret {secret} does not exist, and no issuer will make it")
            }
            Self::NoAddress => f.write_str("no ingress controller has given it an address"),
            Self::NotReadable { resource } => write!(f, "not checked: may not read {resource}"),
            Self::NoDefaultAccount => f.write_str("has no default service account yet"),
            Self::NamespacePhase { phase } => write!(f, "is {phase:?}, not Active"),
        }
    }
}

/// `failed: REASON: MESSAGE`, without the parts that are empty.
fn named(f: &mut fmt::Formatter<'_>, reason: &str, message: &str) -> fmt::Result {
    f.write_str("failed")?;
    for part in [reason, message] {
        if !part.is_empty() {
            write!(f, ": {part}")?;
        }
    }
    Ok(())
}
