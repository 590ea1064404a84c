//! Objects that make pods, out of untyped ones.

use serde_json::Value;

use super::cursor::{Cursor, Sink, at, text_at};
use super::objects::labels;
use super::pod::{add_controller_labels, pod};
use super::policy::identity;
use crate::input::{Member, Owner};
use crate::invalid::{Invalid, Place};

/// Groups of Kubernetes whose controllers put no other labels on pods than are known (rule 21).
const KNOWN_GROUPS: [&str; 4] = ["", "apps", "batch", "extensions"];

/// Reads an object of whatever kind that has a pod template; `None`: it has none.
pub(super) fn workload(
    manifest: &Value,
    (group, kind): (&str, &str),
    default_namespace: &str,
    place: Option<&Place>,
) -> Option<Result<Member, Vec<Invalid>>> {
    let spec = manifest.get("spec")?;
    let nested = spec.get("jobTemplate").and_then(|job| job.get("spec"));
    let template = nested.unwrap_or(spec).get("template");
    let template = template.filter(|t| at(t, &["spec", "containers"]).is_some())?;
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (namespace, name) = identity(&root, default_namespace);
    // Its own labels decide nothing, and the API server checks them as well.
    let _ = root.get("metadata").map(|metadata| labels(&metadata));
    let named = text_at(manifest, &["metadata", "name"]);
    let owner = Owner { kind: kind.to_owned(), name };
    let mut read = pod(&Cursor::root(template, &sink), &namespace, owner.to_string());
    let is_known = KNOWN_GROUPS.contains(&group);
    if is_known {
        add_controller_labels(&mut read.labels, kind, named, spec);
    } else {
        read.labels.open();
    }
    let object = format!("{kind} {namespace}/{}", owner.name);
    let (replicas, varies) = replicas(spec, is_known.then_some(kind));
    Some(sink.finish(Some(read), &object, place).map(|(pod, _)| Member {
        pod,
        namespace,
        is_pod: false,
        owner: Some(owner.clone()),
        workload: Some(owner),
        replicas,
        varies,
        container: None,
        place: place.cloned(),
    }))
}

/// How many pods are asked for at once, and whether there may be another number of them. The kind is
/// one of Kubernetes' own; of others an absent number is not known.
fn replicas(spec: &Value, kind: Option<&str>) -> (u32, bool) {
    let asked = ["replicas", "parallelism"].iter().find_map(|key| spec.get(*key)?.as_u64());
    let asked = asked.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let varies = match kind {
        None => asked.is_none(),
        Some("DaemonSet") => true,
        // Unless it says otherwise, a run starts while the one before it runs.
        Some("CronJob") => {
            !matches!(text_at(spec, &["concurrencyPolicy"]), Some("Forbid" | "Replace"))
        }
        Some(_) => false,
    };
    let nested = || at(spec, &["jobTemplate", "spec", "parallelism"])?.as_u64();
    let number = asked.or_else(|| nested().and_then(|number| u32::try_from(number).ok()));
    (number.unwrap_or(1), varies)
}

/// The namespace and the workload whose number of pods an object sets, if that may become more than
/// one: a HorizontalPodAutoscaler, or an object of another project that names its target alike.
pub(super) fn scaled(manifest: &Value, default_namespace: &str) -> Option<(String, Owner)> {
    let spec = manifest.get("spec")?;
    let target = spec.get("scaleTargetRef")?;
    let most = ["maxReplicas", "maxReplicaCount"].iter().find_map(|key| spec.get(*key)?.as_u64());
    if most.is_some_and(|most| most <= 1) {
        return None;
    }
    let namespace = text_at(manifest, &["metadata", "namespace"]).unwrap_or(default_namespace);
    let kind = text_at(target, &["kind"]).unwrap_or("Deployment").to_owned();
    Some((namespace.to_owned(), Owner { kind, name: text_at(target, &["name"])?.to_owned() }))
}
