use testbed::images::catalogue::Role;

use super::machine::{Container, machine, port};

fn sandbox(url: &str) -> Container<'static> {
    machine()
        .container(Role::Sandbox, "v1.0.0")
        .env("DATABASE_URL", url)
        .volume("/sandbox/commands")
        .volume("/sandbox/tasks")
        .volume("/tmp")
        .volume("/home/codex")
}

fn command(port: u16) -> [String; 6] {
    let app = "hive.container.sandbox_entrypoint:app";
    ["uvicorn", app, "--host", "0.0.0.0", "--port", &port.to_string()].map(str::to_owned)
}

fn refusal(container: Container<'_>) -> String {
    let ended = container.run(&command(port()).each_ref().map(String::as_str));
    assert_eq!(ended.code(), Some(1));
    ended.leaks_nothing();
    ended.last()["message"].as_str().unwrap().to_owned()
}

#[test]
fn it_serves_once_it_has_its_database() {
    let container = sandbox(&machine().database().url);
    let port = port();
    let running =
        container.start(&command(port).each_ref().map(String::as_str)).until("Uvicorn running");
    let health = container.get(&format!("http://127.0.0.1:{port}/healthz")).json();
    assert_eq!((health["status"].as_str(), health["role"].as_str()), (Some("ok"), Some("sandbox")));
    assert!(
        !container.run(&["cat", "/home/codex/.codex/config.toml"]).status.success(),
        "no provider was named"
    );
    assert!(running.terminate().status.success());
}

#[test]
fn it_fails_fast_without_a_database() {
    assert_eq!(refusal(sandbox("")), "startup failed: DATABASE_URL is not set");
    let error = refusal(sandbox("postgresql+asyncpg://hive:canary@127.0.0.1:5999/hive"));
    assert!(error.contains("127.0.0.1:5999 is unreachable"), "{error}");
}

#[test]
fn it_wants_its_writable_folders_and_a_known_backend() {
    let url = machine().database().url;
    let bare = machine().container(Role::Sandbox, "v1.0.0").env("DATABASE_URL", &url);
    assert!(refusal(bare).contains("/sandbox/commands must be a writable volume"));
    let error = refusal(sandbox(&url).env("HIVE_SANDBOX_CODING_BACKEND", "magic"));
    assert!(error.contains("codex_cli, relay_helper, deterministic_proof"), "{error}");
}

#[test]
fn it_writes_the_provider_configuration_once() {
    let container = sandbox(&machine().database().url)
        .env("HIVE_SANDBOX_CODEX_PROVIDER_ID", "club")
        .env("HIVE_SANDBOX_CODEX_BASE_URL", "https://llm.example/openai")
        .env("HIVE_SANDBOX_CODEX_MODEL", "gpt-5.4")
        .env("HIVE_SANDBOX_CODEX_ENV_KEY", "OPENAI_API_KEY")
        .env("HIVE_SANDBOX_CODEX_REQUIRES_OPENAI_AUTH", "true")
        .env("OPENAI_API_KEY", "canary-key");
    let start = || {
        let running = container
            .start(&command(port()).each_ref().map(String::as_str))
            .until("Uvicorn running");
        running.terminate().leaks_nothing();
        container.run(&["cat", "/home/codex/.codex/config.toml"]).stdout
    };
    let expected = "model = \"gpt-5.4\"\nmodel_provider = \"club\"\n\n[model_providers.\"club\"]\nname = \"club\"\n\
                    base_url = \"https://llm.example/openai\"\nenv_key = \"OPENAI_API_KEY\"\nrequires_openai_auth = true\n";
    assert_eq!(start(), expected);
    container.write("/home/codex/.codex/config.toml", "# edited");
    assert_eq!(start(), "# edited\n");
}

#[test]
fn a_pipeline_runs_its_manifest() {
    let container =
        machine().container(Role::Sandbox, "v1.0.0").env("HIVE_WORKSPACE", "/data/pipelines");
    let container = container.volume("/data/pipelines");
    let job = ["python", "-m", "hive.pipelines.job_entrypoint"];
    let ended = container.run(&job);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.last()["message"].as_str().unwrap().contains("found 0"));

    let manifest = "project_id: proj_a\npipeline_name: hourly\nschedule: 0 * * * *\nsteps:\n- fetch\n- classify";
    container.write("/data/pipelines/proj_a/pipeline/pipeline.yaml", manifest);
    let ended = container.run(&job);
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.last()["event"], "pipeline_finished");
    assert!(ended.stdout.contains("step 2 of 2: classify"), "{}", ended.stdout);
}
