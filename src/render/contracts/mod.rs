//! The rows of `docs/platform.md` as checks on rendered objects.
//!
//! Each contract is a function over one [`Case`] and a test of the same name over all of them. The
//! mutation run ([`mutation`]) shows that no line of any template can be deleted or changed without
//! one of them noticing.
#![allow(clippy::unwrap_used)]

mod access;
mod agent;
pub(super) mod cases;
mod dashboard;
mod fields;
mod gateway;
mod migration;
mod mutation;
mod network;
mod objects;
mod pods;
mod sandbox;
mod secrets;

use serde_json::Value;

use super::{Profile, RenderError, Rendered};
use cases::Input;
use manifest::{Kind, ObjectRef};

/// An input and what it was rendered to.
pub(super) struct Case<'a> {
    pub input: &'a Input,
    pub rendered: &'a Rendered,
}

/// `Err` says what differs.
pub(super) type Check = Result<(), String>;

/// A named check.
pub(super) struct Contract {
    pub name: &'static str,
    pub check: fn(&Case<'_>) -> Check,
}

/// Every contract.
pub(super) fn all() -> impl Iterator<Item = &'static Contract> {
    [
        objects::ALL,
        secrets::ALL,
        access::ALL,
        pods::ALL,
        gateway::ALL,
        dashboard::ALL,
        agent::ALL,
        sandbox::ALL,
        migration::ALL,
        network::ALL,
        fields::ALL,
    ]
    .into_iter()
    .flatten()
}

/// Defines contracts, the list of them, and a test for each.
macro_rules! contracts {
    ($($(#[$doc:meta])* fn $name:ident($case:ident) $body:block)*) => {
        $($(#[$doc])* pub(super) fn $name($case: &Case<'_>) -> Check $body)*

        pub(super) const ALL: &[Contract] =
            &[$(Contract { name: stringify!($name), check: $name }),*];

        mod each {
            $(#[test] fn $name() { super::super::holds(super::$name); })*
        }
    };
}
use contracts;

/// Asserts a contract on every case.
fn holds(check: fn(&Case<'_>) -> Check) {
    for input in cases::inputs() {
        let rendered = input.render();
        if let Err(difference) = check(&Case { input: &input, rendered: &rendered }) {
            panic!("{}: {difference}", input.name);
        }
    }
}

impl Case<'_> {
    fn profile(&self) -> Profile {
        self.input.profile
    }

    /// Gateway and platform.
    fn runtime(&self) -> bool {
        matches!(self.profile(), Profile::Gateway | Profile::Platform)
    }

    fn platform(&self) -> bool {
        self.profile() == Profile::Platform
    }

    /// All but migration.
    fn workloads(&self) -> bool {
        self.profile() != Profile::Migration
    }

    fn job(&self) -> bool {
        self.profile() == Profile::Migration || self.input.migration_job
    }

    fn has(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.get(kind, namespace, name).is_ok()
    }

    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<&Value, String> {
        let wanted = match kind {
            Kind::Namespace => ObjectRef::cluster(kind, name),
            _ => ObjectRef::namespaced(kind, namespace, name),
        };
        let found = self.rendered.objects.iter().find(|o| o.reference == wanted);
        found.map(|o| &o.manifest).ok_or_else(|| format!("{wanted} is missing"))
    }

    /// Everything below `spec` of a NetworkPolicy, a Service, …
    fn spec(&self, kind: Kind, namespace: &str, name: &str) -> Result<&Value, String> {
        Ok(&self.get(kind, namespace, name)?["spec"])
    }

    /// The pod spec of a Deployment or Job.
    fn pod(&self, kind: Kind, namespace: &str, name: &str) -> Result<&Value, String> {
        Ok(&self.get(kind, namespace, name)?["spec"]["template"]["spec"])
    }
}

/// Compares a part of a manifest with what the row says.
fn same(what: &str, actual: &Value, expected: &Value) -> Check {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}:\n  expected {expected}\n  found    {actual}"))
}

/// That a render fails in a mutation run is noticed as well: by the tests above, which all render.
fn describe(error: &RenderError) -> String {
    error.to_string()
}

/// The page and the tests name each other.
#[test]
fn the_platform_page_names_every_contract() {
    let page = include_str!("../../../docs/platform.md");
    let missing: Vec<_> =
        all().map(|c| c.name).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/platform.md does not name {missing:?}");
    let named = page.split('`').filter(|word| word.len() > 20 && word.contains('_'));
    let unknown: Vec<_> = named
        .filter(|w| w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| all().all(|c| c.name != *word))
        .collect();
    assert!(unknown.is_empty(), "docs/platform.md names tests that do not exist: {unknown:?}");
}
