//! A set of untyped objects to an [`Input`], or to a [`Cluster`] alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::admin::admin_policy;
use super::cursor::{Cursor, Sink, at, text_at};
use super::foreign::foreign;
use super::kinds::{Bearing, bearing, is_shaped_like_a_policy};
use super::node::node;
use super::pod::{pod, running_container};
use super::policy::{identity, network_policy};
use super::service::{endpoint_slice, endpoints, ingress, service};
use super::workload::{scaled, workload};
use crate::admin::AdminKind;
use crate::cluster::{Cluster, Foreign};
use crate::input::{Input, Member, Owner, Skipped};
use crate::invalid::{Invalid, Place, Problem};
use crate::labels::Labels;

impl Cluster {
    /// Reads namespaces, NetworkPolicies and cluster-wide policies; objects of other kinds are
    /// passed over.
    ///
    /// # Errors
    /// Everything in them that the API server would refuse.
    pub fn from_manifests<'a>(
        manifests: impl IntoIterator<Item = &'a Value>,
    ) -> Result<Self, Vec<Invalid>> {
        let mut reader = Reader::new("default");
        for manifest in manifests {
            let text = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default();
            let kind = text("kind");
            if matches!(kind, "Namespace" | "NetworkPolicy")
                || admin_kind(text("apiVersion"), kind).is_some()
            {
                reader.add(manifest, None);
            }
        }
        let input = reader.finish();
        if input.invalid.is_empty() { Ok(input.cluster) } else { Err(input.invalid) }
    }
}

/// Reads objects one by one, so that none has to be kept.
#[derive(Debug)]
pub struct Reader {
    default_namespace: String,
    input: Input,
    /// Group, kind, namespace and name, one a line, and where the object was read.
    seen: HashMap<String, Option<Place>>,
    skipped: BTreeMap<(String, String), (bool, usize)>,
    named_namespaces: BTreeSet<String>,
    /// Controllers with a template that are in the input, by namespace, and who controls them.
    workloads: HashMap<String, HashMap<Owner, Option<Owner>>>,
    templates: Vec<Member>,
    /// Workloads by namespace whose number of pods is set by another object.
    scaled: HashSet<(String, Owner)>,
}

impl Reader {
    /// A reader that puts objects without a namespace into this one.
    #[must_use]
    pub fn new(default_namespace: &str) -> Self {
        Self {
            default_namespace: default_namespace.to_owned(),
            input: Input::default(),
            seen: HashMap::new(),
            skipped: BTreeMap::new(),
            named_namespaces: BTreeSet::new(),
            workloads: HashMap::new(),
            templates: Vec::new(),
            scaled: HashSet::new(),
        }
    }

    /// What is known of the network.
    pub fn network(&mut self) -> &mut crate::cluster::Network {
        &mut self.input.cluster.network
    }

    /// Notes a policy that is not evaluated, or a kind of policies that could not be read.
    pub fn not_evaluated(&mut self, foreign: Foreign) {
        self.input.cluster.foreign.push(foreign);
    }

    /// What was not valid of the objects since this was called last.
    pub fn take_invalid(&mut self) -> Vec<Invalid> {
        std::mem::take(&mut self.input.invalid)
    }

    /// Reads one object, or each object of a list or an array.
    pub fn add(&mut self, manifest: &Value, place: Option<&Place>) {
        if let Some(objects) = manifest.as_array().filter(|all| all.iter().any(is_object)) {
            objects.iter().for_each(|object| self.add(object, place));
            return;
        }
        let text = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        match manifest.get("items") {
            Some(Value::Array(items)) if kind.ends_with("List") => {
                // The items of a typed list may leave out what the list says.
                let of = kind.trim_end_matches("List");
                for item in items {
                    let item_kind = item.get("kind").and_then(Value::as_str);
                    if of.is_empty() || item_kind.is_some() {
                        self.add(item, place);
                    } else {
                        self.one(item, api_version, of, place);
                    }
                }
            }
            Some(Value::Null) if kind.ends_with("List") => {}
            _ => self.one(manifest, api_version, kind, place),
        }
    }

    fn one(&mut self, manifest: &Value, api_version: &str, kind: &str, place: Option<&Place>) {
        if kind.is_empty() || api_version.is_empty() {
            self.nameless(manifest, api_version, kind, place);
            return;
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if group == "apps" && is_part(manifest, kind) {
            let field = "spec.template.metadata.labels";
            self.refuse(manifest, kind, field, Problem::Missing, place);
            return;
        }
        if !self.first_time(manifest, (api_version, group, kind), place) {
            return;
        }
        match (group, kind) {
            ("", "Namespace") => match namespace(manifest, place) {
                Ok((name, labels)) => self.input.cluster.add_namespace(&name, labels),
                Err(problems) => self.input.invalid.extend(problems),
            },
            ("networking.k8s.io", "NetworkPolicy") if version == "v1" => {
                match network_policy(manifest, &self.default_namespace, place) {
                    Ok(policy) => {
                        self.named_namespaces.insert(policy.namespace.clone());
                        self.input.cluster.policies.push(policy);
                    }
                    Err(problems) => self.input.invalid.extend(problems),
                }
            }
            ("networking.k8s.io" | "extensions", "NetworkPolicy") => self.refuse(
                manifest,
                kind,
                "apiVersion",
                Problem::NotOneOf {
                    found: api_version.to_owned(),
                    allowed: "networking.k8s.io/v1",
                },
                place,
            ),
            ("", "Pod") => self.pod(manifest, place),
            ("", "Service" | "Endpoints")
            | ("discovery.k8s.io", "EndpointSlice")
            | ("networking.k8s.io", "Ingress") => self.published(manifest, kind, place),
            ("", "Node") => self.node(manifest, place),
            _ => {
                if let Some(admin) = admin_kind(api_version, kind) {
                    match admin_policy(manifest, admin, place) {
                        Ok(Some(policy)) => self.input.cluster.admin.push(policy),
                        Ok(None) => {
                            let found = foreign(manifest, (group, kind), &self.default_namespace);
                            self.input.cluster.foreign.extend(found);
                        }
                        Err(problems) => self.input.invalid.extend(problems),
                    }
                } else {
                    self.other(manifest, api_version, (group, kind), place);
                }
            }
        }
    }

    /// An object of a kind that has no reader of its own.
    fn other(
        &mut self,
        manifest: &Value,
        api_version: &str,
        (group, kind): (&str, &str),
        place: Option<&Place>,
    ) {
        let bearing = bearing(group, kind);
        let is_workload = self.template(manifest, (group, kind), place);
        self.scaled.extend(scaled(manifest, &self.default_namespace));
        let is_policy = match bearing {
            Bearing::None => false,
            Bearing::Policy => true,
            Bearing::Unknown => is_shaped_like_a_policy(manifest),
        };
        if is_policy {
            let found = foreign(manifest, (group, kind), &self.default_namespace);
            self.input.cluster.foreign.extend(found);
        } else if !is_workload {
            self.skip(api_version, kind, bearing == Bearing::None, 1);
        }
    }

    /// Notes a kind that is passed over: whether it is known to have no bearing, and how many objects
    /// of it there are, if they were counted.
    pub fn skip(&mut self, api_version: &str, kind: &str, known: bool, count: usize) {
        let kind = (api_version.to_owned(), kind.to_owned());
        let skipped = self.skipped.entry(kind).or_insert((known, 0));
        skipped.1 += count;
    }

    /// An object with neither is no Kubernetes object, such as a chart's values.
    fn nameless(&mut self, manifest: &Value, api_version: &str, kind: &str, place: Option<&Place>) {
        let field = match (api_version, kind) {
            ("", "") => {
                self.skip("", "", true, 1);
                return;
            }
            ("", _) => "apiVersion",
            _ => "kind",
        };
        self.refuse(
            manifest,
            if kind.is_empty() { "object" } else { kind },
            field,
            Problem::Missing,
            place,
        );
    }

    fn refuse(
        &mut self,
        manifest: &Value,
        kind: &str,
        field: &str,
        problem: Problem,
        place: Option<&Place>,
    ) {
        let name = text_at(manifest, &["metadata", "name"]).unwrap_or_default();
        let object = match text_at(manifest, &["metadata", "namespace"]) {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        };
        self.input.invalid.push(Invalid {
            object: object.trim_end().to_owned(),
            field: field.to_owned(),
            problem,
            place: place.cloned(),
        });
    }

    /// Whether the object was not read before; the same one twice is an error.
    fn first_time(
        &mut self,
        manifest: &Value,
        (api_version, group, kind): (&str, &str, &str),
        place: Option<&Place>,
    ) -> bool {
        let Some(name) = text_at(manifest, &["metadata", "name"]) else { return true };
        let namespace = text_at(manifest, &["metadata", "namespace"]);
        let namespace = namespace.unwrap_or(&self.default_namespace);
        // No name holds a line break.
        let key = [group, kind, namespace, name].join("\n");
        match self.seen.insert(key, place.cloned()) {
            None => true,
            // Of what decides nothing, which one counts does not matter.
            Some(_) if self.skipped.contains_key(&(api_version.to_owned(), kind.to_owned())) => {
                true
            }
            Some(first) => {
                let first = first.map_or_else(|| "the input".to_owned(), |p| p.to_string());
                self.refuse(manifest, kind, "metadata.name", Problem::Twice { first }, place);
                false
            }
        }
    }

    /// What stands before pods.
    fn published(&mut self, manifest: &Value, kind: &str, place: Option<&Place>) {
        let namespace = self.default_namespace.as_str();
        let input = &mut self.input;
        let read = match kind {
            "Service" => service(manifest, namespace, place).map(|s| input.services.push(s)),
            "Endpoints" => endpoints(manifest, namespace, place).map(|s| input.slices.extend(s)),
            "EndpointSlice" => {
                endpoint_slice(manifest, namespace, place).map(|s| input.slices.extend(s))
            }
            _ => ingress(manifest, namespace, place).map(|i| input.ingresses.push(i)),
        };
        if let Err(problems) = read {
            self.input.invalid.extend(problems);
        }
    }

    fn node(&mut self, manifest: &Value, place: Option<&Place>) {
        let sink = Sink::default();
        let root = Cursor::root(manifest, &sink);
        let (_, name) = identity(&root, "");
        let read = node(&root);
        match sink.finish(Some(read), &format!("Node {name}"), place) {
            Ok((node, _)) => {
                self.input.cluster.nodes.insert(name, node);
            }
            Err(problems) => self.input.invalid.extend(problems),
        }
    }

    fn pod(&mut self, manifest: &Value, place: Option<&Place>) {
        let phase = text_at(manifest, &["status", "phase"]);
        if matches!(phase, Some("Succeeded" | "Failed")) {
            return;
        }
        let sink = Sink::default();
        let root = Cursor::root(manifest, &sink);
        let (namespace, name) = identity(&root, &self.default_namespace);
        let object = format!("Pod {namespace}/{name}");
        let read = pod(&root, &namespace, name);
        match sink.finish(Some(read), &object, place) {
            Ok((pod, _)) => {
                self.named_namespaces.insert(namespace.clone());
                self.input.members.push(Member {
                    pod,
                    namespace,
                    is_pod: true,
                    owner: controller(manifest),
                    workload: None,
                    replicas: 1,
                    varies: false,
                    container: running_container(manifest),
                    place: place.cloned(),
                });
            }
            Err(problems) => self.input.invalid.extend(problems),
        }
    }

    /// Reads an object of whatever kind that has a pod template.
    fn template(&mut self, manifest: &Value, kind: (&str, &str), place: Option<&Place>) -> bool {
        match workload(manifest, kind, &self.default_namespace, place) {
            None => return false,
            Some(Ok(member)) => {
                self.named_namespaces.insert(member.namespace.clone());
                let here = self.workloads.entry(member.namespace.clone()).or_default();
                here.extend(member.owner.clone().map(|owner| (owner, controller(manifest))));
                self.templates.push(member);
            }
            Some(Err(problems)) => self.input.invalid.extend(problems),
        }
        true
    }

    /// The top-most controller in the input, starting from one that may not be in it.
    fn top(&self, namespace: &str, owner: &Owner) -> Owner {
        let mut top = owner;
        let Some(here) = self.workloads.get(namespace) else { return top.clone() };
        // Bounded: a dump may hold controllers that name each other.
        for _ in 0..8 {
            match here.get(top) {
                Some(Some(next)) if here.contains_key(next) => top = next,
                _ => break,
            }
        }
        top.clone()
    }

    /// Everything that was read.
    #[must_use]
    pub fn finish(mut self) -> Input {
        let mut members = std::mem::take(&mut self.input.members);
        for member in &mut members {
            member.workload = member.owner.as_ref().map(|o| self.top(&member.namespace, o));
        }
        let mut with_pods: HashMap<(&str, &Owner), Vec<usize>> = HashMap::new();
        let templates = std::mem::take(&mut self.templates);
        let owned = members.iter().enumerate().filter(|_| !templates.is_empty());
        for (i, member) in owned {
            if let Some(workload) = &member.workload {
                with_pods.entry((&member.namespace, workload)).or_default().push(i);
            }
        }
        self.input.counts.pods = members.len();
        let mut without_pods = Vec::new();
        for mut template in templates {
            let Some(owner) = &template.owner else { continue };
            template.varies |= self.scaled.contains(&(template.namespace.clone(), owner.clone()));
            if self.top(&template.namespace, owner) != *owner {
                continue; // its owner stands for it
            }
            self.input.counts.workloads += 1;
            let pods = with_pods.get(&(template.namespace.as_str(), owner));
            let stands_for = |i: &usize| is_made_from(&members[*i], &template);
            if !pods.is_some_and(|pods| pods.iter().any(stands_for)) {
                without_pods.push(template);
            }
        }
        members.append(&mut without_pods);
        members.sort_by(|a, b| {
            let other = (!b.is_pod, &b.namespace, &b.pod.name);
            (!a.is_pod, &a.namespace, &a.pod.name).cmp(&other)
        });
        let input = &mut self.input;
        input.members = members;
        input.skipped = self
            .skipped
            .into_iter()
            .map(|((api_version, kind), (known, count))| Skipped {
                api_version,
                kind,
                known,
                count,
            })
            .collect();
        self.named_namespaces.extend(input.cluster.namespaces().map(|(n, _)| n.to_owned()));
        input.counts.namespaces = self.named_namespaces.len();
        input.counts.policies = input.cluster.policies.len() + input.cluster.admin.len();
        self.input
    }
}

/// Whether an entry of an array says that it is an object.
fn is_object(entry: &Value) -> bool {
    ["apiVersion", "kind"].iter().all(|key| entry.get(*key).is_some_and(Value::is_string))
}

/// Whether a workload lacks the labels of its pods, without which none is valid: a patch, which is no
/// object by itself.
fn is_part(manifest: &Value, kind: &str) -> bool {
    let labels = at(manifest, &["spec", "template", "metadata", "labels"]);
    matches!(kind, "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        && labels
            .is_none_or(|labels| labels.is_null() || labels.as_object().is_some_and(Map::is_empty))
}

/// Whether a pod has the labels, network and ports that the template gives.
fn is_made_from(pod: &Member, template: &Member) -> bool {
    let labels = template.pod.labels.iter().all(|(key, value)| match value {
        Some(value) => pod.pod.labels.get(key) == crate::labels::Label::Is(value),
        None => true,
    });
    labels
        && pod.pod.ports == template.pod.ports
        && pod.pod.host_network == template.pod.host_network
}

/// The controller that an object names. A node, which owns the pods that its kubelet reads from
/// files, is none.
pub(super) fn controller(manifest: &Value) -> Option<Owner> {
    let owners = at(manifest, &["metadata", "ownerReferences"])?.as_array()?;
    let owner =
        owners.iter().find(|o| o.get("controller").and_then(Value::as_bool) == Some(true))?;
    let text = |key: &str| owner.get(key).and_then(Value::as_str).map(str::to_owned);
    let owner = Owner { kind: text("kind")?, name: text("name")? };
    (owner.kind != "Node").then_some(owner)
}

/// Whether policies of a kind besides NetworkPolicy are evaluated.
#[must_use]
pub fn is_evaluated(api_version: &str, kind: &str) -> bool {
    admin_kind(api_version, kind).is_some()
}

/// Which cluster-wide policy an object is.
fn admin_kind(api_version: &str, kind: &str) -> Option<AdminKind> {
    match (api_version, kind) {
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy") => {
            Some(AdminKind::AdminNetworkPolicy)
        }
        ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy") => {
            Some(AdminKind::BaselineAdminNetworkPolicy)
        }
        ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy") => {
            Some(AdminKind::ClusterNetworkPolicy)
        }
        _ => None,
    }
}

/// Reads a Namespace's name and labels.
fn namespace(manifest: &Value, place: Option<&Place>) -> Result<(String, Labels), Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (_, name) = identity(&root, "");
    let found = root.get("metadata").map(|metadata| (name.clone(), labels(&metadata)));
    sink.finish(found, &format!("Namespace {name}"), place).map(|(found, _)| found)
}

/// Reads `metadata.labels`.
pub(crate) fn labels(metadata: &Cursor<'_>) -> Labels {
    let Some(map) = metadata.get("labels") else { return Labels::default() };
    Labels::new(map.members().filter_map(|(key, value)| {
        // A null value is what the API server stores as an empty string.
        let text = if value.value().is_null() { "" } else { value.string()? };
        Some((key.to_owned(), text.to_owned()))
    }))
}
