//! Job: its conditions are the verdict, never a count (a podFailurePolicy makes counts lie).

use k8s_openapi::api::batch::v1::{Job, JobCondition};

use super::{Expected, Reason, Verdict, gate};

/// The verdict on a Job (`docs/health.md`); `expected` as for [`super::deployment()`].
#[must_use]
pub fn job(job: &Job, expected: Option<&Expected>) -> Verdict {
    if let Some(verdict) = gate::check(&job.metadata, expected) {
        return verdict;
    }
    let status = job.status.as_ref();
    let condition = |kind: &str| -> Option<&JobCondition> {
        status
            .and_then(|s| s.conditions.as_deref())
            .unwrap_or_default()
            .iter()
            .find(|c| c.type_ == kind && c.status == "True")
    };
    if condition("Complete").is_some() {
        return Verdict::Ready;
    }
    // FailureTarget comes as soon as the outcome is certain, Failed once the last pod is gone.
    if let Some(failed) = condition("Failed").or_else(|| condition("FailureTarget")) {
        return Verdict::Failed(Reason::JobFailed {
            reason: failed.reason.clone().unwrap_or_default(),
            message: failed.message.clone().unwrap_or_default(),
        });
    }
    if condition("SuccessCriteriaMet").is_some() {
        return Verdict::Progressing(Reason::JobEnding);
    }
    if job.spec.as_ref().and_then(|s| s.suspend) == Some(true) || condition("Suspended").is_some() {
        return Verdict::Failed(Reason::JobSuspended);
    }
    Verdict::Progressing(Reason::JobRunning {
        active: status.and_then(|s| s.active).unwrap_or_default(),
        failed: status.and_then(|s| s.failed).unwrap_or_default(),
    })
}
