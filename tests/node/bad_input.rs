//! Bad input that shows in pods: each run ends by itself, with its own exit code and the cause in its last block.

use serde_json::Value;
use testbed::node::{OTHER_NAME, POSTGRES_NAME};

use crate::common::objects::{BEFORE_THE_RUNTIME, RUNTIME, exactly};
use crate::common::platform::{Change, Platform, database_url, image, platform};
use crate::common::run::{Block, no_canary_below};
use crate::common::secret;

/// A migration that fails on an empty cluster: the runtime is not even there.
struct Migration {
    what: &'static str,
    changes: Vec<Change>,
    cause: Vec<String>,
    fix: &'static str,
}

fn migrations() -> Vec<Migration> {
    let nowhere = "absent.outside.test";
    let wrong = secret("wrong");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    vec![
        Migration {
            what: "a host that does not exist",
            changes: vec![database_url(nowhere, &secret("database"))],
            cause: words(&[nowhere, "resolve"]),
            fix: "DATABASE_URL",
        },
        Migration {
            what: "a host without PostgreSQL",
            changes: vec![database_url(OTHER_NAME, &secret("database"))],
            cause: words(&[&format!("{OTHER_NAME}:5432"), "refuse"]),
            fix: "DATABASE_URL",
        },
        Migration {
            what: "a wrong password",
            changes: vec![database_url(POSTGRES_NAME, &wrong)],
            cause: words(&["refuses the password of user hive"]),
            fix: "password",
        },
        Migration {
            what: "a database that does not exist",
            changes: vec![(
                "DATABASE_URL",
                format!(
                    "postgresql+asyncpg://hive:{}@{POSTGRES_NAME}:5432/none",
                    secret("database")
                ),
            )],
            cause: words(&[&format!("{POSTGRES_NAME}:5432"), "no database named none"]),
            fix: "DATABASE_URL",
        },
        Migration {
            what: "a tag that does not exist",
            changes: vec![image("gateway", "v9.9.9")],
            cause: words(&["openhive-gateway:v9.9.9"]),
            fix: "OPENHIVE_GATEWAY_IMAGE",
        },
        Migration {
            what: "a revision that raises",
            changes: vec![image("gateway", "v1.1.0-migration-raises")],
            cause: words(&["tenants"]),
            fix: "",
        },
        Migration {
            what: "an image without the program",
            changes: vec![(
                "OPENHIVE_GATEWAY_IMAGE",
                "registry.outside.test/openhive-dashboard:v1.0.0".into(),
            )],
            cause: words(&["alembic"]),
            fix: "image",
        },
    ]
}

#[test]
fn a_migration_that_fails_stops_before_the_runtime_and_says_why() {
    let platform = platform();
    platform.reset();
    for case in migrations() {
        println!("--- {}", case.what);
        let block = platform.install(&case.changes).failed(6);
        assert!(block.headline.starts_with("Migration failed after "), "{}", case.what);
        for word in &case.cause {
            assert!(block.cause.contains(word), "{}: {word} in {block:#?}", case.what);
        }
        assert!(block.fix.contains(case.fix), "{}: {block:#?}", case.what);
        assert!(block.now.contains("the workloads were not touched"), "{block:#?}");
        exactly(&platform.objects(), &[BEFORE_THE_RUNTIME]);
        let (code, status) = platform.status();
        assert_eq!((code, &status["state"]), (Some(7), &"degraded".into()), "{status:#}");
        // It has no values, so it cannot name the database; what to do is the same.
        let advice = status["migration"]["firstFinding"]["advice"].as_str();
        assert!(block.fix.contains(advice.unwrap()), "{status:#} {block:#?}");
        assert_eq!(status["missing"].as_array().unwrap().len(), 3, "{status:#}");
    }
    // Nothing of it stands in the way of good values.
    platform.install(&[]).ok();
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
    assert_eq!(platform.status().0, Some(0));
    assert_no_artefact_holds_a_secret(&platform);
}

/// A workload that does not come up, on top of a healthy platform or of the case before.
struct Rollout {
    role: &'static str,
    tag: &'static str,
    cause: &'static [&'static str],
    container: &'static str,
}

const ROLLOUTS: &[Rollout] = &[
    Rollout {
        role: "dashboard",
        tag: "v9.9.9",
        cause: &["openhive-dashboard:v9.9.9", "does not exist in its registry"],
        container: "dashboard",
    },
    Rollout {
        role: "gateway",
        tag: "v1.1.0-exit-1",
        cause: &["exits with code 1", "the scheduler's lease table is locked by another instance"],
        container: "gateway",
    },
    Rollout {
        role: "dashboard",
        tag: "v1.1.0-oom",
        cause: &["memory", "512Mi"],
        container: "dashboard",
    },
    Rollout {
        role: "agent",
        tag: "v1.1.0-bootstrap-fails",
        cause: &["config-bootstrap", "the checksum of"],
        container: "config-bootstrap",
    },
    Rollout {
        role: "sandbox",
        tag: "v1.1.0-no-command",
        cause: &["uvicorn"],
        container: "sandbox",
    },
    Rollout {
        role: "gateway",
        tag: "v1.1.0-writes-root",
        cause: &["/app/state.db", "ead-only"],
        container: "gateway",
    },
];

#[test]
fn a_rollout_that_fails_says_which_container_and_why() {
    let platform = platform();
    // The newest schema: every broken gateway knows it.
    let newest = image("gateway", "v1.1.0");
    platform.reset();
    platform.install(std::slice::from_ref(&newest)).ok();
    for case in ROLLOUTS {
        println!("--- {} {}", case.role, case.tag);
        let block = platform.install(&[newest.clone(), image(case.role, case.tag)]).failed(7);
        assert!(block.headline.contains(&format!("hive-{}", case.role)), "{block:#?}");
        assert!(block.headline.contains(" failed after "), "{block:#?}");
        for word in case.cause {
            assert!(block.cause.contains(word), "{}: {word} in {block:#?}", case.tag);
        }
        exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
        degraded(&platform, case, &block);
    }
    // Whatever was broken, good values repair.
    platform.install(&[newest]).ok();
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
    assert_eq!(platform.status().0, Some(0));
    assert_no_artefact_holds_a_secret(&platform);
}

/// `status` names the same component.
fn degraded(platform: &Platform, case: &Rollout, block: &Block) {
    let (code, status) = platform.status();
    assert_eq!((code, &status["state"]), (Some(7), &"degraded".into()), "{status:#}");
    let components = status["components"].as_array().unwrap();
    assert_eq!(components.len(), 4, "{status:#}");
    for component in components {
        let broken = component["component"] == case.role;
        let finding: &Value = &component["firstFinding"];
        if broken {
            assert!(component["image"].as_str().unwrap().ends_with(case.tag), "{component:#}");
            assert_eq!(
                finding["subject"]["container"], case.container,
                "{component:#}\n{block:#?}"
            );
        }
    }
}

/// A start may take five minutes before it counts as failed. Who has less patience is told what is waited for.
#[test]
fn a_rollout_that_is_out_of_time_says_what_keeps_it() {
    let platform = platform();
    platform.reset();
    let broken = [image("agent", "v1.1.0-never-listens"), image("dashboard", "v1.1.0-never-ready")];
    let ran = platform.install_with(&broken, &["--timeout", "25s"]);
    println!("{}", ran.stderr);
    assert_eq!(ran.code, Some(8), "{}", ran.stderr);
    let block = ran.block();
    assert!(block.headline.starts_with("not everything is ready after "), "{block:#?}");
    let told = format!("{}{}", block.cause, block.seen);
    for words in ["hive-agent", "/healthz", "hive-dashboard", "/dashboard-healthz", "503"] {
        assert!(told.contains(words), "{words}: {block:#?}");
    }
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
    assert_eq!(platform.status().0, Some(7));
}

#[test]
fn several_broken_workloads_are_all_named_in_one_run() {
    let platform = platform();
    platform.reset();
    let broken =
        [image("agent", "v9.9.9"), image("sandbox", "v9.9.9"), image("dashboard", "v9.9.9")];
    let block = platform.install(&broken).failed(7);
    let told = format!("{}{}{}", block.headline, block.cause, block.seen);
    assert!(told.contains("v9.9.9"), "{block:#?}");
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
}

/// What a failed test would keep: pods, events, logs of components and containers.
fn assert_no_artefact_holds_a_secret(platform: &Platform) {
    let folder = tempfile::tempdir().unwrap();
    let kept = platform.node.keep_in(folder.path(), "canaries").unwrap();
    no_canary_below(&kept);
}
