//! The node shape against itself: pods, volumes, names, the world outside, and policies enforced or not.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testbed::node::BUSYBOX_IMAGE;
use testbed::{Cni, Node, NodeOptions};

/// A server with a Service, a client with a volume, and a pod whose image tag does not exist.
fn workload() -> String {
    let restricted = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}";
    format!(
        r"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: server}}
spec: {{selector: {{app: server}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: server, labels: {{app: server}}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: {BUSYBOX_IMAGE}
    args: [-c, 'echo serving; exec httpd -f -p 8080 -h /bin']
    readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
    securityContext: {{{restricted}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: client, labels: {{app: client}}}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {{runAsUser: 1000, runAsNonRoot: true, fsGroup: 1000}}
  containers:
  - name: c
    image: {BUSYBOX_IMAGE}
    args: [-c, 'exec sleep 86400']
    volumeMounts: [{{name: data, mountPath: /data}}]
    securityContext: {{{restricted}}}
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: no-such-tag}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{{name: c, image: 'infra.outside.test/testbed/busybox:none'}}]
"
    )
}

const DENY_ALL_TO_SERVER: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress]}
";

/// Starts a node with the workload above and waits for its pods.
fn start(options: &NodeOptions) -> Node {
    let node = Node::start(options).unwrap();
    node.apply(&workload()).unwrap();
    node.kubectl(&["wait", "--for=condition=Ready", "pod/server", "pod/client", "--timeout=60s"])
        .unwrap();
    node
}

/// What a shell in the client's pod prints; an error where it ends with another status than 0.
fn in_client(node: &Node, script: &str) -> testbed::Result<String> {
    node.kubectl(&["exec", "client", "--", "sh", "-c", script])
}

const REACH_SERVER: &str = "nc -w 2 server 80 < /dev/null";

#[test]
fn a_node_runs_pods_with_volumes_names_a_world_outside_and_enforced_policies() {
    let node = start(&NodeOptions { platform_images: false, ..NodeOptions::default() });

    in_client(&node, "echo kept > /data/file && cat /data/file").unwrap();
    in_client(&node, REACH_SERVER).unwrap();
    assert!(node.kubectl(&["logs", "server"]).unwrap().contains("serving"));

    let fetch = "printf 'GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' | nc -w 2";
    let answer = in_client(&node, &format!("{fetch} api.outside.test 80")).unwrap();
    assert!(answer.contains("200 OK"), "{answer}");
    let answer = in_client(&node, &format!("{fetch} 169.254.169.254 80")).unwrap();
    assert!(answer.contains("metadata stand-in"), "{answer}");
    assert!(
        in_client(&node, "nslookup -type=a none.outside.test").is_err(),
        "the name does not exist"
    );

    node.create_database("app", "someone", "a 'quoted' \"password\"").unwrap();
    assert_eq!(node.psql("app", "select 1 + 1").unwrap().trim(), "2");
    in_client(&node, "nc -w 2 postgres.outside.test 5432 < /dev/null").unwrap();

    let reason = "jsonpath={.status.containerStatuses[0].state.waiting.message}";
    node.kubectl(&[
        "wait",
        "pod/no-such-tag",
        "--timeout=60s",
        "--for=jsonpath={.status.containerStatuses[0].state.waiting.message}",
    ])
    .unwrap();
    let message = node.kubectl(&["get", "pod", "no-such-tag", "-o", reason]).unwrap();
    assert!(message.contains("not found"), "{message}");

    node.apply(DENY_ALL_TO_SERVER).unwrap();
    await_refusal(&node);

    let status =
        node.command("kubectl").args(["get", "nodes"]).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "a program of this machine reaches the API server");
    let routes = node.inside("ip").args(["route", "get", "192.0.2.1"]).output().unwrap();
    let routes = String::from_utf8(routes.stdout).unwrap();
    assert!(routes.contains("via 172.31.0.2"), "the only way out is the world: {routes}");
    let routes = node.outside("ip").args(["route", "get", "192.0.2.1"]).output().unwrap();
    assert!(!routes.status.success(), "and the world has none");
}

/// A policy takes effect a moment after it is stored.
fn await_refusal(node: &Node) {
    let start = std::time::Instant::now();
    while in_client(node, REACH_SERVER).is_ok() {
        assert!(start.elapsed().as_secs() < 30, "the policy is not enforced");
    }
}

#[test]
fn a_node_with_a_bridge_enforces_no_policy() {
    let node =
        start(&NodeOptions { cni: Cni::Bridge, platform_images: false, ..NodeOptions::default() });
    node.apply(DENY_ALL_TO_SERVER).unwrap();
    for _ in 0..5 {
        in_client(&node, REACH_SERVER).unwrap();
    }
}

#[test]
#[ignore = "holds a node until it is killed; run by the test below"]
fn hold() {
    let node = Node::start(&NodeOptions {
        cni: Cni::Bridge,
        platform_images: false,
        ..NodeOptions::default()
    })
    .unwrap();
    println!("holding {}", node.logs().parent().unwrap().display());
    std::thread::park();
}

#[test]
fn a_killed_owner_leaves_no_process_mount_namespace_or_cgroup() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "cluster::hold", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let folder =
        lines.find_map(|line| line.split_once("holding ").map(|(_, rest)| rest.to_owned()));
    let folder = PathBuf::from(folder.unwrap());
    let init = fs::read_to_string(folder.join("init")).unwrap();
    let namespaces = ["pid", "mnt", "net"]
        .map(|kind| fs::read_link(format!("/proc/{init}/ns/{kind}")).unwrap().into_os_string());
    assert!(processes_in(&namespaces) > 10);
    let config = fs::read_to_string(folder.join("kubelet.json")).unwrap();
    let cgroup =
        config.split('"').find(|word| word.starts_with("/openhive-testbed-")).unwrap().to_owned();
    assert!(cgroups(&cgroup) > 0);

    owner.kill().unwrap();
    owner.wait().unwrap();
    // The lock is free once the supervisor has removed everything.
    File::open(folder.with_extension("lock")).unwrap().lock().unwrap();
    assert_eq!(processes_in(&namespaces), 0);
    assert_eq!(cgroups(&cgroup), 0);
    assert!(!folder.exists());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*folder.to_string_lossy()), "{mounts}");
}

/// How many processes are in any of the namespaces, which keep existing as long as there is one.
fn processes_in(namespaces: &[std::ffi::OsString]) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_in = |process: &Path| {
        ["pid", "mnt", "net"].iter().any(|kind| {
            fs::read_link(process.join("ns").join(kind))
                .is_ok_and(|found| namespaces.contains(&found.into_os_string()))
        })
    };
    processes.filter(|process| is_in(&process.path())).count()
}

fn cgroups(name: &str) -> usize {
    let name = name.trim_start_matches('/');
    let found = Command::new("find")
        .args(["/sys/fs/cgroup", "-maxdepth", "2", "-name", name])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap().lines().count()
}
