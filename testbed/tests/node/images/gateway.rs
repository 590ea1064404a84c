use serde_json::json;
use testbed::images::catalogue::{Release, Role};

use super::machine::{Container, Database, Ended, machine, port};

const OLD: &str = "v1.0.0";
const NEW: &str = "v1.1.0";

/// The migration Job's container.
pub fn migrate(tag: &str, url: &str) -> Ended {
    machine()
        .container(Role::Gateway, tag)
        .env("DATABASE_URL", url)
        .run(&["alembic", "upgrade", "head"])
}

/// The full control plane's container, as strict as the platform deploys it.
pub fn strict(tag: &str, url: &str) -> Container<'static> {
    machine()
        .container(Role::Gateway, tag)
        .volume("/data/hive")
        .env("DATABASE_URL", url)
        .env("DASHBOARD_SESSION_SECRET", "canary-session")
        .env("HIVE_INTERNAL_SECRET", "canary-internal")
        .env("HIVE_ADMIN_USERNAME", "admin")
        .env("HIVE_ADMIN_PASSWORD", "canary-admin")
        .env("HIVE_WORKSPACE", "/data/hive")
        .env("HIVE_STRICT_STARTUP", "true")
        .env("HIVE_STARTUP_MIGRATION_MODE", "check")
        .env("HIVE_METADATA_CREATE_ON_STARTUP", "false")
}

pub fn serve(port: u16) -> [String; 6] {
    ["uvicorn", "hive.main:app", "--host", "0.0.0.0", "--port", &port.to_string()]
        .map(str::to_owned)
}

/// Starts a gateway that must not come up, and returns the error it ends with.
fn refusal(container: Container<'_>) -> String {
    let command = serve(port());
    let ended = container.run(&command.each_ref().map(String::as_str));
    ended.leaks_nothing();
    assert_eq!(ended.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
    let last = ended.last();
    assert_eq!(last["event"], "startup_failed");
    last["message"].as_str().unwrap().to_owned()
}

fn migrated(tag: &str) -> Database {
    let database = machine().database();
    let ended = migrate(tag, &database.url);
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    ended.leaks_nothing();
    database
}

fn revision(database: &Database) -> String {
    machine().sql(&database.name, "SELECT version_num FROM alembic_version")
}

#[test]
fn each_release_migrates_to_its_head_and_again() {
    let database = migrated(OLD);
    assert_eq!(revision(&database), Release::V1_0_0.head());
    for _ in 0..2 {
        assert!(migrate(NEW, &database.url).status.success());
        assert_eq!(revision(&database), Release::V1_1_0.head());
    }
}

#[test]
fn an_older_image_cannot_locate_a_newer_revision() {
    let database = migrated(NEW);
    let ended = migrate(OLD, &database.url);
    assert_eq!(ended.code(), Some(255));
    assert!(
        ended.stdout.contains("FAILED: Can't locate revision identified by 'c4186e2fb73a'"),
        "{}",
        ended.stdout
    );

    let error = refusal(strict(OLD, &database.url));
    assert!(
        error.contains(Release::V1_0_0.head()) && error.contains(Release::V1_1_0.head()),
        "{error}"
    );
}

#[test]
fn a_strict_gateway_wants_the_schema_at_its_head() {
    let database = machine().database();
    let error = refusal(strict(OLD, &database.url));
    assert!(error.contains("no schema") && error.contains(Release::V1_0_0.head()), "{error}");

    assert!(migrate(OLD, &database.url).status.success());
    let error = refusal(strict(NEW, &database.url));
    assert!(
        error.contains(Release::V1_0_0.head()) && error.contains(Release::V1_1_0.head()),
        "{error}"
    );
}

#[test]
fn a_strict_gateway_names_every_bad_setting() {
    let database = machine().database();
    let container = strict(OLD, &database.url)
        .env("HIVE_INTERNAL_SECRET", "replace-me")
        .env("HIVE_ADMIN_PASSWORD", "");
    let error = refusal(container);
    assert!(error.contains("HIVE_ADMIN_PASSWORD is not set"), "{error}");
    assert!(error.contains("HIVE_INTERNAL_SECRET is still a placeholder"), "{error}");
}

#[test]
fn a_strict_gateway_names_the_database_it_cannot_use() {
    let url = |rest: &str| format!("postgresql+asyncpg://hive:{rest}");
    let error = refusal(strict(OLD, &url("canary-password@127.0.0.1:5999/hive")));
    assert!(error.contains("127.0.0.1:5999 is unreachable"), "{error}");
    let error = refusal(strict(OLD, &url("canary-wrong@127.0.0.1:5432/postgres")));
    assert!(error.contains("password authentication failed"), "{error}");
    let error = refusal(strict(OLD, &url("canary-password@nowhere.invalid:5432/hive")));
    assert!(error.contains("nowhere.invalid:5432 is unreachable"), "{error}");
    let error = refusal(strict(OLD, "mysql://hive:canary@127.0.0.1/hive"));
    assert!(error.contains("not of the form postgresql+asyncpg://"), "{error}");
}

#[test]
fn a_silent_database_is_given_up_after_five_seconds() {
    let port = port();
    let silent = machine().container(Role::Gateway, OLD);
    let listen = format!(
        "import signal, socket; s = socket.create_server(('127.0.0.1', {port})); print('up', flush=True); signal.pause()"
    );
    let _running = silent.start(&["python", "-c", &listen]).until("up");
    let url = format!("postgresql+asyncpg://hive:canary@127.0.0.1:{port}/hive");
    let error = refusal(strict(OLD, &url));
    assert!(error.contains(&format!("127.0.0.1:{port} did not answer within 5 s")), "{error}");
    let ended = migrate(OLD, &url);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.stderr.trim_end().ends_with("TimeoutError"), "{}", ended.stderr);
}

#[test]
fn without_strictness_the_gateway_migrates_itself_or_is_degraded() {
    let database = machine().database();
    let health = |url: &str| {
        let container = strict(NEW, url)
            .env("HIVE_STRICT_STARTUP", "false")
            .env("HIVE_STARTUP_MIGRATION_MODE", "upgrade")
            .env("HIVE_METADATA_CREATE_ON_STARTUP", "true");
        let port = port();
        let command = serve(port);
        let running =
            container.start(&command.each_ref().map(String::as_str)).until("Uvicorn running");
        let health = container.get(&format!("http://127.0.0.1:{port}/healthz")).json();
        running.terminate().leaks_nothing();
        health
    };
    assert_eq!(health(&database.url)["status"], "ok");
    assert_eq!(revision(&database), Release::V1_1_0.head());
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'platform_metadata'";
    assert_eq!(machine().sql(&database.name, tables), "1");

    let lost = health("postgresql+asyncpg://hive:canary@127.0.0.1:5999/hive");
    assert_eq!(
        (lost["status"].as_str(), lost["database"].as_str()),
        (Some("degraded"), Some("unreachable"))
    );
}

#[test]
fn a_migration_says_why_without_the_url() {
    let ended = migrate(OLD, "postgresql+asyncpg://hive:canary-password@127.0.0.1:5999/hive");
    assert_eq!(ended.code(), Some(1));
    assert!(ended.stderr.contains("Connect call failed ('127.0.0.1', 5999)"), "{}", ended.stderr);
    ended.leaks_nothing();
    let ended = migrate(OLD, "postgresql+asyncpg://hive:canary@:port/hive");
    assert_eq!(ended.code(), Some(1));
    assert!(ended.stderr.contains("DATABASE_URL cannot be parsed"), "{}", ended.stderr);
    ended.leaks_nothing();
}

#[test]
fn a_full_gateway_serves_its_state_and_stops_when_asked() {
    let database = migrated(NEW);
    let container = strict(NEW, &database.url);
    let port = port();
    let command = serve(port);
    let running = container.start(&command.each_ref().map(String::as_str)).until("Uvicorn running");
    let at = format!("http://127.0.0.1:{port}");

    let health = container.get(&format!("{at}/healthz"));
    assert_eq!(health.status, Some(200));
    let expected = json!({
        "status": "ok", "role": "gateway", "mode": "full", "version": NEW, "database": "ok",
        "schema_revision": Release::V1_1_0.head(), "active_agents": 0,
    });
    assert_eq!(health.json(), expected);
    assert_eq!(container.get(&format!("{at}/api/version")).json()["version"], NEW);
    assert_eq!(container.get(&format!("{at}/api/nothing")).status, Some(404));
    assert_eq!(container.get(&format!("{at}/api/auth/me")).status, Some(401));
    let login = container.post(
        &format!("{at}/api/auth/login"),
        "Content-Type: application/json",
        r#"{"username": "admin", "password": "canary-admin"}"#,
    );
    assert_eq!(login.status, Some(200));
    assert!(login.head.contains("set-cookie: openhive_session="), "{}", login.head);

    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'platform_metadata'";
    assert_eq!(machine().sql(&database.name, tables), "0", "the start-up has changed the schema");

    let ended = running.terminate();
    assert!(ended.status.success(), "{}", ended.status);
    assert_eq!(ended.last()["message"], "Finished server process [1]");
    assert!(!ended.stdout.contains("/healthz"), "probes are not worth a line");
    ended.leaks_nothing();
}

#[test]
fn a_gateway_that_loses_its_database_is_degraded_but_alive() {
    let database = migrated(OLD);
    let container = strict(OLD, &database.url);
    let port = port();
    let command = serve(port);
    let _running =
        container.start(&command.each_ref().map(String::as_str)).until("Uvicorn running");
    machine().sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", database.name));
    let health = container.get(&format!("http://127.0.0.1:{port}/healthz"));
    assert_eq!(health.status, Some(200));
    assert_eq!(health.json()["status"], "degraded");
}

#[test]
fn the_baseline_needs_nothing() {
    let container = machine().container(Role::Gateway, OLD);
    let port = port().to_string();
    let app = "hive.container.gateway_entrypoint:app";
    let running = container
        .start(&["uvicorn", app, "--host", "0.0.0.0", "--port", &port])
        .until("Uvicorn running");
    let health = container.get(&format!("http://127.0.0.1:{port}/healthz")).json();
    assert_eq!((health["status"].as_str(), health["role"].as_str()), (Some("ok"), Some("gateway")));
    assert!(running.terminate().status.success());
}

#[test]
fn the_image_starts_the_baseline_as_a_user_that_is_not_root() {
    let container = machine().container(Role::Gateway, NEW);
    assert_eq!(container.config["User"], "1000:1000");
    assert_eq!(container.config["WorkingDir"], "/app");
    let command =
        ["uvicorn", "hive.container.gateway_entrypoint:app", "--host", "0.0.0.0", "--port", "8080"];
    assert_eq!(container.config["Cmd"], json!(command));
}
