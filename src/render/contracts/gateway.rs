//! The Gateway's own rows.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

fn container<'a>(case: &'a Case<'_>) -> Result<&'a Value, String> {
    Ok(&case.pod(Kind::Deployment, "openhive", "hive-gateway")?["containers"][0])
}

fn secret(name: &str, key: &str) -> Value {
    json!({
        "name": name,
        "valueFrom": { "secretKeyRef": { "name": "openhive-platform-secrets", "key": key } },
    })
}

contracts! {
    /// "Gateway": the real application, in the baseline the one that only answers probes.
    fn the_gateway_runs_the_application_of_its_profile(case) {
        if !case.workloads() {
            return Ok(());
        }
        let app = if case.runtime() {
            "hive.main:app"
        } else {
            "hive.container.gateway_entrypoint:app"
        };
        let expected = json!(["uvicorn", app, "--host=0.0.0.0", "--port=8080"]);
        same("command", &container(case)?["command"], &expected)
    }

    /// "Gateway": secrets by reference and required, everything else literal.
    fn the_gateway_has_its_environment(case) {
        if !case.workloads() {
            return Ok(());
        }
        if !case.runtime() {
            return same("env", &container(case)?["env"], &Value::Null);
        }
        let images = &case.input.values.images;
        let literal = |name: &str, value: &str| json!({ "name": name, "value": value });
        same("env", &container(case)?["env"], &json!([
            secret("DATABASE_URL", "database-url"),
            secret("DASHBOARD_SESSION_SECRET", "dashboard-session-secret"),
            secret("HIVE_INTERNAL_SECRET", "gateway-internal-secret"),
            secret("HIVE_ADMIN_USERNAME", "admin-username"),
            secret("HIVE_ADMIN_PASSWORD", "admin-password"),
            literal("HIVE_WORKSPACE", "/data/hive"),
            literal("HIVE_POOL_BACKEND", "container"),
            literal("HIVE_CONTAINER_RUNTIME_BACKEND", "kubernetes"),
            literal(
                "HIVE_AGENT_RUNTIME_GATEWAY_URL",
                "http://hive-gateway.openhive.svc.cluster.local:8080",
            ),
            literal("HIVE_AGENT_RUNTIME_IMAGE", &images.agent.reference),
            literal("HIVE_K8S_AGENT_NAMESPACE", "hive-agents"),
            literal("HIVE_DEPLOYMENT_BACKEND", "kubernetes"),
            literal("HIVE_PIPELINE_IMAGE", &images.pipeline.reference),
            literal("HIVE_K8S_PIPELINE_NAMESPACE", "hive-sandbox"),
            literal("HIVE_SANDBOX_URL", "http://hive-sandbox.hive-sandbox.svc.cluster.local:8091"),
            literal("HIVE_STRICT_STARTUP", "true"),
            literal("HIVE_STARTUP_MIGRATION_MODE", "check"),
            literal("HIVE_METADATA_CREATE_ON_STARTUP", "false"),
        ]))
    }

    /// "Gateway": writable paths, none in the baseline.
    fn the_gateway_writes_to_its_workspace(case) {
        if !case.workloads() {
            return Ok(());
        }
        let volumes = &case.pod(Kind::Deployment, "openhive", "hive-gateway")?["volumes"];
        let mounts = &container(case)?["volumeMounts"];
        if !case.runtime() {
            same("volumeMounts", mounts, &Value::Null)?;
            return same("volumes", volumes, &Value::Null);
        }
        same("volumeMounts", mounts, &json!([
            { "name": "workspace", "mountPath": "/data/hive" },
            { "name": "tmp", "mountPath": "/tmp" },
        ]))?;
        same("volumes", volumes, &json!([
            { "name": "workspace", "emptyDir": { "sizeLimit": "1Gi" } },
            { "name": "tmp", "emptyDir": { "sizeLimit": "256Mi" } },
        ]))
    }
}
