//! The control plane shape against itself.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use testbed::{ControlPlane, ControlPlaneOptions};

#[test]
fn two_control_planes_run_side_by_side_and_end_with_their_values() {
    let first = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
    let second = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
    assert_ne!(first.server(), second.server());
    first.kubectl(&["create", "namespace", "only-here"]).unwrap();
    assert!(second.kubectl(&["get", "namespace", "only-here"]).is_err());

    let (address, folder) = (second.server().replace("https://", ""), second.logs());
    drop(second);
    assert!(TcpStream::connect(address).is_err(), "its API server is gone");
    assert!(!folder.exists(), "its state is gone");
    first.kubectl(&["get", "namespace", "only-here"]).unwrap();
}

#[test]
#[ignore = "holds a control plane until it is killed; run by the test below"]
fn hold() {
    let held = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
    println!("holding {} {}", held.server(), held.logs().parent().unwrap().display());
    std::thread::park();
}

#[test]
fn an_owner_that_a_signal_ends_leaves_nothing() {
    let owners = ["INT", "TERM", "KILL"].map(|signal| (signal, Owner::start()));
    for (signal, mut owner) in owners {
        assert!(TcpStream::connect(&owner.address).is_ok());
        let pid = owner.process.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert!(!owner.process.wait().unwrap().success());
        // The lock is free once the supervisor has removed everything.
        File::open(owner.folder.with_extension("lock")).unwrap().lock().unwrap();
        assert!(TcpStream::connect(&owner.address).is_err(), "{signal}: its API server is gone");
        assert!(!owner.folder.exists(), "{signal}: its state is gone");
    }
}

/// A process that holds a control plane.
struct Owner {
    process: Child,
    address: String,
    folder: PathBuf,
}

impl Owner {
    fn start() -> Self {
        // What runs in the background of a script has SIGINT ignored, and hands that on.
        let mut process = Command::new("env")
            .arg("--default-signal")
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "control_plane::hold", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines =
            BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let held = lines.find_map(|line| Some(line.split_once("holding https://")?.1.to_owned()));
        let held = held.unwrap();
        let (address, folder) = held.split_once(' ').unwrap();
        Self { process, address: address.to_owned(), folder: PathBuf::from(folder) }
    }
}

#[test]
fn what_a_killed_supervisor_left_is_removed_by_the_next_sweep() {
    let victim = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
    let (address, folder) =
        (victim.server().replace("https://", ""), victim.logs().parent().unwrap().to_owned());
    let init = fs::read_to_string(folder.join("init")).unwrap();
    let unshare = parent(&init);
    let outer = parent(&unshare);
    for pid in [&outer, &unshare] {
        assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
    }
    File::open(folder.with_extension("lock")).unwrap().lock().unwrap();
    assert!(folder.exists(), "nobody could remove the state");

    testbed::sweep(&testbed::Cache::open().unwrap()).unwrap();
    assert!(!folder.exists(), "the sweep did");
    assert!(TcpStream::connect(&address).is_err(), "its API server ended with the first process");
}

fn parent(pid: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned()
}

#[test]
fn fake_nodes_run_pods_that_the_scheduler_binds_and_requests_are_audited() {
    let options =
        ControlPlaneOptions { scheduler: true, fake_nodes: 2, audit: true, ..Default::default() };
    let plane = ControlPlane::start(&options).unwrap();
    plane
        .kubectl(&["create", "deployment", "web", "--image=example.test/web:1", "--replicas=3"])
        .unwrap();
    plane.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]).unwrap();

    let audit = fs::read_to_string(plane.audit_log().unwrap()).unwrap();
    let event = audit
        .lines()
        .find(|line| line.contains("deployments") && line.contains("\"verb\":\"create\""))
        .unwrap();
    assert!(
        event.contains("\"level\":\"Metadata\"") && !event.contains("requestObject"),
        "{event}"
    );
}

#[test]
fn a_failed_test_keeps_pods_events_and_logs() {
    let folder = tempfile::tempdir().unwrap();
    let plane = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
    let kept = plane.keep_in(folder.path(), "a-test").unwrap();
    for file in ["pods.yaml", "events.txt", "log/etcd.log", "log/kube-apiserver.log"] {
        assert!(kept.join(file).is_file(), "{file}");
    }
}
