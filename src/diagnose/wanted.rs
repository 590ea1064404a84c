//! Which logs would make findings clearer.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus};

use super::chain::{name, uid};
use super::{LogRequest, Snapshot};

/// The logs of the runs that ended badly: of the run that ended, not of the one after.
///
/// Read each with `tailLines` and `limitBytes`, put those and no others into [`Snapshot::logs`],
/// and look again. A request that is equal to one before needs no second answer: the run is over.
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

/// Whether a container's last run ended badly, and by which parameter its log is got.
fn wanted(container: &ContainerStatus) -> Option<bool> {
    let ended = |state: &Option<ContainerState>| {
        let ended = state.as_ref().and_then(|state| state.terminated.as_ref());
        ended.is_some_and(|ended| ended.exit_code != 0)
    };
    if container.ready {
        None
    } else if ended(&container.state) {
        Some(false)
    } else {
        // Also while kubelet waits to start it again: were it started meanwhile, the present log
        // would be the new run's.
        ended(&container.last_state).then_some(true)
    }
}
