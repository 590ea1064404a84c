//! The rights that a verification needs, and no more: one table.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds::KNOWN;
use super::lists::LISTS;
use crate::cluster::snapshot::NAMESPACES;

/// How far a verification goes. Each level has the rights of those before it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub enum Level {
    /// Reads policies, pods, and what else decides
    Static,
    /// Sends packets from the pods that run
    Live,
    /// Makes pods of its own where no running one can send or receive
    Probing,
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    Everywhere,
    /// In each of the platform's namespaces.
    Platform,
    Namespace(&'static str),
}

/// A rule of a role.
struct Rule {
    level: Level,
    place: Place,
    group: &'static str,
    resource: &'static str,
    /// Only these; none: all.
    names: &'static [&'static str],
    verbs: &'static [&'static str],
}

/// Besides the lists of `lists` and `kinds`.
const RULES: [Rule; 9] = [
    // The facts that the expectations depend on: DNS, and the Service of the database.
    rule(Level::Static, Place::Everywhere, "", "services", &["get"]),
    Rule {
        names: &["node-local-dns"],
        ..rule(Level::Static, Place::Namespace("kube-system"), "apps", "daemonsets", &["get"])
    },
    // What address blocks hold on Cilium.
    Rule {
        names: &["cilium-config"],
        ..rule(Level::Static, Place::Namespace("kube-system"), "", "configmaps", &["get"])
    },
    rule(Level::Live, Place::Platform, "", "pods/exec", &["get", "create"]),
    // The namespace of a run has a new name each time: so these hold everywhere.
    rule(Level::Probing, Place::Everywhere, "", "namespaces", &["create", "delete"]),
    rule(Level::Probing, Place::Everywhere, "", "pods", &["create", "delete"]),
    rule(Level::Probing, Place::Everywhere, "", "pods/exec", &["get", "create"]),
    rule(
        Level::Probing,
        Place::Everywhere,
        "",
        "configmaps",
        &["list", "create", "patch", "delete"],
    ),
    rule(
        Level::Probing,
        Place::Everywhere,
        "networking.k8s.io",
        "networkpolicies",
        &["create", "delete"],
    ),
];

const fn rule(
    level: Level,
    place: Place,
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
) -> Rule {
    Rule { level, place, group, resource, names: &[], verbs }
}

impl Level {
    /// The word on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Live => "live",
            Self::Probing => "probing",
        }
    }

    /// A ClusterRole, and a Role for each namespace that has rules of its own.
    #[must_use]
    pub fn roles(self) -> Vec<Value> {
        let lists = LISTS.iter().chain(&KNOWN);
        let lists = lists.map(|row| rule(Self::Static, Place::Everywhere, row.0, row.2, &["list"]));
        let mut places: BTreeMap<Option<&str>, Rules> = BTreeMap::new();
        for rule in lists.chain(RULES).filter(|rule| rule.level <= self) {
            let namespaces: Vec<Option<&str>> = match rule.place {
                Place::Everywhere => vec![None],
                Place::Namespace(namespace) => vec![Some(namespace)],
                Place::Platform => NAMESPACES.map(Some).to_vec(),
            };
            for namespace in namespaces {
                let rules = places.entry(namespace).or_default();
                let verbs = rules.entry((rule.group, rule.names, rule.resource)).or_default();
                verbs.extend(rule.verbs);
            }
        }
        places.into_iter().map(|(namespace, rules)| self.role(namespace, &rules)).collect()
    }

    fn role(self, namespace: Option<&str>, rules: &Rules) -> Value {
        // Resources of one group with the same verbs stand in one rule.
        type Alike<'a> = (&'a str, &'a [&'a str], &'a Vec<&'a str>);
        let mut merged: BTreeMap<Alike<'_>, Vec<&str>> = BTreeMap::new();
        for ((group, names, resource), verbs) in rules {
            merged.entry((group, names, verbs)).or_default().push(resource);
        }
        let rules: Vec<Value> = merged
            .into_iter()
            .map(|((group, names, verbs), resources)| {
                let mut rule =
                    json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
                if !names.is_empty() {
                    rule["resourceNames"] = json!(names);
                }
                rule
            })
            .collect();
        let mut role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": if namespace.is_some() { "Role" } else { "ClusterRole" },
            "metadata": {"name": format!("openhive-verify-{}", self.name())},
            "rules": rules,
        });
        if let Some(namespace) = namespace {
            role["metadata"]["namespace"] = namespace.into();
        }
        role
    }
}

/// By group, names, and resource: the verbs.
type Rules = BTreeMap<(&'static str, &'static [&'static str], &'static str), Vec<&'static str>>;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{KNOWN, LISTS, Level};

    fn grants(roles: &[Value], group: &str, resource: &str, verb: &str) -> bool {
        let has = |list: &Value, word: &str| {
            list.as_array().is_some_and(|list| list.iter().any(|entry| entry == word))
        };
        roles.iter().flat_map(|role| role["rules"].as_array().into_iter().flatten()).any(|rule| {
            has(&rule["apiGroups"], group)
                && has(&rule["resources"], resource)
                && has(&rule["verbs"], verb)
        })
    }

    #[test]
    fn whatever_is_listed_may_be_listed_and_nothing_may_be_written() {
        let roles = Level::Static.roles();
        for row in LISTS.iter().chain(&KNOWN) {
            assert!(grants(&roles, row.0, row.2, "list"), "{}/{}", row.0, row.2);
        }
        let text = serde_json::json!(roles).to_string();
        for word in ["create", "delete", "patch", "update", "*", "secrets", "exec"] {
            assert!(!text.contains(&format!("\"{word}")), "{word}: {text}");
        }
    }

    #[test]
    fn each_level_has_the_rights_of_those_before_it() {
        let count = |level: Level| {
            let roles = level.roles();
            assert!(grants(&roles, "networking.k8s.io", "networkpolicies", "list"), "{level:?}");
            (grants(&roles, "", "pods/exec", "create"), grants(&roles, "", "pods", "create"))
        };
        assert_eq!(count(Level::Static), (false, false));
        assert_eq!(count(Level::Live), (true, false));
        assert_eq!(count(Level::Probing), (true, true));
    }
}
