//! A platform's life on a real node: installed, installed again, upgraded, refused a way back, given new secrets.

use std::collections::BTreeMap;

use serde_json::Value;
use testbed::node::{OTHER_NAME, POSTGRES_NAME};

use crate::common::platform::{
    Change, HEAD_1_0, HEAD_1_1, Platform, database_url, image, platform,
};
use crate::common::secret;

const WORKLOADS: [(&str, &str); 4] = [
    ("openhive", "hive-gateway"),
    ("openhive", "hive-dashboard"),
    ("hive-agents", "hive-agent"),
    ("hive-sandbox", "hive-sandbox"),
];

fn release(tag: &str) -> [Change; 2] {
    [image("gateway", tag), image("dashboard", tag)]
}

/// The workloads whose pod is another one now.
fn restarted(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
    let other = |name: &&String| before[*name] != after[*name];
    after.keys().filter(other).cloned().collect()
}

/// What the Gateway says of itself, asked through the dashboard's Service.
fn health(platform: &Platform) -> Value {
    platform.get("openhive", "hive-dashboard", "http://hive-dashboard:3000/healthz").unwrap()
}

#[test]
fn an_empty_cluster_gets_the_platform_and_a_second_install_writes_nothing() {
    let platform = platform();
    platform.reset();
    let first = platform.install(&[]).ok();
    assert!(first.stderr.contains("✓ OpenHive is up: https://openhive.test"), "{}", first.stderr);
    for (namespace, name) in WORKLOADS {
        let target = format!("deployment/{name}");
        let available = ["wait", "--for=condition=Available", "--timeout=0s", "-n", namespace];
        platform.node.kubectl(&[&available[..], &[&target]].concat()).unwrap();
    }
    assert_eq!(platform.revision(), HEAD_1_0);
    let own = "http://hive-dashboard:3000/dashboard-healthz";
    let own = platform.get("openhive", "hive-dashboard", own).unwrap();
    assert_eq!((&own["status"], &own["role"]), (&"ok".into(), &"dashboard".into()), "{own}");
    let gateway = health(&platform);
    assert_eq!((&gateway["status"], &gateway["role"]), (&"ok".into(), &"gateway".into()));
    assert_eq!(gateway["schema_revision"], HEAD_1_0);

    // Controllers write too: what counts is what a user wrote, and the status of nothing changes any more.
    let (before, pods) = (platform.versions(), platform.pods());
    let again = platform.install_with(&[], &["-vvv"]).ok();
    let after = platform.versions();
    let changed: Vec<_> = after.iter().filter(|(name, v)| before.get(*name) != Some(v)).collect();
    let names: Vec<_> = changed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Job openhive/openhive-db-migrate"], "{}", again.stderr);
    assert!(before.keys().eq(after.keys()), "{:?}", after.keys());
    assert_eq!(platform.pods(), pods);
    assert_eq!(platform.revision(), HEAD_1_0);
}

#[test]
fn a_new_release_is_migrated_and_rolled_out_and_the_old_one_is_refused_after_it() {
    let platform = platform();
    platform.fresh();
    let before = platform.pods();
    let upgrade = platform.install_with(&release("v1.1.0"), &["--progress", "json"]).ok();
    let events: Vec<Value> =
        upgrade.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let migrated = events.iter().find(|event| event["detail"]["kind"] == "migration");
    let migrated = migrated.unwrap_or_else(|| panic!("{}", upgrade.stderr));
    assert_eq!(migrated["detail"]["head"], HEAD_1_1);
    assert_eq!(migrated["detail"]["applied"], 1);
    assert_eq!(platform.revision(), HEAD_1_1);
    assert_eq!(health(&platform)["version"], "v1.1.0");
    assert_eq!(health(&platform)["schema_revision"], HEAD_1_1);
    let after = platform.pods();
    assert_eq!(restarted(&before, &after), ["hive-dashboard", "hive-gateway"]);

    // The older release does not know the schema: no runtime is touched.
    let back = platform.install(&[]);
    let block = back.failed(6);
    assert!(block.headline.starts_with("Migration failed"), "{block:?}");
    assert!(block.cause.contains(HEAD_1_1) && block.cause.contains(HEAD_1_0), "{block:?}");
    assert!(block.fix.contains("restore"), "{block:?}");
    assert!(block.now.contains("the workloads were not touched"), "{block:?}");
    assert!(platform.deployed("openhive", "hive-gateway").ends_with(":v1.1.0"));
    assert_eq!(platform.pods(), after);
    assert_eq!(health(&platform)["status"], "ok");
    assert_eq!(platform.revision(), HEAD_1_1);

    // The way out that was named works.
    platform.install(&release("v1.1.0")).ok();
    assert_eq!(platform.pods(), after);
}

#[test]
fn a_changed_secret_restarts_the_pods_that_use_it_and_no_others() {
    let platform = platform();
    platform.fresh();
    let before = platform.pods();
    let session = ("DASHBOARD_SESSION_SECRET", secret("session-2"));
    platform.install(std::slice::from_ref(&session)).ok();
    let after = platform.pods();
    assert_eq!(restarted(&before, &after), ["hive-gateway"]);

    // One key that one workload of another namespace reads.
    platform.install(&[session.clone(), ("OPENAI_API_KEY", secret("openai"))]).ok();
    let third = platform.pods();
    assert_eq!(restarted(&after, &third), ["hive-sandbox"]);
}

#[test]
fn a_new_database_that_fails_leaves_the_gateway_with_its_own() {
    let platform = platform();
    platform.fresh();
    let before = platform.pods();

    // A host that answers, and has no PostgreSQL.
    let elsewhere = database_url(OTHER_NAME, &secret("elsewhere"));
    let block = platform.install(&[elsewhere]).failed(6);
    assert!(block.cause.contains(&format!("{OTHER_NAME}:5432")), "{block:?}");
    assert!(block.now.contains("the workloads were not touched"), "{block:?}");
    assert!(block.now.contains("the Secrets hold the new values"), "{block:?}");
    assert_eq!(platform.pods(), before);
    assert_eq!(health(&platform)["status"], "ok");

    // A database on which a revision raises: its table is there already.
    platform.node.create_database("other", "hive", &secret("database")).unwrap();
    platform.node.psql("other", "create table users (id int)").unwrap();
    let host = POSTGRES_NAME;
    let url = format!("postgresql+asyncpg://hive:{}@{host}:5432/other", secret("database"));
    let block = platform.install(&[("DATABASE_URL", url)]).failed(6);
    assert!(block.cause.contains("users"), "{block:?}");
    assert!(block.now.contains("the workloads were not touched"), "{block:?}");
    assert_eq!(platform.pods(), before);
    assert_eq!(health(&platform)["database"], "ok");

    // With the values of before everything is as before.
    platform.install(&[]).ok();
    assert_eq!(platform.pods(), before);
    assert_eq!(health(&platform)["status"], "ok");
}
