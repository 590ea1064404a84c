//! That what refers to something refers to what is there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Case, Workload, cases, list};
use crate::render::{Profile, RenderOptions, render};
use manifest::Kind;

/// The Deployment whose pods a Service's selector selects.
fn behind<'a>(case: &'a Case, namespace: &str, service: &Value) -> Workload<'a> {
    let selector = service["spec"]["selector"].as_object().unwrap();
    let mut selected = case.workloads().filter(|workload| {
        let labels = &workload.template["metadata"]["labels"];
        workload.namespace == namespace && selector.iter().all(|(k, v)| labels[k] == *v)
    });
    let found = selected.next().unwrap_or_else(|| panic!("{selector:?} selects nothing"));
    assert!(selected.next().is_none(), "{selector:?} selects several workloads");
    found
}

/// Service, container, probes and the program itself name one port.
#[test]
fn ports_agree() {
    for case in cases() {
        for service in case.of(Kind::Service) {
            let namespace = service.reference.namespace.as_deref().unwrap();
            let workload = behind(&case, namespace, &service.manifest);
            let container = &workload.pod()["containers"][0];
            let port = container["ports"][0]["containerPort"].as_u64().unwrap();
            let [only] = &list(&service.manifest["spec"]["ports"]).collect::<Vec<_>>()[..] else {
                panic!("one port")
            };
            assert_eq!(
                (only["port"].as_u64(), only["targetPort"].as_u64()),
                (Some(port), Some(port))
            );
            // A liveness probe alone kills whatever starts slowly.
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                assert_eq!(container[probe]["httpGet"]["port"], port, "{} {probe}", workload.name);
            }
            let argument = format!("--port={port}");
            let variable = json!({ "name": "PORT", "value": port.to_string() });
            let told = list(&container["command"]).any(|word| word == &argument)
                || list(&container["env"]).any(|v| *v == variable);
            assert!(told, "{} listens on {port}", workload.name);
        }
        // Every workload that serves has a Service.
        let served = case.of(Kind::Service).count();
        assert_eq!(served, case.of(Kind::Deployment).count(), "{}", case.input.name);
    }
}

/// Selected by the name alone, so that no other label is ever frozen.
#[test]
fn deployments_select_by_name_alone() {
    for case in cases() {
        for deployment in case.of(Kind::Deployment) {
            let name = &deployment.reference.name;
            let selector = json!({ "matchLabels": { "app.kubernetes.io/name": name } });
            assert_eq!(deployment.manifest["spec"]["selector"], selector, "{name}");
        }
    }
}

#[test]
fn urls_and_ingress_paths_lead_to_services() {
    for case in cases() {
        let serves = |namespace: &str, name: &str, port: &Value| {
            let service = case.get(Kind::Service, namespace, name);
            let service = service.unwrap_or_else(|| panic!("no service {name} in {namespace}"));
            assert_eq!(service["spec"]["ports"][0]["port"], *port, "{name}");
        };
        let variables = case.workloads().flat_map(|workload| {
            let variables = workload.containers().flat_map(|c| list(&c["env"]));
            variables.filter_map(|v| v["value"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        });
        for value in variables.filter(|value| value.contains(".svc.cluster.local:")) {
            let url = value.strip_prefix("http://").unwrap();
            let (host, port) = url.split_once(".svc.cluster.local:").unwrap();
            let (name, namespace) = host.split_once('.').unwrap();
            serves(namespace, name, &json!(port.parse::<u16>().unwrap()));
        }
        for ingress in case.of(Kind::Ingress) {
            for path in list(&ingress.manifest["spec"]["rules"][0]["http"]["paths"]) {
                let service = &path["backend"]["service"];
                serves("openhive", service["name"].as_str().unwrap(), &service["port"]["number"]);
            }
        }
    }
}

/// A pod whose required key is missing does not start; a key that nobody reads has no business in a Secret.
#[test]
fn secrets_have_the_keys_that_pods_read() {
    for case in cases() {
        let keys = |namespace: &str| -> BTreeSet<String> {
            let secret = case.get(Kind::Secret, namespace, "openhive-platform-secrets");
            let data = secret.and_then(|secret| secret["data"].as_object());
            data.into_iter().flatten().map(|(key, _)| key.clone()).collect()
        };
        let mut read = BTreeSet::new();
        for workload in case.workloads() {
            for reference in workload.secret_keys() {
                assert_eq!(reference["name"], "openhive-platform-secrets");
                let key = reference["key"].as_str().unwrap();
                let there = keys(workload.namespace).contains(key);
                assert!(there || reference["optional"] == true, "{}: no {key}", workload.name);
                read.insert((workload.namespace, key));
            }
        }
        // The migration's Secret is the platform's: the other four keys are read later.
        let namespaces = match case.input.profile {
            Profile::Migration => &["hive-sandbox"][..],
            _ => &["openhive", "hive-sandbox"],
        };
        for namespace in namespaces {
            for key in keys(namespace) {
                assert!(read.contains(&(*namespace, key.as_str())), "nobody reads {key}");
            }
        }
        for secret in case.of(Kind::Secret) {
            assert_eq!(secret.manifest["stringData"], Value::Null, "sent as data alone");
        }
    }
}

/// The Gateway makes agents and pipelines, and must not be able to read a secret, enter a pod, or widen its rights.
#[test]
fn the_gateways_rights_are_bounded_and_nobody_elses() {
    const NEVER: [&str; 8] = [
        "*",
        "secrets",
        "pods/exec",
        "pods/attach",
        "serviceaccounts",
        "roles",
        "rolebindings",
        "networkpolicies",
    ];
    for case in cases() {
        for role in case.of(Kind::Role) {
            for rule in list(&role.manifest["rules"]) {
                for resource in list(&rule["resources"]) {
                    assert!(!NEVER.contains(&resource.as_str().unwrap()), "{rule}");
                }
                let known = ["get", "list", "watch", "create", "update", "patch", "delete"];
                assert!(list(&rule["verbs"]).all(|v| known.contains(&v.as_str().unwrap())));
            }
        }
        for binding in case.of(Kind::RoleBinding) {
            let namespace = binding.reference.namespace.as_deref().unwrap();
            let role = &binding.manifest["roleRef"];
            assert_eq!(role["kind"], "Role");
            assert!(case.get(Kind::Role, namespace, role["name"].as_str().unwrap()).is_some());
            let gateway = json!([{
                "kind": "ServiceAccount", "name": "hive-gateway-runtime", "namespace": "openhive",
            }]);
            assert_eq!(binding.manifest["subjects"], gateway);
            assert!(case.get(Kind::ServiceAccount, "openhive", "hive-gateway-runtime").is_some());
        }
        assert_eq!(case.of(Kind::Role).count(), case.of(Kind::RoleBinding).count());
    }
}

/// Pods run under `default` or the Gateway's account: each names the pull secret, and only where there is one.
#[test]
fn the_pull_secret_is_copied_and_every_account_names_it() {
    for case in cases() {
        let wanted = case.input.values.image_pull_secret.is_some();
        let expected =
            if wanted { json!([{ "name": "openhive-image-pull" }]) } else { Value::Null };
        for account in case.of(Kind::ServiceAccount) {
            assert_eq!(account.manifest["imagePullSecrets"], expected, "{}", account.reference);
        }
        for namespace in case.of(Kind::Namespace) {
            let namespace = namespace.reference.name.as_str();
            assert_eq!(case.get(Kind::ServiceAccount, namespace, "default").is_some(), wanted);
            let copy = case.get(Kind::Secret, namespace, "openhive-image-pull");
            let fields = |secret: &Value| (secret["type"].clone(), secret["data"].clone());
            assert_eq!(copy.map(fields), case.input.pull_secret.as_ref().map(fields));
        }
    }
}

/// A tag or digest that cannot be a label's value would have the API server refuse the object.
#[test]
fn labels_are_valid_and_say_that_an_object_is_ours() {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    for case in cases() {
        for object in &case.objects {
            let labels = &object.manifest["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/managed-by"], "kubectl-openhive");
            assert_eq!(labels["app.kubernetes.io/part-of"], "openhive");
            let pods = &object.manifest["spec"]["template"]["metadata"]["labels"];
            for value in [labels, pods].iter().flat_map(|l| l.as_object()).flatten() {
                let value = value.1.as_str().unwrap();
                let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let ends = edge(value.chars().next()) && edge(value.chars().last());
                assert!(value.len() < 64 && ends && value.chars().all(good), "{value}");
            }
        }
        for namespace in case.of(Kind::Namespace) {
            let labels = &namespace.manifest["metadata"]["labels"];
            // The Gateway makes pods in the other two.
            let level = match namespace.reference.name.as_str() {
                "openhive" => "restricted",
                _ => "baseline",
            };
            assert_eq!(labels["pod-security.kubernetes.io/enforce"], level);
        }
    }
}

#[test]
fn the_ingress_names_the_issuer_that_is_given() {
    for case in cases() {
        let issuer = case.input.values.ingress.as_ref().and_then(|i| i.cluster_issuer.as_deref());
        let issuer = issuer.filter(|issuer| !issuer.is_empty());
        for ingress in case.of(Kind::Ingress) {
            let annotation = &ingress.manifest["metadata"]["annotations"];
            assert_eq!(annotation["cert-manager.io/cluster-issuer"].as_str(), issuer);
        }
    }
}

/// What the profile `migration` applies, the profile after it applies as well, unchanged.
#[test]
fn the_migration_profile_is_part_of_the_platform() {
    for case in cases().filter(|case| case.input.profile == Profile::Migration) {
        let input = &case.input;
        let options = RenderOptions { migration_job: true, ..input.options() };
        let platform = render(&input.values, &input.facts, Profile::Platform, &options).unwrap();
        for object in &case.objects {
            assert!(platform.objects.contains(object), "{} is another one", object.reference);
        }
    }
}
