//! Which objects a profile has, and their names and labels.

use serde_json::{Value, json};

use super::cases::Input;
use super::{Case, Check, Contract, Profile, contracts, same};
use crate::render::{RenderOptions, render};
use crate::values::Image;
use manifest::Kind;

/// Objects that belong to one component: (kind, name, component). All others carry the two labels
/// of the platform alone.
const COMPONENTS: [(&str, &str, &str); 5] = [
    ("hive-gateway", "gateway", "hive-gateway"),
    ("hive-dashboard", "dashboard", "hive-dashboard"),
    ("hive-agent", "agent", "hive-agent"),
    ("hive-sandbox", "sandbox", "hive-sandbox"),
    ("openhive-db-migrate", "migration", "openhive-db-migrate"),
];

/// The labels of a component's objects and pods.
pub(super) fn labels(name: &str, version: Option<&str>) -> Value {
    let component = COMPONENTS.iter().find(|c| c.0 == name).unwrap().1;
    let mut labels = json!({
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": "openhive",
        "app.kubernetes.io/managed-by": "kubectl-openhive",
    });
    if let Some(version) = version {
        labels["app.kubernetes.io/version"] = json!(version);
    }
    labels
}

/// The version label: the tag, where it can be one.
pub(super) fn version(case: &Case<'_>, name: &str) -> Option<String> {
    let images = &case.input.values.images;
    let image: &Image = match name {
        "hive-dashboard" => &images.dashboard,
        "hive-agent" => &images.agent,
        "hive-sandbox" => &images.sandbox,
        _ => &images.gateway,
    };
    image.tag.clone().filter(|tag| tag.len() < 64 && !tag.starts_with('_'))
}

fn expected(case: &Case<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |when: bool, list: &[&str]| {
        if when {
            all.extend(list.iter().map(|s| (*s).to_owned()));
        }
    };
    add(
        true,
        &[
            "namespace/openhive",
            "networkpolicy/default-deny -n openhive",
            "networkpolicy/allow-dns -n openhive",
        ],
    );
    add(
        case.workloads(),
        &[
            "namespace/hive-agents",
            "namespace/hive-sandbox",
            "secret/openhive-platform-secrets -n hive-sandbox",
            "networkpolicy/default-deny -n hive-agents",
            "networkpolicy/default-deny -n hive-sandbox",
            "networkpolicy/allow-dns -n hive-agents",
            "networkpolicy/allow-dns -n hive-sandbox",
            "networkpolicy/allow-dns-pipelines -n hive-sandbox",
            "networkpolicy/hive-gateway-ingress -n openhive",
            "networkpolicy/hive-agent-egress -n hive-agents",
            "networkpolicy/hive-sandbox-ingress -n hive-sandbox",
            "networkpolicy/hive-sandbox-egress -n hive-sandbox",
            "persistentvolumeclaim/agent-config-pvc -n hive-agents",
            "deployment/hive-gateway -n openhive",
            "deployment/hive-agent -n hive-agents",
            "deployment/hive-sandbox -n hive-sandbox",
            "service/hive-gateway -n openhive",
            "service/hive-agent -n hive-agents",
            "service/hive-sandbox -n hive-sandbox",
        ],
    );
    add(
        case.profile() != Profile::Baseline,
        &[
            "secret/openhive-platform-secrets -n openhive",
            "networkpolicy/openhive-db-migrate-egress -n openhive",
        ],
    );
    add(
        case.runtime(),
        &[
            "serviceaccount/hive-gateway-runtime -n openhive",
            "role/hive-gateway-runtime -n hive-agents",
            "role/hive-gateway-runtime -n hive-sandbox",
            "rolebinding/hive-gateway-runtime -n hive-agents",
            "rolebinding/hive-gateway-runtime -n hive-sandbox",
            "networkpolicy/hive-gateway-egress -n openhive",
            "networkpolicy/hive-agent-ingress -n hive-agents",
            "networkpolicy/pipeline-egress -n hive-sandbox",
        ],
    );
    add(
        case.platform(),
        &[
            "networkpolicy/hive-dashboard-egress -n openhive",
            "deployment/hive-dashboard -n openhive",
            "service/hive-dashboard -n openhive",
            "ingress/openhive-platform -n openhive",
        ],
    );
    add(
        case.platform() && super::network::ingress_controller(case).is_some(),
        &["networkpolicy/hive-dashboard-ingress -n openhive"],
    );
    add(case.job(), &["job/openhive-db-migrate -n openhive"]);
    let namespaces: &[&str] =
        if case.workloads() { &["openhive", "hive-agents", "hive-sandbox"] } else { &["openhive"] };
    for namespace in namespaces {
        add(
            case.input.values.image_pull_secret.is_some(),
            &[&format!("serviceaccount/default -n {namespace}")],
        );
        add(
            case.input.pull_secret.is_some(),
            &[&format!("secret/openhive-image-pull -n {namespace}")],
        );
    }
    all.sort();
    all
}

contracts! {
    /// "Profiles": which objects each has.
    fn each_profile_has_exactly_its_objects(case) {
        let mut found: Vec<_> =
            case.rendered.objects.iter().map(|o| o.reference.to_string()).collect();
        found.sort();
        same("objects", &json!(found), &json!(expected(case)))
    }

    /// "Profiles": what `migration` applies, the profile after it applies as well, unchanged.
    fn the_migration_profile_is_part_of_the_platform(case) {
        if case.profile() != Profile::Migration {
            return Ok(());
        }
        let Input { values, facts, .. } = case.input;
        let options = RenderOptions { migration_job: true, ..case.input.options() };
        let platform =
            render(values, facts, Profile::Platform, &options).map_err(|e| e.to_string())?;
        let other = case.rendered.objects.iter().find(|o| !platform.objects.contains(o));
        other.map_or(Ok(()), |o| Err(format!("{} is another one in platform", o.reference)))
    }

    /// "Objects": what says that an object is ours, and of which component.
    fn every_object_carries_its_labels(case) {
        for object in &case.rendered.objects {
            let name = object.reference.name.as_str();
            let is_workload = matches!(object.reference.kind, Kind::Deployment | Kind::Job);
            let version = version(case, name).filter(|_| is_workload);
            let expected = match (object.reference.kind, name) {
                (Kind::Deployment | Kind::Service | Kind::Job, _) => {
                    labels(name, version.as_deref())
                }
                (Kind::PersistentVolumeClaim, _) => labels("hive-agent", None),
                (Kind::Role | Kind::RoleBinding, _) | (Kind::ServiceAccount, "hive-gateway-runtime") => {
                    labels("hive-gateway", None)
                }
                (Kind::Ingress, _) => json!({
                    "app.kubernetes.io/name": "openhive-platform",
                    "app.kubernetes.io/component": "ingress",
                    "app.kubernetes.io/part-of": "openhive",
                    "app.kubernetes.io/managed-by": "kubectl-openhive",
                }),
                (Kind::Namespace, "openhive") => json!({
                    "app.kubernetes.io/part-of": "openhive",
                    "app.kubernetes.io/managed-by": "kubectl-openhive",
                    "pod-security.kubernetes.io/enforce": "restricted",
                }),
                (Kind::Namespace, _) => json!({
                    "app.kubernetes.io/part-of": "openhive",
                    "app.kubernetes.io/managed-by": "kubectl-openhive",
                    "pod-security.kubernetes.io/enforce": "baseline",
                    "pod-security.kubernetes.io/warn": "restricted",
                }),
                _ => json!({
                    "app.kubernetes.io/part-of": "openhive",
                    "app.kubernetes.io/managed-by": "kubectl-openhive",
                }),
            };
            let what = format!("labels of {}", object.reference);
            same(&what, &object.manifest["metadata"]["labels"], &expected)?;
        }
        Ok(())
    }

    /// "Objects": one Service for each workload, on the port of its contract.
    fn services_listen_on_the_ports_of_their_workloads(case) {
        for (namespace, name, port) in [
            ("openhive", "hive-gateway", 8080),
            ("openhive", "hive-dashboard", 3000),
            ("hive-agents", "hive-agent", 8090),
            ("hive-sandbox", "hive-sandbox", 8091),
        ] {
            if !case.has(Kind::Service, namespace, name) {
                continue;
            }
            let expected = json!({
                "type": "ClusterIP",
                "selector": { "app.kubernetes.io/name": name },
                "ports": [{ "name": "http", "port": port, "targetPort": port, "protocol": "TCP" }],
            });
            same(name, case.spec(Kind::Service, namespace, name)?, &expected)?;
        }
        Ok(())
    }
}
