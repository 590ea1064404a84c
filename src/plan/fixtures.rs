//! Plans as they occur, for tests of what is planned and of how it is shown.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;
use crate::render::{ClusterFacts, DigestKey, Profile, RenderOptions, render, testkit};
use crate::values::Values;
use manifest::{Kind, Object, ObjectRef};

/// The rendered platform with its digests and the migration Job.
pub(crate) fn platform(change: impl FnOnce(&mut Values)) -> Vec<Object> {
    let mut values = testkit::values();
    change(&mut values);
    let key = DigestKey::new([7; 32]);
    let options =
        RenderOptions { digest_key: Some(&key), migration_job: true, ..RenderOptions::default() };
    let facts = ClusterFacts::resolve(&values, None);
    render(&values, &facts, Profile::Platform, &options).unwrap().objects
}

/// What is known beside the objects of [`platform`].
pub(crate) fn extras() -> Extras {
    Extras {
        head: Head {
            profile: Profile::Platform,
            against: Against::Cluster {
                context: "prod-eu".to_owned(),
                server: "https://10.0.0.1:6443".to_owned(),
                server_version: Some("v1.33.1".to_owned()),
            },
            facts: Some(ClusterFacts::resolve(&testkit::values(), None)),
        },
        database: Some(DatabaseAddress {
            host: "db.test".to_owned(),
            port: 6432,
            user: "hive".to_owned(),
            name: "hive".to_owned(),
        }),
        policies: Some(Vec::new()),
        ingress_controller_namespace: Some("ingress-nginx".to_owned()),
        ..Extras::default()
    }
}

/// An object that our installer has written, as the server keeps it.
pub(crate) fn installed(object: &Object) -> Value {
    let mut live = defaulted(&object.manifest, object.reference.kind);
    let entry = managed_by(FIELD_MANAGER, "Apply", &fields_of(object));
    live["metadata"]["managedFields"] = json!([entry]);
    live
}

/// An object that `kubectl apply` has written on the client's side: its manager owns the defaults
/// as well.
pub(crate) fn client_side(object: &Object) -> Value {
    let mut live = defaulted(&object.manifest, object.reference.kind);
    let mut fields = live.clone();
    for server in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
        fields["metadata"].as_object_mut().unwrap().remove(server);
    }
    fields.as_object_mut().unwrap().remove("status");
    fields["metadata"]["annotations"][LAST_APPLIED] = json!("");
    if let Some(annotations) = fields["metadata"]["annotations"].as_object_mut() {
        annotations.remove("deployment.kubernetes.io/revision");
    }
    let fields = fields_of(&Object { manifest: fields, ..object.clone() });
    live["metadata"]["annotations"][LAST_APPLIED] = json!(object.manifest.to_string());
    live["metadata"]["managedFields"] =
        json!([managed_by("kubectl-client-side-apply", "Update", &fields)]);
    live
}

/// What an apply of `object` onto `live` would answer: the same, owned by us as well.
pub(crate) fn applied(object: &Object, live: &Value) -> Value {
    let mut answer = defaulted(&object.manifest, object.reference.kind);
    let others = live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let others = others.into_iter().filter(|entry| entry["manager"] != FIELD_MANAGER);
    let ours = managed_by(FIELD_MANAGER, "Apply", &fields_of(object));
    answer["metadata"]["managedFields"] = others.chain([ours]).collect();
    answer
}

/// What a server adds to a new object.
fn defaulted(manifest: &Value, kind: Kind) -> Value {
    let mut object = manifest.clone();
    object["metadata"]["uid"] = json!("6f1c0c2e");
    object["metadata"]["resourceVersion"] = json!("4711");
    object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    match kind {
        Kind::Deployment => deployment_defaults(&mut object),
        Kind::Namespace => {
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] =
                object["metadata"]["name"].clone();
        }
        Kind::PersistentVolumeClaim => object["spec"]["volumeMode"] = json!("Filesystem"),
        Kind::Service => {
            let spec = &mut object["spec"];
            spec["clusterIP"] = json!("10.96.0.7");
            spec["clusterIPs"] = json!(["10.96.0.7"]);
            spec["internalTrafficPolicy"] = json!("Cluster");
            spec["ipFamilies"] = json!(["IPv4"]);
            spec["ipFamilyPolicy"] = json!("SingleStack");
            spec["sessionAffinity"] = json!("None");
            spec["type"] = json!("ClusterIP");
        }
        Kind::Job => {
            object["spec"]["selector"] =
                json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "6f1c0c2e"}});
            object["status"] = json!({"succeeded": 1});
        }
        _ => {}
    }
    object
}

fn deployment_defaults(object: &mut Value) {
    object["metadata"]["generation"] = json!(3);
    object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("3");
    object["status"] = json!({"readyReplicas": 1});
    let spec = object["spec"].as_object_mut().unwrap();
    set(spec, "progressDeadlineSeconds", json!(600));
    set(spec, "revisionHistoryLimit", json!(10));
    set(spec, "replicas", json!(1));
    let rolling = json!({"maxSurge": "25%", "maxUnavailable": "25%"});
    set(spec, "strategy", json!({"type": "RollingUpdate", "rollingUpdate": rolling}));
    let pod = object["spec"]["template"]["spec"].as_object_mut().unwrap();
    if let Some(account) = pod.get("serviceAccountName").cloned() {
        pod.insert("serviceAccount".into(), account);
    }
    set(pod, "dnsPolicy", json!("ClusterFirst"));
    set(pod, "restartPolicy", json!("Always"));
    set(pod, "schedulerName", json!("default-scheduler"));
    set(pod, "terminationGracePeriodSeconds", json!(30));
    for list in ["containers", "initContainers"] {
        for container in pod.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let container = container.as_object_mut().unwrap();
            set(container, "terminationMessagePath", json!("/dev/termination-log"));
            set(container, "terminationMessagePolicy", json!("File"));
            set(container, "imagePullPolicy", json!("IfNotPresent"));
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                let Some(probe) = container.get_mut(probe).and_then(Value::as_object_mut) else {
                    continue;
                };
                if let Some(get) = probe.get_mut("httpGet") {
                    get["scheme"] = json!("HTTP");
                }
                set(probe, "failureThreshold", json!(3));
                set(probe, "periodSeconds", json!(10));
                set(probe, "successThreshold", json!(1));
                set(probe, "timeoutSeconds", json!(1));
            }
        }
    }
}

fn set(fields: &mut Map<String, Value>, name: &str, value: Value) {
    fields.entry(name).or_insert(value);
}

/// An entry of `managedFields`.
pub(crate) fn managed_by(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "v1",
        "fieldsType": "FieldsV1", "fieldsV1": fields})
}

/// The fields that a manifest sets, as the server records them.
pub(crate) fn fields_of(object: &Object) -> Value {
    const IDENTITY: [&str; 4] = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
    let mut set = FieldSet::default();
    let all = diff::diff(object.reference.kind, &json!({}), &object.manifest, diff::Scope::Whole);
    for difference in all {
        if !IDENTITY.contains(&difference.path.to_string().as_str()) {
            set.insert(&difference.path);
        }
    }
    set.to_json()
}

/// A cluster in which every object is as `make` says, and the server answers every dry run.
pub(crate) fn cluster(
    desired: &[Object],
    make: impl Fn(&Object) -> Option<Value>,
) -> BTreeMap<ObjectRef, Live> {
    desired
        .iter()
        .map(|object| {
            let existing = make(object);
            let dry_run = match &existing {
                Some(live) => DryRun::Verified(applied(object, live)),
                None => DryRun::Verified(defaulted(&object.manifest, object.reference.kind)),
            };
            (object.reference.clone(), Live { object: existing, dry_run })
        })
        .collect()
}

/// The cluster after an installation of `before`, asked about `desired`.
pub(crate) fn upgrade(desired: &[Object], before: &[Object]) -> BTreeMap<ObjectRef, Live> {
    let find = |object: &Object| {
        before.iter().find(|old| old.reference == object.reference).map(installed)
    };
    let mut live = cluster(desired, find);
    for object in before.iter().filter(|o| !desired.iter().any(|d| d.reference == o.reference)) {
        let existing = Live { object: Some(installed(object)), dry_run: DryRun::NotAsked };
        live.insert(object.reference.clone(), existing);
    }
    live
}
