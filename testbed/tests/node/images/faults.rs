use testbed::images::catalogue::Role;

use super::gateway::{migrate, serve, strict};
use super::machine::{Container, Running, machine, port};

/// A role with all that it needs.
fn role(role: Role, tag: &str, port: u16) -> (Container<'static>, Vec<String>) {
    let url = machine().database().url;
    let app = format!("hive.container.{}_entrypoint:app", role.name());
    let uvicorn = ["uvicorn", &app, "--host", "0.0.0.0", "--port", &port.to_string()]
        .map(str::to_owned)
        .to_vec();
    match role {
        Role::Gateway => {
            assert!(migrate(tag, &url).status.success());
            (strict(tag, &url), serve(port).to_vec())
        }
        Role::Dashboard => {
            let container = machine()
                .container(role, tag)
                .env("HOSTNAME", "0.0.0.0")
                .env("PORT", &port.to_string());
            (container, vec!["node".into(), "server.js".into()])
        }
        Role::Agent => {
            let container = machine()
                .container(role, tag)
                .volume("/data/config")
                .env("HIVE_WORKSPACE", "/data/config");
            (container, uvicorn)
        }
        Role::Sandbox => {
            let container = machine().container(role, tag).env("DATABASE_URL", &url);
            let folders = ["/sandbox/commands", "/sandbox/tasks", "/tmp", "/home/codex"];
            (folders.iter().fold(container, |container, at| container.volume(at)), uvicorn)
        }
    }
}

fn start(container: &Container<'_>, command: &[String]) -> Running {
    container.start(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

fn probe(role: Role, port: u16) -> String {
    let path = if role == Role::Dashboard { "dashboard-healthz" } else { "healthz" };
    format!("http://127.0.0.1:{port}/{path}")
}

#[test]
fn exit_1_ends_with_its_cause() {
    for each in Role::ALL {
        let (container, command) = role(each, "v1.1.0-exit-1", port());
        let ended = start(&container, &command).wait();
        assert_eq!(ended.code(), Some(1), "{each:?}");
        assert_eq!(ended.last()["event"], "startup_failed", "{each:?}");
    }
}

#[test]
fn never_ready_listens_and_answers_503() {
    for each in Role::ALL {
        let port = port();
        let (container, command) = role(each, "v1.1.0-never-ready", port);
        let running = start(&container, &command).until("is ready");
        let running =
            if each == Role::Dashboard { running } else { running.until("Uvicorn running") };
        assert_eq!(container.get(&probe(each, port)).status, Some(503), "{each:?}");
        assert!(running.terminate().status.success(), "{each:?}");
    }
}

#[test]
fn a_slow_start_does_not_listen_yet_and_still_stops_at_once() {
    for (tag, line) in
        [("v1.1.0-slow-start", "warming up for 20 s"), ("v1.1.0-never-listens", "never released")]
    {
        for each in Role::ALL {
            let port = port();
            let (container, command) = role(each, tag, port);
            let running = start(&container, &command).until(line);
            assert_eq!(container.get(&probe(each, port)).status, None, "{each:?} {tag}");
            let ended = running.terminate();
            let stopped = if each == Role::Dashboard { 0 } else { 143 };
            assert_eq!(ended.code(), Some(stopped), "{each:?} {tag}");
            assert!(!ended.stdout.contains("is ready"), "{each:?} {tag}: {}", ended.stdout);
        }
    }
}

#[test]
fn crash_after_works_and_then_ends() {
    let port = port();
    let (container, command) = role(Role::Agent, "v1.1.0-crash-after", port);
    let running = start(&container, &command).until("Uvicorn running");
    assert_eq!(container.get(&probe(Role::Agent, port)).status, Some(200));
    let ended = running.wait();
    assert_eq!((ended.code(), ended.last()["event"].as_str()), (Some(1), Some("crashed")));
}

#[test]
fn writes_root_ends_on_the_read_only_root() {
    for each in Role::ALL {
        let (container, command) = role(each, "v1.1.0-writes-root", port());
        let ended = start(&container, &command).wait();
        assert_eq!(ended.code(), Some(1), "{each:?}");
        assert!(
            ended.stderr.to_lowercase().contains("read-only file system"),
            "{each:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn no_command_lacks_the_program() {
    for each in Role::ALL {
        let container = machine().container(each, "v1.1.0-no-command");
        let program = if each == Role::Dashboard { "node" } else { "uvicorn" };
        let ended = container.run(&[program, "--version"]);
        assert_eq!(ended.code(), Some(127), "{each:?}");
        assert!(ended.stderr.contains("No such file"), "{each:?}: {}", ended.stderr);
    }
}

#[test]
fn oom_is_killed_at_its_limit() {
    for each in Role::ALL {
        let (container, command) = role(each, "v1.1.0-oom", port());
        // No cgroup is had without a container engine: a limit on data is one that it cannot pass either.
        let limited: Vec<String> = [
            "sh",
            "-c",
            "ulimit -v $1; shift; exec \"$@\"",
            "sh",
            if each == Role::Dashboard { "3000000" } else { "600000" },
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(command)
        .collect();
        let ended = start(&container, &limited).wait();
        assert!(!ended.status.success(), "{each:?}");
        assert!(ended.stdout.contains("into memory"), "{each:?}: {}", ended.stdout);
        assert!(!ended.stdout.contains("no memory limit"), "{each:?}: {}", ended.stdout);
    }
}

#[test]
fn a_migration_that_raises_leaves_the_schema_as_it_was() {
    let database = machine().database();
    assert!(migrate("v1.1.0", &database.url).status.success());
    let ended = migrate("v1.1.0-migration-raises", &database.url);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.stderr.contains("relation \"tenants\" does not exist"), "{}", ended.stderr);
    ended.leaks_nothing();
    assert_eq!(
        machine().sql(&database.name, "SELECT version_num FROM alembic_version"),
        "c4186e2fb73a"
    );
}

#[test]
fn a_slow_migration_stops_when_asked() {
    let database = machine().database();
    let container = machine()
        .container(Role::Gateway, "v1.1.0-migration-slow")
        .env("DATABASE_URL", &database.url);
    let running =
        container.start(&["alembic", "upgrade", "head"]).until("c4186e2fb73a -> f27b9d430ce1");
    assert_eq!(running.terminate().code(), Some(143));
}

#[test]
fn bootstrap_fails_says_why() {
    let container =
        machine().container(Role::Agent, "v1.1.0-bootstrap-fails").volume("/data/config");
    let ended = container.run(&["bootstrap-config.sh"]);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.stderr.contains("checksum"), "{}", ended.stderr);
}

#[test]
fn the_runtime_faults_are_in_the_health_answer() {
    for (tag, status, reason) in [
        ("v1.1.0-runtime-error", "error", "browser"),
        ("v1.1.0-runtime-starting", "starting", "memory index"),
    ] {
        let port = port();
        let (container, command) = role(Role::Agent, tag, port);
        let _running = start(&container, &command).until("Uvicorn running");
        let health = container.get(&probe(Role::Agent, port));
        assert_eq!(health.status, Some(200));
        let health = health.json();
        assert_eq!(
            (health["status"].as_str(), health["runtime_ready"].as_bool()),
            (Some(status), Some(false))
        );
        assert!(health["readiness_reason"].as_str().unwrap().contains(reason), "{health}");
    }
}
