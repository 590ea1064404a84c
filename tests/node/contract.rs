//! The runtime contracts on running pods: ports, probes, files, users and environment as `docs/platform.md` has them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use testbed::node::REGISTRY_NAME;

use crate::common::objects::NAMESPACES;
use crate::common::platform::{Platform, installed};
use crate::common::{CANARY, no_canary_in};

/// What one role promises.
struct Contract {
    namespace: &'static str,
    name: &'static str,
    role: &'static str,
    port: u16,
    probe: &'static str,
    /// The only folders that can be written.
    writable: &'static [&'static str],
    /// Variables that are not secret.
    env: &'static [(&'static str, &'static str)],
    /// Variables that come from a Secret.
    secrets: &'static [&'static str],
    /// Whether the pod can talk to the API server.
    token: bool,
}

const CONTRACTS: [Contract; 4] = [
    Contract {
        namespace: "openhive",
        name: "hive-gateway",
        role: "gateway",
        port: 8080,
        probe: "/healthz",
        writable: &["/data/hive", "/tmp"],
        env: &[
            ("HIVE_WORKSPACE", "/data/hive"),
            ("HIVE_POOL_BACKEND", "container"),
            ("HIVE_CONTAINER_RUNTIME_BACKEND", "kubernetes"),
            (
                "HIVE_AGENT_RUNTIME_GATEWAY_URL",
                "http://hive-gateway.openhive.svc.cluster.local:8080",
            ),
            ("HIVE_AGENT_RUNTIME_IMAGE", "registry.outside.test/openhive-agent:v1.0.0"),
            ("HIVE_K8S_AGENT_NAMESPACE", "hive-agents"),
            ("HIVE_DEPLOYMENT_BACKEND", "kubernetes"),
            ("HIVE_PIPELINE_IMAGE", "registry.outside.test/openhive-sandbox:v1.0.0"),
            ("HIVE_K8S_PIPELINE_NAMESPACE", "hive-sandbox"),
            ("HIVE_SANDBOX_URL", "http://hive-sandbox.hive-sandbox.svc.cluster.local:8091"),
            ("HIVE_STRICT_STARTUP", "true"),
            ("HIVE_STARTUP_MIGRATION_MODE", "check"),
            ("HIVE_METADATA_CREATE_ON_STARTUP", "false"),
        ],
        secrets: &[
            "DATABASE_URL",
            "DASHBOARD_SESSION_SECRET",
            "HIVE_INTERNAL_SECRET",
            "HIVE_ADMIN_USERNAME",
            "HIVE_ADMIN_PASSWORD",
        ],
        token: true,
    },
    Contract {
        namespace: "openhive",
        name: "hive-dashboard",
        role: "dashboard",
        port: 3000,
        probe: "/dashboard-healthz",
        writable: &[],
        env: &[
            ("HIVE_GATEWAY_INTERNAL_URL", "http://hive-gateway.openhive.svc.cluster.local:8080"),
            ("HOSTNAME", "0.0.0.0"),
            ("PORT", "3000"),
        ],
        secrets: &[],
        token: false,
    },
    Contract {
        namespace: "hive-agents",
        name: "hive-agent",
        role: "agent",
        port: 8090,
        probe: "/healthz",
        writable: &["/data/config", "/tmp"],
        env: &[("HIVE_WORKSPACE", "/data/config")],
        secrets: &[],
        token: false,
    },
    Contract {
        namespace: "hive-sandbox",
        name: "hive-sandbox",
        role: "sandbox",
        port: 8091,
        probe: "/healthz",
        writable: &["/home/codex", "/sandbox/commands", "/sandbox/tasks", "/tmp"],
        env: &[
            ("HOME", "/home/codex"),
            ("HIVE_SANDBOX_CODEX_AUTH_MODE", "env"),
            ("HIVE_SANDBOX_CODEX_SANDBOX_MODE", "danger-full-access"),
            (
                "HIVE_SANDBOX_CODEX_ENV_ALLOWLIST",
                "OPENAI_API_KEY,ANTHROPIC_API_KEY,DEEPSEEK_API_KEY,QWEN_API_KEY",
            ),
        ],
        secrets: &["DATABASE_URL"],
        token: false,
    },
];

impl Contract {
    /// What a shell in the running container prints; an error where it ends with another status than 0.
    fn shell(&self, platform: &Platform, script: &str) -> testbed::Result<String> {
        let target = format!("deployment/{}", self.name);
        let exec = ["exec", "-n", self.namespace, &target, "--", "sh", "-c", script];
        platform.node.kubectl(&exec)
    }

    /// The running pod.
    fn pod(&self, platform: &Platform) -> Value {
        let pods = platform.items("pods").into_iter();
        let mut ours =
            pods.filter(|pod| pod["metadata"]["labels"]["app.kubernetes.io/name"] == self.name);
        let pod = ours.next().unwrap();
        assert!(ours.next().is_none(), "one pod of {}", self.name);
        pod
    }
}

#[test]
fn every_role_listens_on_its_port_and_answers_its_probe() {
    let platform = installed();
    for contract in &CONTRACTS {
        let Contract { port, probe, name, .. } = contract;
        let answer = contract
            .shell(&platform, &format!("wget -qO- http://127.0.0.1:{port}{probe}"))
            .unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["role"], contract.role, "{name}: {answer}");
        assert_eq!(answer["status"], "ok", "{name}: {answer}");
        let pod = contract.pod(&platform);
        let container = &pod["spec"]["containers"][0];
        let named = |probe: &Value| match &probe["port"] {
            Value::String(name) => {
                let ports = container["ports"].as_array().unwrap().iter();
                ports.clone().find(|p| p["name"] == **name).unwrap()["containerPort"].clone()
            }
            number => number.clone(),
        };
        for kind in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let get = &container[kind]["httpGet"];
            assert_eq!(get["path"], *probe, "{name} {kind}");
            assert_eq!(named(get), *port, "{name} {kind}");
        }
        // The Service leads to the same place.
        let url = format!("http://{name}.{}.svc.cluster.local:{port}{probe}", contract.namespace);
        let services = platform.items("services");
        let service = services.iter().find(|s| s["metadata"]["name"] == *name).unwrap();
        assert_eq!(service["spec"]["ports"][0]["port"], *port, "{url}");
    }
}

#[test]
fn the_agent_tells_all_that_its_contract_lists() {
    let platform = installed();
    let agent = &CONTRACTS[2];
    let answer = agent.shell(&platform, "wget -qO- http://127.0.0.1:8090/healthz").unwrap();
    let answer: BTreeMap<String, Value> = serde_json::from_str(&answer).unwrap();
    for key in [
        "status",
        "role",
        "workspace",
        "runtime_ready",
        "agent_id",
        "project_id",
        "controller_id",
        "deployment_backend",
        "readiness_reason",
    ] {
        assert!(answer.contains_key(key), "{key}: {answer:?}");
    }
    assert_eq!(answer["workspace"], "/data/config");
    assert_eq!(answer["runtime_ready"], false, "the static agent has no configuration");
}

#[test]
fn the_root_is_read_only_and_exactly_the_promised_folders_can_be_written() {
    let platform = installed();
    for contract in &CONTRACTS {
        let name = contract.name;
        for place in ["/", "/app", "/etc", "/usr/bin", "/var"] {
            let written = contract.shell(&platform, &format!("touch {place}/probe"));
            let refused = written.map(|_| place).unwrap_err().to_string();
            assert!(refused.contains("Read-only file system"), "{name} {place}: {refused}");
        }
        for place in contract.writable {
            let script =
                format!("echo written > {place}/probe && cat {place}/probe && rm {place}/probe");
            assert_eq!(contract.shell(&platform, &script).unwrap(), "written\n", "{name} {place}");
        }
        // Whatever else is mounted to be written is the container runtime's own.
        let mounts = contract.shell(&platform, "cat /proc/self/mounts").unwrap();
        let volumes: BTreeSet<&str> = mounts
            .lines()
            .filter_map(|line| {
                let [_, place, _, options] = line.split(' ').take(4).collect::<Vec<_>>()[..] else {
                    return None;
                };
                let writable = options.split(',').any(|option| option == "rw");
                let own =
                    ["/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
                let runtime = own.iter().any(|own| place.starts_with(own));
                (writable && !runtime).then_some(place)
            })
            .collect();
        assert_eq!(volumes, contract.writable.iter().copied().collect(), "{name}\n{mounts}");
    }
}

#[test]
fn every_process_is_an_ordinary_user_without_privileges() {
    let platform = installed();
    for contract in &CONTRACTS {
        let name = contract.name;
        assert_eq!(contract.shell(&platform, "id -u").unwrap(), "1000\n", "{name}");
        let status = contract.shell(&platform, "cat /proc/1/status").unwrap();
        let field = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_start_matches(':').trim().to_owned()
        };
        assert_eq!(field("Uid"), "1000\t1000\t1000\t1000", "{name}");
        assert_eq!(field("CapEff"), "0000000000000000", "{name}");
        assert_eq!(field("CapBnd"), "0000000000000000", "{name}");
        assert_eq!(field("NoNewPrivs"), "1", "{name}");
        assert_eq!(field("Seccomp"), "2", "{name}: a filter");
        let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
        let has_token = contract.shell(&platform, &format!("test -e {token}")).is_ok();
        assert_eq!(has_token, contract.token, "{name}: a token of the API server");
    }
}

#[test]
fn the_environment_is_the_contracts_and_holds_no_other_secret() {
    let platform = installed();
    for contract in &CONTRACTS {
        let name = contract.name;
        let env = contract.shell(&platform, "env").unwrap();
        let env: BTreeMap<&str, &str> =
            env.lines().filter_map(|line| line.split_once('=')).collect();
        for (key, value) in contract.env {
            assert_eq!(env.get(key), Some(value), "{name} {key}");
        }
        for key in contract.secrets {
            assert!(env.get(key).is_some_and(|value| !value.is_empty()), "{name} {key}");
        }
        let secret: BTreeSet<_> =
            env.iter().filter(|(_, value)| value.contains(CANARY)).map(|(key, _)| *key).collect();
        let expected: BTreeSet<_> =
            contract.secrets.iter().copied().filter(|key| *key != "HIVE_ADMIN_USERNAME").collect();
        assert_eq!(secret, expected, "{name}");
        // From the Secret by key, never in the manifest.
        let pod = contract.pod(&platform);
        let variables = pod["spec"]["containers"][0]["env"].as_array().unwrap();
        for key in contract.secrets {
            let variable = variables.iter().find(|variable| variable["name"] == **key).unwrap();
            let secret = &variable["valueFrom"]["secretKeyRef"]["name"];
            assert_eq!(secret, "openhive-platform-secrets", "{name} {key}");
        }
    }
}

#[test]
fn the_migration_gets_the_database_and_nothing_else() {
    let platform = installed();
    let jobs = platform.items("jobs");
    let [job] = &jobs[..] else { panic!("one Job: {jobs:?}") };
    let pod = &job["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["image"], format!("{REGISTRY_NAME}/openhive-gateway:v1.0.0"));
    let words = |field: &str| container[field].as_array().cloned().unwrap_or_default();
    let command: Vec<_> = [words("command"), words("args")].concat();
    let command: Vec<_> = command.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(command.join(" "), "alembic upgrade head");
    let env = container["env"].as_array().unwrap();
    let names: Vec<_> = env.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["DATABASE_URL"]);
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(job["status"]["succeeded"], 1);
}

#[test]
fn operators_edits_survive_a_new_pod_of_the_agent() {
    let platform = installed();
    let agent = &CONTRACTS[2];
    assert_eq!(agent.shell(&platform, "cat /data/config/.version").unwrap(), "v1.0.0\n");
    agent
        .shell(&platform, "echo edited > /data/config/AGENT.md && rm /data/config/HEARTBEAT.md")
        .unwrap();
    let before = agent.pod(&platform)["metadata"]["uid"].clone();
    let kubectl = |arguments: &[&str]| platform.node.kubectl(arguments).unwrap();
    kubectl(&["rollout", "restart", "deployment/hive-agent", "-n", "hive-agents"]);
    kubectl(&["rollout", "status", "deployment/hive-agent", "-n", "hive-agents", "--timeout=90s"]);
    assert_ne!(agent.pod(&platform)["metadata"]["uid"], before);
    assert_eq!(agent.shell(&platform, "cat /data/config/AGENT.md").unwrap(), "edited\n");
    // What was deleted comes back, for it does not exist.
    agent.shell(&platform, "test -s /data/config/HEARTBEAT.md").unwrap();
}

#[test]
fn logs_are_structured_and_hold_no_secret() {
    let platform = installed();
    for contract in &CONTRACTS {
        let target = format!("deployment/{}", contract.name);
        let logs = ["logs", "-n", contract.namespace, &target, "--all-containers"];
        let log = platform.node.kubectl(&logs).unwrap();
        no_canary_in(contract.name, &log);
        assert!(!log.is_empty(), "{}", contract.name);
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
        }
    }
}

#[test]
fn the_gateway_may_do_its_work_in_the_cluster_and_no_more() {
    let platform = installed();
    let may = |verb: &str, resource: &str, namespace: &str| {
        let account = "--as=system:serviceaccount:openhive:hive-gateway-runtime";
        // A slash would be read as the name of one pod.
        let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
        let part = format!("--subresource={part}");
        let question = ["auth", "can-i", verb, resource, &part, "-n", namespace, account];
        platform.node.kubectl(&question).is_ok()
    };
    for verb in ["get", "list", "watch", "create", "patch", "delete"] {
        assert!(may(verb, "pods", "hive-agents") && may(verb, "services", "hive-agents"), "{verb}");
        for resource in ["jobs.batch", "cronjobs.batch", "configmaps"] {
            assert!(may(verb, resource, "hive-sandbox"), "{verb} {resource}");
        }
    }
    assert!(may("get", "pods/log", "hive-agents") && may("get", "pods/log", "hive-sandbox"));
    for namespace in NAMESPACES.into_iter().chain(["default", "kube-system"]) {
        for (verb, resource) in [
            ("get", "secrets"),
            ("create", "pods/exec"),
            ("create", "roles.rbac.authorization.k8s.io"),
            ("create", "rolebindings.rbac.authorization.k8s.io"),
            ("patch", "networkpolicies.networking.k8s.io"),
        ] {
            assert!(!may(verb, resource, namespace), "{verb} {resource} -n {namespace}");
        }
    }
    for (verb, resource) in [("create", "pods"), ("delete", "deployments.apps")] {
        assert!(!may(verb, resource, "openhive"), "{verb} {resource}");
    }
}
