//! How long a symptom may last before it ends a command.

use jiff::SignedDuration;

use super::parse::{CreateError, MountError, PullError, Scheduling, StartError};

/// The times and counts of the table in `docs/diagnosis.md`. A cause that heals within its time
/// never fails a command; one that cannot heal does not have to be waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grace {
    /// No such image, or not for this architecture. A registry's replicas agree within seconds.
    pub pull_certain: SignedDuration,
    /// No right to the image: a pull secret may be written beside the workload.
    pub pull_denied: SignedDuration,
    /// Rate limit, DNS, certificate, time-out.
    pub pull_passing: SignedDuration,
    /// A missing Secret, ConfigMap or key, or a user that is root.
    pub config: SignedDuration,
    /// A program that is not in the image, or not executable.
    pub start_certain: SignedDuration,
    /// Other failures of the runtime.
    pub start_other: SignedDuration,
    /// Restarts that are enough with any exit codes.
    pub restarts: i32,
    /// Restarts that are enough when the last two runs ended with the same exit code.
    pub restarts_same_code: i32,
    /// Ends for lack of memory that are enough.
    pub oom_times: i32,
    /// A volume's Secret, ConfigMap or key is missing.
    pub missing_object: SignedDuration,
    /// Other failures of volumes and of the pod's network.
    pub mount: SignedDuration,
    /// No node fits: selector, taint, unbound claim.
    pub unschedulable: SignedDuration,
    /// No node has enough left, or none is ready.
    pub resources: SignedDuration,
    /// An autoscaler makes a node.
    pub scale_up: SignedDuration,
    /// Quota, Pod Security, a webhook's refusal.
    pub refused: SignedDuration,
    /// A ServiceAccount that is missing, a webhook that is down, or an error of the API server.
    pub refused_passing: SignedDuration,
    /// The least that a failing readiness probe is given; a database that fails over answers again
    /// within it.
    pub readiness: SignedDuration,
    /// A volume that is not made.
    pub claim: SignedDuration,
    /// A node that does not answer.
    pub node_lost: SignedDuration,
    /// When a component that does nothing is worth a word.
    pub nothing_shows: SignedDuration,
    /// When a component that does nothing ends a command.
    pub nothing: SignedDuration,
    /// When an image that is being pulled is worth a word.
    pub pulling_shows: SignedDuration,
    /// How long a pod may be overdue.
    pub terminating: SignedDuration,
}

impl Grace {
    /// The figures of `docs/diagnosis.md`.
    pub const DEFAULT: Self = Self {
        pull_certain: SignedDuration::from_secs(10),
        pull_denied: SignedDuration::from_secs(20),
        pull_passing: SignedDuration::from_secs(120),
        config: SignedDuration::from_secs(10),
        start_certain: SignedDuration::from_secs(10),
        start_other: SignedDuration::from_secs(120),
        restarts: 3,
        restarts_same_code: 2,
        oom_times: 2,
        missing_object: SignedDuration::from_secs(15),
        mount: SignedDuration::from_secs(120),
        unschedulable: SignedDuration::from_secs(30),
        resources: SignedDuration::from_secs(180),
        scale_up: SignedDuration::from_secs(600),
        refused: SignedDuration::from_secs(10),
        refused_passing: SignedDuration::from_secs(60),
        readiness: SignedDuration::from_secs(30),
        claim: SignedDuration::from_secs(120),
        node_lost: SignedDuration::from_secs(60),
        nothing_shows: SignedDuration::from_secs(30),
        nothing: SignedDuration::from_secs(60),
        pulling_shows: SignedDuration::from_secs(10),
        terminating: SignedDuration::from_secs(30),
    };

    pub(super) const fn pull(&self, error: PullError) -> SignedDuration {
        match error {
            PullError::NotFound | PullError::NoPlatform => self.pull_certain,
            PullError::Unauthorized => self.pull_denied,
            _ => self.pull_passing,
        }
    }

    pub(super) const fn start(&self, error: &StartError) -> SignedDuration {
        match error {
            StartError::Unrecognised => self.start_other,
            _ => self.start_certain,
        }
    }

    pub(super) const fn mount(&self, error: &MountError) -> SignedDuration {
        if error.is_missing_object() { self.missing_object } else { self.mount }
    }

    pub(super) fn schedule(&self, scheduling: &Scheduling, scaling_up: bool) -> SignedDuration {
        if scaling_up {
            self.scale_up
        } else if scheduling.may_pass() {
            self.resources
        } else {
            self.unschedulable
        }
    }

    pub(super) const fn create(&self, error: &CreateError) -> SignedDuration {
        match error {
            CreateError::ServiceAccountMissing { .. }
            | CreateError::WebhookDown { .. }
            | CreateError::Unrecognised => self.refused_passing,
            _ => self.refused,
        }
    }
}

impl Default for Grace {
    fn default() -> Self {
        Self::DEFAULT
    }
}
