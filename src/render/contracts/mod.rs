//! What must hold across the objects of every profile, whatever the single lines of the templates say: who runs as
//! what, which names and ports refer to each other, what nobody may be given. The lines themselves are frozen by the
//! goldens (`golden_tests`).
#![allow(clippy::unwrap_used)]

pub(super) mod cases;
mod fields;
mod network;
mod pods;
mod references;

use serde_json::Value;

use cases::{Input, inputs};
use manifest::{Kind, Object};

/// An input and what it was rendered to.
struct Case {
    input: Input,
    objects: Vec<Object>,
}

/// Every input, rendered.
fn cases() -> impl Iterator<Item = Case> {
    inputs().into_iter().map(|input| Case { objects: input.render().objects, input })
}

/// A Deployment or Job.
struct Workload<'a> {
    namespace: &'a str,
    name: &'a str,
    manifest: &'a Value,
    /// `spec.template`.
    template: &'a Value,
}

impl Case {
    fn of(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.reference.kind == kind)
    }

    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Value> {
        let is = |object: &&Object| {
            object.reference.namespace.as_deref() == Some(namespace)
                && object.reference.name == name
        };
        self.of(kind).find(is).map(|object| &object.manifest)
    }

    fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        self.of(Kind::Deployment).chain(self.of(Kind::Job)).map(|object| Workload {
            namespace: object.reference.namespace.as_deref().unwrap(),
            name: &object.reference.name,
            manifest: &object.manifest,
            template: &object.manifest["spec"]["template"],
        })
    }
}

impl<'a> Workload<'a> {
    fn pod(&self) -> &'a Value {
        &self.template["spec"]
    }

    /// Init containers too.
    fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        list(&self.pod()["initContainers"]).chain(list(&self.pod()["containers"]))
    }

    /// The `secretKeyRef`s of all variables.
    fn secret_keys(&self) -> Vec<&'a Value> {
        let variables = self.containers().flat_map(|container| list(&container["env"]));
        variables.filter_map(|variable| variable["valueFrom"].get("secretKeyRef")).collect()
    }
}

/// The elements of a list that may be absent.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
