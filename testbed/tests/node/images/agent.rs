use serde_json::{Value, json};
use testbed::images::catalogue::Role;

use super::machine::{Container, machine, port};

fn agent(tag: &str) -> Container<'static> {
    machine()
        .container(Role::Agent, tag)
        .volume("/data/config")
        .env("HIVE_WORKSPACE", "/data/config")
}

fn configured() -> Container<'static> {
    let config = r#"{"agent_id": "agent/1", "project_id": "p", "controller_id": "c"}"#;
    agent("v1.0.0")
        .env("HIVE_AGENT_CONFIG_JSON", config)
        .env("HIVE_INTERNAL_SECRET", "canary-internal")
        .env("HIVE_GATEWAY_URL", "http://127.0.0.1:9")
        .env("HIVE_DEPLOYMENT_BACKEND", "kubernetes")
}

fn command(port: u16) -> [String; 6] {
    let app = "hive.container.agent_entrypoint:app";
    ["uvicorn", app, "--host", "0.0.0.0", "--port", &port.to_string()].map(str::to_owned)
}

/// What `/healthz` answers.
fn health(container: &Container<'_>) -> Value {
    let port = port();
    let running =
        container.start(&command(port).each_ref().map(String::as_str)).until("Uvicorn running");
    let answer = container.get(&format!("http://127.0.0.1:{port}/healthz"));
    assert_eq!(answer.status, Some(200));
    let ended = running.terminate();
    assert!(ended.status.success());
    ended.leaks_nothing();
    answer.json()
}

#[test]
fn the_bootstrap_writes_what_is_missing_and_nothing_else() {
    let container = agent("v1.0.0");
    container.write("/data/config/HEARTBEAT.md", "custom");
    assert!(container.run(&["bootstrap-config.sh"]).status.success());
    let read = |file: &str| container.run(&["cat", file]).stdout;
    assert_eq!(read("/data/config/HEARTBEAT.md"), "custom\n");
    assert_eq!(read("/data/config/.version"), "v1.0.0\n");
    assert_eq!(
        read("/data/config/prompts/system.md"),
        read("/app/defaults/agent/prompts/system.md")
    );
    assert!(container.run(&["/bin/sh", "/app/bootstrap-config.sh"]).status.success());
    assert_eq!(read("/data/config/HEARTBEAT.md"), "custom\n");
}

#[test]
fn the_bootstrap_wants_its_volume() {
    let ended = machine().container(Role::Agent, "v1.0.0").run(&["bootstrap-config.sh"]);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.stderr.contains("/data/config must be a writable volume"), "{}", ended.stderr);
}

#[test]
fn without_a_configuration_the_agent_is_health_only() {
    let expected = json!({
        "status": "ok", "role": "agent", "version": "v1.0.0", "workspace": "/data/config", "runtime_ready": false,
        "agent_id": null, "project_id": null, "controller_id": null, "deployment_backend": null,
        "readiness_reason": "HIVE_AGENT_CONFIG_JSON is not set: health-only",
    });
    assert_eq!(health(&agent("v1.0.0")), expected);
}

#[test]
fn with_a_configuration_the_runtime_is_ready() {
    let expected = json!({
        "status": "ok", "role": "agent", "version": "v1.0.0", "workspace": "/data/config", "runtime_ready": true,
        "agent_id": "agent/1", "project_id": "p", "controller_id": "c", "deployment_backend": "kubernetes",
        "readiness_reason": null,
    });
    assert_eq!(health(&configured()), expected);
}

#[test]
fn a_bad_configuration_is_an_error_with_its_reason() {
    let vendor = health(&configured().env("OPENAI_API_KEY", "canary-key"));
    assert_eq!(
        (vendor["status"].as_str(), vendor["runtime_ready"].as_bool()),
        (Some("error"), Some(false))
    );
    assert!(
        vendor["readiness_reason"].as_str().unwrap().contains("OPENAI_API_KEY must not be given")
    );
    let broken = health(&configured().env("HIVE_AGENT_CONFIG_JSON", "{"));
    assert_eq!(broken["status"], "error");
    let lonely = health(&configured().env("HIVE_GATEWAY_URL", ""));
    assert_eq!(lonely["readiness_reason"], "HIVE_GATEWAY_URL is not set");
}

#[test]
fn only_the_gateway_may_make_it_work() {
    let container = configured();
    let port = port();
    let running =
        container.start(&command(port).each_ref().map(String::as_str)).until("Uvicorn running");
    let post = |path: &str, header: &str| {
        container.post(&format!("http://127.0.0.1:{port}{path}"), header, "")
    };
    for path in ["/run", "/resume-run", "/flush-memory"] {
        assert_eq!(post(path, "X-Other: x").status, Some(401));
        assert_eq!(post(path, "X-Internal-Secret: wrong").status, Some(401));
    }
    assert_eq!(post("/flush-memory", "X-Internal-Secret: canary-internal").status, Some(200));
    assert_eq!(post("/flush-memory", "Authorization: Bearer canary-internal").status, Some(200));
    assert_eq!(container.run(&["cat", "/data/config/memory.json"]).stdout, "{}\n");
    let run = post("/run", "X-Internal-Secret: canary-internal");
    assert_eq!(run.status, Some(502), "no gateway is there to relay to");
    running.terminate().leaks_nothing();
}
