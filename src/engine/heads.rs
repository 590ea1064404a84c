//! Which revision an image's own history ends at.
//!
//! Alembic says which revision of a database it does not know, but not what the image does know. Only
//! where that is the failure, a Job runs `alembic heads` in the same image: it reads the image's own
//! files and nothing else.

use std::time::Duration;

use kube::ResourceExt;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::wait::Run;
use crate::cluster::watch::Watches;
use crate::cluster::{DryRunMode, logs};
use manifest::{Kind, ObjectRef};

/// The Job that asks.
const NAME: &str = "openhive-db-heads";
/// How long the answer is waited for; without it the failure is told without the head.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lines that `alembic heads` prints in the migration's image; empty where it cannot be asked.
pub(super) async fn ask(run: &Run<'_>, migration: &Value, watches: &mut Watches) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    let job = ObjectRef::namespaced(Kind::Job, "openhive", NAME);
    let posted = run.cluster.rest.create(&job, &manifest(migration), DryRunMode::No).await;
    let Ok(posted) = posted else { return Vec::new() };
    let pod = timeout_at(deadline, ended(watches)).await;
    let lines = match pod {
        Ok((pod, container)) => {
            logs::tail(&run.cluster.client, "openhive", &pod, &container, false).await
        }
        Err(_) => Vec::new(),
    };
    if let Some(uid) = posted["metadata"]["uid"].as_str() {
        // Its time to live removes what this cannot.
        let _ = run.cluster.rest.delete(&job, uid, run.retry()).await;
    }
    lines
}

/// The migration's Job with another name and another command, and without its right to the database.
fn manifest(migration: &Value) -> Value {
    let mut job = migration.clone();
    job["metadata"]["name"] = json!(NAME);
    if let Some(metadata) = job["metadata"].as_object_mut() {
        metadata.shift_remove("annotations");
    }
    for labels in ["/metadata/labels", "/spec/template/metadata/labels"] {
        if let Some(labels) = job.pointer_mut(labels) {
            labels["app.kubernetes.io/name"] = json!(NAME);
        }
    }
    job["spec"]["ttlSecondsAfterFinished"] = json!(60);
    job["spec"]["activeDeadlineSeconds"] = json!(60);
    if let Some(container) = job.pointer_mut("/spec/template/spec/containers/0") {
        container["command"] = json!(["alembic", "heads"]);
        if let Some(container) = container.as_object_mut() {
            container.shift_remove("args");
            container.shift_remove("env");
        }
    }
    job
}

/// Waits for the Job's pod to end; its name and its container's.
async fn ended(watches: &mut Watches) -> (String, String) {
    loop {
        let pod = watches.view.pods.values().find(|pod| {
            let ours = pod.labels().get("batch.kubernetes.io/job-name");
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            ours.is_some_and(|name| name == NAME) && matches!(phase, Some("Succeeded" | "Failed"))
        });
        if let Some(pod) = pod {
            let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice());
            let container = containers.and_then(<[_]>::first).map(|c| c.name.clone());
            return (pod.name_any(), container.unwrap_or_default());
        }
        watches.next().await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::manifest;

    #[test]
    fn the_question_carries_no_secret_and_no_right() {
        let migration = json!({
            "metadata": {"name": "openhive-db-migrate", "annotations": {"a": "b"},
                "labels": {"app.kubernetes.io/name": "openhive-db-migrate"}},
            "spec": {"template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "openhive-db-migrate"}},
                "spec": {"containers": [{"image": "i", "command": ["alembic", "upgrade", "head"],
                    "env": [{"name": "DATABASE_URL"}]}]}}}});
        let job = manifest(&migration);
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["command"], json!(["alembic", "heads"]));
        assert!(container.get("env").is_none());
        // The policy that opens the database selects the migration's name.
        assert!(!job.to_string().contains("openhive-db-migrate"));
    }
}
