//! What can be wrong, typed.

use serde::Serialize;

use super::logs::LogCause;
use super::parse::{
    Answer, ConfigError, CreateError, MountError, Probe, PullError, Scheduling, StartError,
};

/// One row of the table in `docs/diagnosis.md`, with what was read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Symptom {
    /// `InvalidImageName`
    InvalidImageName {
        /// The reference.
        image: String,
    },
    /// `ErrImageNeverPull`
    ImageNeverPulled {
        /// The reference.
        image: String,
    },
    /// `ErrImagePull`, `ImagePullBackOff`
    ImagePull {
        /// The reference.
        image: String,
        /// What the pull failed of.
        error: PullError,
        /// The pull secrets that the pod names.
        pull_secrets: Vec<String>,
    },
    /// A container ends again and again.
    CrashLoop {
        /// Of its last run.
        exit_code: i32,
        /// How often it ended.
        times: i32,
        /// What its log says.
        log: Option<LogCause>,
        /// The probe that had it killed, and what the probe was answered.
        killed_by: Option<(Probe, Answer)>,
    },
    /// A container needs more memory than it may have.
    OomKilled {
        /// How often it ended.
        times: i32,
        /// Its limit.
        limit: Option<String>,
    },
    /// `CreateContainerConfigError`
    Config {
        /// What is missing.
        error: ConfigError,
    },
    /// `CreateContainerError`, `RunContainerError`
    Start {
        /// What the start failed of.
        error: StartError,
    },
    /// A pod stays in `ContainerCreating`.
    Mount {
        /// What is missing.
        error: MountError,
    },
    /// No node takes the pod.
    Unschedulable {
        /// The scheduler's counts.
        scheduling: Scheduling,
        /// Whether an autoscaler makes a node.
        scaling_up: bool,
    },
    /// A controller's pods are refused.
    CreateRefused {
        /// What for.
        error: CreateError,
    },
    /// A running container that does not pass its startup or readiness probe.
    ProbeFailing {
        /// Which.
        probe: Probe,
        /// What it asks, such as `GET /healthz`.
        asks: String,
        /// What it was answered.
        answer: Answer,
    },
    /// A Job's pod failed.
    JobPodFailed {
        /// Of the container that failed.
        exit_code: i32,
        /// What its log says.
        log: Option<LogCause>,
    },
    /// A pod was taken off its node.
    PodRemoved {
        /// `status.reason`, such as `Evicted`.
        reason: String,
    },
    /// A Job gave up.
    JobFailed {
        /// The condition's reason, such as `DeadlineExceeded`.
        reason: String,
    },
    /// `spec.suspend`
    JobSuspended,
    /// `spec.paused`
    Paused,
    /// A claim's volume is gone.
    ClaimLost,
    /// A claim gets no volume.
    ClaimPending {
        /// The provisioner's last words.
        provisioner: Option<String>,
        /// The StorageClass.
        class: Option<String>,
    },
    /// The pod's node does not answer.
    NodeLost {
        /// The node.
        node: String,
    },
    /// A pod that should be gone.
    StuckTerminating {
        /// Its finalizers.
        finalizers: Vec<String>,
        /// Its node.
        node: Option<String>,
    },
    /// A component of the cluster itself does not work on our object.
    NothingMoves {
        /// Which.
        component: Component,
    },
    /// An image that is still being pulled.
    Pulling {
        /// The reference.
        image: String,
    },
    /// A container that runs and is not ready, and nothing says why.
    NotReady,
    /// `ProgressDeadlineExceeded`, with no better explanation.
    DeadlineExceeded,
}

/// A component of the cluster.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Component {
    /// `kube-controller-manager`
    ControllerManager,
    /// `kube-scheduler`
    Scheduler,
    /// `kubelet` of a node
    Kubelet,
}

impl Component {
    /// The program's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
        }
    }
}

/// A symptom's identity over time: what may change from one moment to the next without being
/// another symptom (a count, the words of a message) is not part of it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[allow(missing_docs)] // named as the symptoms
pub(super) enum Family {
    // In the order of certainty: the first of two that are as far along is the cause.
    Paused,
    JobSuspended,
    InvalidImageName,
    ImageNeverPulled,
    CreateRefused,
    ClaimLost,
    Config,
    Start,
    PullCertain,
    PullDenied,
    OomKilled,
    JobPodFailed,
    CrashLoop,
    PodRemoved,
    MissingObject,
    JobFailed,
    ClaimPending,
    Unschedulable,
    PullPassing,
    NodeLost,
    Mount,
    Passing,
    ProbeFailing,
    NothingMoves,
    StuckTerminating,
    Pulling,
    NotReady,
    DeadlineExceeded,
}

impl Symptom {
    /// Its identity and its rank.
    pub(super) const fn family(&self) -> Family {
        match self {
            Self::Paused => Family::Paused,
            Self::JobSuspended => Family::JobSuspended,
            Self::InvalidImageName { .. } => Family::InvalidImageName,
            Self::ImageNeverPulled { .. } => Family::ImageNeverPulled,
            Self::CreateRefused { .. } => Family::CreateRefused,
            Self::ClaimLost => Family::ClaimLost,
            Self::Config { error: ConfigError::NotSynced }
            | Self::Mount { error: MountError::NotSynced } => Family::Passing,
            Self::Config { .. } => Family::Config,
            Self::Start { .. } => Family::Start,
            Self::ImagePull { error, .. } => match error {
                PullError::NotFound | PullError::NoPlatform => Family::PullCertain,
                PullError::Unauthorized => Family::PullDenied,
                _ => Family::PullPassing,
            },
            Self::OomKilled { .. } => Family::OomKilled,
            Self::JobPodFailed { .. } => Family::JobPodFailed,
            Self::CrashLoop { .. } => Family::CrashLoop,
            Self::PodRemoved { .. } => Family::PodRemoved,
            Self::Mount { error } if error.is_missing_object() => Family::MissingObject,
            Self::Mount { .. } => Family::Mount,
            Self::JobFailed { .. } => Family::JobFailed,
            Self::ClaimPending { .. } => Family::ClaimPending,
            Self::Unschedulable { .. } => Family::Unschedulable,
            Self::NodeLost { .. } => Family::NodeLost,
            Self::ProbeFailing { .. } => Family::ProbeFailing,
            Self::NothingMoves { .. } => Family::NothingMoves,
            Self::StuckTerminating { .. } => Family::StuckTerminating,
            Self::Pulling { .. } => Family::Pulling,
            Self::NotReady => Family::NotReady,
            Self::DeadlineExceeded => Family::DeadlineExceeded,
        }
    }
}
