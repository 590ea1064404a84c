//! The last lines of a container's log, bounded.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

/// Lines that are read of one container.
const LINES: i64 = 20;
/// Bytes that are read of one container.
const BYTES: usize = 16 * 1024;

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
        limit_bytes: Some(BYTES as i64),
        ..LogParams::default()
    };
    let log = tokio::time::timeout(std::time::Duration::from_secs(5), pods.logs(pod, &params));
    match log.await {
        Ok(Ok(log)) => {
            whole_lines(&log).map(|line| crate::redact::sanitize(line).into_owned()).collect()
        }
        // No log is an ordinary case: the container never ran, or its node is gone.
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// The lines, less the last one where the limit has cut it: half a credential is not recognised.
fn whole_lines(log: &str) -> impl Iterator<Item = &str> {
    let cut = log.len() >= BYTES && !log.ends_with('\n');
    let kept = if cut { log.rfind('\n').map_or(0, |end| end + 1) } else { log.len() };
    log[..kept].lines()
}

#[cfg(test)]
mod tests {
    use super::{BYTES, whole_lines};

    #[test]
    fn a_line_that_the_limit_cuts_is_left_out() {
        let mut log = "first\n".to_owned();
        log.push_str(&"x".repeat(BYTES));
        log.truncate(BYTES);
        assert_eq!(whole_lines(&log).collect::<Vec<_>>(), ["first"]);
        assert_eq!(whole_lines("a\nb").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(whole_lines(&"x".repeat(BYTES)).count(), 0);
    }
}
