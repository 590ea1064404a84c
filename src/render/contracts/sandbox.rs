//! The Sandbox.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use crate::values::CodingBackend;
use manifest::Kind;

fn reference(name: &str, key: &str, optional: bool) -> Value {
    let mut from = json!({ "name": "openhive-platform-secrets", "key": key });
    if optional {
        from["optional"] = json!(true);
    }
    json!({ "name": name, "valueFrom": { "secretKeyRef": from } })
}

fn environment(case: &Case<'_>) -> Value {
    let values = &case.input.values;
    let literal = |name: &str, value: &str| json!({ "name": name, "value": value });
    let mut env = vec![
        literal("HOME", "/home/codex"),
        reference("DATABASE_URL", "database-url", false),
        literal("HIVE_SANDBOX_CODEX_AUTH_MODE", "env"),
        literal("HIVE_SANDBOX_CODEX_SANDBOX_MODE", "danger-full-access"),
        literal(
            "HIVE_SANDBOX_CODEX_ENV_ALLOWLIST",
            "OPENAI_API_KEY,ANTHROPIC_API_KEY,DEEPSEEK_API_KEY,QWEN_API_KEY",
        ),
        reference("HIVE_SANDBOX_CODEX_MODEL", "codex-model", true),
        reference("HIVE_SANDBOX_CODEX_PROVIDER_ID", "codex-provider-id", true),
        reference("HIVE_SANDBOX_CODEX_PROVIDER_NAME", "codex-provider-name", true),
        reference("HIVE_SANDBOX_CODEX_BASE_URL", "codex-base-url", true),
        reference("HIVE_SANDBOX_CODEX_WIRE_API", "codex-wire-api", true),
        reference("HIVE_SANDBOX_CODEX_ENV_KEY", "codex-env-key", true),
        reference("HIVE_SANDBOX_CODEX_REQUIRES_OPENAI_AUTH", "codex-requires-openai-auth", true),
        reference("OPENAI_API_KEY", "openai-api-key", true),
        reference("ANTHROPIC_API_KEY", "anthropic-api-key", true),
        reference("DEEPSEEK_API_KEY", "deepseek-api-key", true),
        reference("QWEN_API_KEY", "qwen-api-key", true),
    ];
    if let Some(backend) = values.coding_backend {
        let name = match backend {
            CodingBackend::CodexCli => "codex_cli",
            CodingBackend::RelayHelper => "relay_helper",
            CodingBackend::DeterministicProof => "deterministic_proof",
        };
        env.push(literal("HIVE_SANDBOX_CODING_BACKEND", name));
    }
    if let Some(relay) = &values.relay {
        env.push(literal("HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_URL", &relay.url));
        if relay.token.is_some() {
            env.push(reference(
                "HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_TOKEN",
                "workspace-apply-relay-token",
                true,
            ));
        }
    }
    Value::from(env)
}

contracts! {
    /// "Sandbox": the application.
    fn the_sandbox_runs_its_application(case) {
        if !case.workloads() {
            return Ok(());
        }
        let container =
            &case.pod(Kind::Deployment, "hive-sandbox", "hive-sandbox")?["containers"][0];
        same("command", &container["command"], &json!([
            "uvicorn",
            "hive.container.sandbox_entrypoint:app",
            "--host=0.0.0.0",
            "--port=8091",
        ]))
    }

    /// "Sandbox": the database is required, everything from providers is optional.
    fn the_sandbox_has_its_environment(case) {
        if !case.workloads() {
            return Ok(());
        }
        let container =
            &case.pod(Kind::Deployment, "hive-sandbox", "hive-sandbox")?["containers"][0];
        same("env", &container["env"], &environment(case))
    }

    /// "Sandbox": four writable paths, each with a limit.
    fn the_sandbox_writes_to_four_paths(case) {
        if !case.workloads() {
            return Ok(());
        }
        let pod = case.pod(Kind::Deployment, "hive-sandbox", "hive-sandbox")?;
        same("volumeMounts", &pod["containers"][0]["volumeMounts"], &json!([
            { "name": "commands", "mountPath": "/sandbox/commands" },
            { "name": "tasks", "mountPath": "/sandbox/tasks" },
            { "name": "tmp", "mountPath": "/tmp" },
            { "name": "home", "mountPath": "/home/codex" },
        ]))?;
        same("volumes", &pod["volumes"], &json!([
            { "name": "commands", "emptyDir": { "sizeLimit": "1Gi" } },
            { "name": "tasks", "emptyDir": { "sizeLimit": "4Gi" } },
            { "name": "tmp", "emptyDir": { "sizeLimit": "1Gi" } },
            { "name": "home", "emptyDir": { "sizeLimit": "1Gi" } },
        ]))
    }
}
