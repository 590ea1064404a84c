//! The platform's own health endpoints, asked over a port-forward (`docs/platform.md`, "Health").

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::wait::Run;
use super::{Detail, InstallError, Step};
use crate::cluster::forward::{self, Answer, ForwardError};
use crate::cluster::{Raw, Retry};
use manifest::Kind;

/// How long an endpoint may take to answer well: its pod is ready, but a proxy may still resolve.
const DEADLINE: Duration = Duration::from_secs(30);

/// One question.
struct Endpoint {
    /// The Deployment, and the `app.kubernetes.io/name` of its pods.
    workload: &'static str,
    port: u16,
    path: &'static str,
    /// As it is named to people.
    name: &'static str,
}

/// The dashboard answers for itself even where it cannot reach the Gateway: so the Gateway's health
/// is also asked through it.
const ENDPOINTS: [Endpoint; 3] = [
    Endpoint { workload: "hive-gateway", port: 8080, path: "/healthz", name: "/healthz" },
    Endpoint {
        workload: "hive-dashboard",
        port: 3000,
        path: "/dashboard-healthz",
        name: "/dashboard-healthz",
    },
    Endpoint {
        workload: "hive-dashboard",
        port: 3000,
        path: "/healthz",
        name: "/healthz through hive-dashboard",
    },
];

pub(super) async fn ask(run: &Run<'_>) -> Result<Detail, InstallError> {
    let deployed = |workload: &str| {
        run.plan.changes.iter().any(|change| {
            change.reference.kind == Kind::Deployment && change.reference.name == workload
        })
    };
    let questions: Vec<_> =
        ENDPOINTS.iter().filter(|endpoint| deployed(endpoint.workload)).collect();
    let answers = questions.iter().map(|endpoint| ask_until_good(run, endpoint));
    run.or_cancelled(futures::future::try_join_all(answers)).await?;
    let endpoints = questions.iter().map(|endpoint| endpoint.name.to_owned()).collect();
    Ok(Detail::Answered { endpoints })
}

async fn ask_until_good(run: &Run<'_>, endpoint: &Endpoint) -> Result<(), InstallError> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(200);
    loop {
        let answer = ask_once(run, endpoint).await;
        let told = match &answer {
            Ok(answer) => match complaint(answer) {
                None => return Ok(()),
                Some(complaint) => complaint,
            },
            Err(error) => error.to_string(),
        };
        let hopeless = matches!(answer, Err(ForwardError::Forbidden));
        if hopeless || started.elapsed() + pause >= DEADLINE {
            return Err(InstallError::Health {
                endpoint: endpoint.name.to_owned(),
                answer: told,
                elapsed: started.elapsed(),
            });
        }
        run.waiting(Step::Health, format!("{}: {told}", endpoint.name));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// What is wrong with an answer; `None` where nothing is. A process that lives answers 200 also
/// while it cannot work: its body says so (`docs/platform.md`, "Health").
fn complaint(answer: &Answer) -> Option<String> {
    let first_line = answer.body.lines().next().unwrap_or_default();
    if answer.status != 200 {
        return Some(format!("HTTP {}: {first_line}", answer.status));
    }
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let status = body["status"].as_str().unwrap_or_default();
    matches!(status, "starting" | "degraded" | "error").then(|| {
        let reason = body["readiness_reason"].as_str();
        format!("status {status}: {}", reason.unwrap_or(first_line))
    })
}

async fn ask_once(run: &Run<'_>, endpoint: &Endpoint) -> Result<Answer, ForwardError> {
    let path = format!(
        "/api/v1/namespaces/openhive/pods?labelSelector=app.kubernetes.io%2Fname%3D{}",
        endpoint.workload
    );
    let limit = Duration::from_secs(15);
    let pods =
        tokio::time::timeout(limit, run.cluster.rest.raw(&path, Raw::Get, Retry::Never)).await;
    let pods = pods
        .map_err(|_| ForwardError::TimedOut(limit))?
        .map_err(|_| ForwardError::Broken("the pods cannot be listed".to_owned()))?;
    let pod = pods["items"].as_array().into_iter().flatten().find(|pod| ready(pod));
    let name = pod
        .and_then(|pod| pod["metadata"]["name"].as_str())
        .ok_or_else(|| ForwardError::Broken(format!("no pod of {} is ready", endpoint.workload)))?;
    let limit = Duration::from_secs(10);
    let client = &run.cluster.client;
    forward::get(client, "openhive", name, endpoint.port, endpoint.path, limit).await
}

fn ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    pod["metadata"]["deletionTimestamp"].is_null()
        && conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::{Answer, complaint};

    fn of(status: u16, body: &str) -> Option<String> {
        complaint(&Answer { status, body: body.to_owned() })
    }

    #[test]
    fn an_answer_counts_by_its_body_too() {
        assert_eq!(of(200, r#"{"status":"ok","role":"gateway"}"#), None);
        assert_eq!(of(200, "ok"), None);
        assert!(of(503, "no").is_some_and(|told| told.contains("503")));
        let degraded = r#"{"status":"degraded","database":"unreachable"}"#;
        assert!(of(200, degraded).is_some_and(|told| told.contains("unreachable")));
        let error = r#"{"status":"error","readiness_reason":"no configuration"}"#;
        assert_eq!(of(200, error).as_deref(), Some("status error: no configuration"));
    }
}
