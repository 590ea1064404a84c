//! Which logs would make findings clearer.

use k8s_openapi::api::core::v1::ContainerStatus;

use super::chain::{name, uid};
use super::{LogRequest, Snapshot};

/// The containers that ended, or that run without getting ready.
///
/// Read each with `tailLines` and `limitBytes`, put it into [`Snapshot::logs`] and look again. The
/// snapshot does not tell how old a log is: the caller asks again when the request differs, that
/// is after another restart.
#[must_use]
pub fn log_requests(snapshot: &Snapshot) -> Vec<LogRequest> {
    let mut requests = Vec::new();
    for pod in snapshot.target_pods() {
        if pod.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let status = pod.status.as_ref();
        let init = status.and_then(|s| s.init_container_statuses.as_deref()).unwrap_or_default();
        let main = status.and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
        for container in init.iter().chain(main) {
            let Some(previous) = wanted(container) else { continue };
            requests.push(LogRequest {
                namespace: pod.metadata.namespace.clone().unwrap_or_default(),
                pod: name(&pod.metadata).to_owned(),
                pod_uid: uid(&pod.metadata).to_owned(),
                container: container.name.clone(),
                previous,
                restarts: container.restart_count,
            });
        }
    }
    requests
}

/// Whether a container's log tells something, and of which run.
fn wanted(container: &ContainerStatus) -> Option<bool> {
    let state = container.state.as_ref()?;
    let last = container.last_state.as_ref().and_then(|s| s.terminated.as_ref());
    if let Some(ended) = &state.terminated {
        return (ended.exit_code != 0).then_some(false);
    }
    // While kubelet waits to start it again, the present log is the last run's.
    if state.waiting.is_some() {
        return last.map(|_| false);
    }
    (!container.ready).then_some(last.is_some())
}
