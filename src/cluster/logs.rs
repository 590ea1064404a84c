//! The last lines of a container's log, bounded.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

/// Lines that are read of one container.
const LINES: i64 = 20;
/// Bytes that are read of one container.
const BYTES: i64 = 16 * 1024;

/// The last lines of a container, of its previous run if asked; empty where there is no log.
/// Sanitised: what a cluster supplies never moves a cursor.
pub async fn tail(
    client: &kube::Client,
    namespace: &str,
    pod: &str,
    container: &str,
    previous: bool,
) -> Vec<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let params = LogParams {
        container: Some(container.to_owned()),
        previous,
        tail_lines: Some(LINES),
        limit_bytes: Some(BYTES),
        ..LogParams::default()
    };
    let log = tokio::time::timeout(std::time::Duration::from_secs(5), pods.logs(pod, &params));
    match log.await {
        Ok(Ok(log)) => log.lines().map(|line| crate::redact::sanitize(line).into_owned()).collect(),
        // No log is an ordinary case: the container never ran, or its node is gone.
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}
