//! Runs that end in the middle, by a signal or by their own patience: one more run goes on from there.

use crate::common::objects::{BEFORE_THE_RUNTIME, RUNTIME, exactly};
use crate::common::platform::{Change, HEAD_1_0, Platform, image, platform};

/// The Job's uid; none where there is no Job.
fn job(platform: &Platform) -> Option<String> {
    let jobs = platform.items("jobs");
    jobs.first().map(|job| job["metadata"]["uid"].as_str().unwrap().to_owned())
}

/// A migration that takes half a minute.
fn slow() -> Change {
    image("gateway", "v1.1.0-migration-slow")
}

/// The platform is complete and healthy.
#[track_caller]
fn complete(platform: &Platform) {
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
    let (code, status) = platform.status();
    assert_eq!(code, Some(0), "{status:#}");
}

#[test]
fn a_migration_outlives_the_command_and_the_next_one_awaits_it() {
    let platform = platform();
    platform.reset();
    let ran = platform.interrupted(&[slow()], "alembic upgrade head", "-INT");
    let block = ran.failed_by_signal(130);
    assert_eq!(block.headline, "interrupted");
    assert!(block.now.contains("the workloads were not touched"), "{block:?}");
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME]);
    let first = job(&platform);
    assert!(first.is_some());

    // It has no patience, and still stops nothing.
    let ran = platform.install_with(&[slow()], &["--migration-timeout", "1s"]);
    println!("{}", ran.stderr);
    assert_eq!(ran.code, Some(8), "{}", ran.stderr);
    let block = ran.block();
    assert!(block.headline.starts_with("the migration still runs after "), "{block:?}");
    assert!(block.fix.contains("kubectl logs -n openhive -f job/openhive-db-migrate"), "{block:?}");
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME]);
    assert_eq!(job(&platform), first);

    platform.install(&[slow()]).ok();
    assert_eq!(job(&platform), first, "the running migration was replaced");
    complete(&platform);
}

#[test]
fn a_run_that_is_terminated_during_the_rollout_is_completed_by_the_next() {
    let platform = platform();
    platform.reset();
    let ran = platform.interrupted(&[], r#""step":"rollout""#, "-TERM");
    let block = ran.failed_by_signal(143);
    assert_eq!(block.headline, "terminated");
    assert!(block.fix.contains("kubectl openhive install -f "), "{block:?}");
    exactly(&platform.objects(), &[BEFORE_THE_RUNTIME, RUNTIME]);
    platform.install(&[]).ok();
    complete(&platform);
}

#[test]
fn a_run_that_is_killed_anywhere_is_completed_by_the_next() {
    let platform = platform();
    platform.reset();
    // Each goes on where the one before died.
    for step in ["namespaces", "foundation", "migration", "runtime"] {
        let words = format!(r#""event":"stepStarted","step":"{step}""#);
        let ran = platform.interrupted(&[], &words, "-KILL");
        assert_eq!(ran.code, None, "{step}: {}", ran.stderr);
    }
    platform.install(&[]).ok();
    complete(&platform);
    assert_eq!(platform.revision(), HEAD_1_0);
}
