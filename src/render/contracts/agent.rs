//! The Agent, its volume, and the step that fills it.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

contracts! {
    /// "Agent": the application and its workspace.
    fn the_agent_runs_in_its_workspace(case) {
        if !case.workloads() {
            return Ok(());
        }
        let container =
            &case.pod(Kind::Deployment, "hive-agents", "hive-agent")?["containers"][0];
        same("command", &container["command"], &json!([
            "uvicorn",
            "hive.container.agent_entrypoint:app",
            "--host=0.0.0.0",
            "--port=8090",
        ]))?;
        let env = json!([{ "name": "HIVE_WORKSPACE", "value": "/data/config" }]);
        same("env", &container["env"], &env)?;
        same("volumeMounts", &container["volumeMounts"], &json!([
            { "name": "config", "mountPath": "/data/config" },
            { "name": "tmp", "mountPath": "/tmp" },
        ]))
    }

    /// "Agent": defaults are copied before the start.
    fn the_agents_defaults_are_bootstrapped(case) {
        if !case.workloads() {
            return Ok(());
        }
        let step = &case.pod(Kind::Deployment, "hive-agents", "hive-agent")?["initContainers"][0];
        let command = json!(["bootstrap-config.sh", "/app/defaults/agent", "/data/config"]);
        same("command", &step["command"], &command)?;
        let mounts = json!([{ "name": "config", "mountPath": "/data/config" }]);
        same("volumeMounts", &step["volumeMounts"], &mounts)
    }

    /// "Agent": the claim is mounted.
    fn the_agent_keeps_its_configuration_in_the_claim(case) {
        if !case.workloads() {
            return Ok(());
        }
        let volumes = &case.pod(Kind::Deployment, "hive-agents", "hive-agent")?["volumes"];
        same("volumes", volumes, &json!([
            { "name": "config", "persistentVolumeClaim": { "claimName": "agent-config-pvc" } },
            { "name": "tmp", "emptyDir": { "sizeLimit": "256Mi" } },
        ]))
    }

    /// "Agent": ReadWriteOnce, of the size and class that are given.
    fn the_claim_has_its_size_and_class(case) {
        if !case.workloads() {
            return Ok(());
        }
        let values = &case.input.values;
        let mut expected = json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": values.agent_config_size } },
        });
        if let Some(class) = &values.agent_config_storage_class {
            expected["storageClassName"] = Value::from(class.as_str());
        }
        let claim = case.spec(Kind::PersistentVolumeClaim, "hive-agents", "agent-config-pvc")?;
        same("spec", claim, &expected)
    }
}
