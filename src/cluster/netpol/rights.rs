//! The rights that a verification needs, and no more: one table. `--print-rbac` prints it, and a run
//! that sends packets asks for them before it makes anything.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::kinds::KNOWN;
use super::lists::LISTS;
use crate::cluster::snapshot::NAMESPACES;
use netpol::observe::run_object::PROBE_NAMESPACE;

/// How far a verification goes. Each level has the rights of those before it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub enum Level {
    /// Reads policies, pods, and what else decides
    Static,
    /// Sends packets from the pods that run
    Live,
    /// Creates probe pods where no running one can send or receive
    Probing,
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    Everywhere,
    /// In each of the platform's namespaces.
    Platform,
    Namespace(&'static str),
    /// In each namespace where a run creates pods: the platform's, and the one that is prepared for it.
    Probed,
}

impl Place {
    /// The namespaces where it is; `None`: all of them.
    fn namespaces(self) -> Vec<Option<&'static str>> {
        match self {
            Self::Everywhere => vec![None],
            Self::Namespace(namespace) => vec![Some(namespace)],
            Self::Platform => NAMESPACES.map(Some).to_vec(),
            Self::Probed => NAMESPACES.into_iter().chain([PROBE_NAMESPACE]).map(Some).collect(),
        }
    }
}

/// One right that a run needs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Right {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The resource, with its subresource: `pods/exec`.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
}

/// `create pods/exec`, `delete networkpolicies.networking.k8s.io`.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// The rights that a run needs in a namespace to create pods there, by the table.
#[must_use]
pub fn probing(namespace: &str) -> Vec<Right> {
    let rules = RULES.iter().filter(|rule| {
        rule.level == Level::Probing && rule.place.namespaces().contains(&Some(namespace))
    });
    let right = |rule: &'static Rule| {
        let Rule { group, resource, .. } = *rule;
        rule.verbs.iter().map(move |verb| Right { group, resource, verb })
    };
    rules.flat_map(right).collect()
}

/// The rights that a run needs in a namespace to run a program in a pod there.
#[must_use]
pub fn exec() -> Vec<Right> {
    EXEC.iter().map(|verb| Right { group: "", resource: "pods/exec", verb }).collect()
}

/// A rule of a role.
#[derive(Clone, Copy)]
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
static RULES: [Rule; 8] = [
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
    rule(Level::Live, Place::Platform, "", "pods/exec", EXEC),
    rule(Level::Probing, Place::Probed, "", "pods", &["list", "create"]),
    rule(Level::Probing, Place::Probed, "", "pods/exec", EXEC),
    // The API server deletes the pods with the ConfigMap that owns them.
    rule(Level::Probing, Place::Probed, "", "configmaps", &["list", "create", "patch", "delete"]),
    // For the proof that policies are enforced.
    rule(
        Level::Probing,
        Place::Namespace(PROBE_NAMESPACE),
        "networking.k8s.io",
        "networkpolicies",
        &["list", "create", "delete"],
    ),
];

/// Of old an exec is a GET, over WebSockets, or a POST; newer servers ask for `create` either way.
const EXEC: &[&str] = &["get", "create"];

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
            for namespace in rule.place.namespaces() {
                let rules = places.entry(namespace).or_default();
                let verbs = rules.entry((rule.group, rule.names, rule.resource)).or_default();
                // A run lists what it created, which may be listed anyway.
                verbs.extend(
                    rule.verbs
                        .iter()
                        .filter(|verb| !verbs.contains(verb))
                        .copied()
                        .collect::<Vec<_>>(),
                );
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

    use super::{KNOWN, LISTS, Level, NAMESPACES, PROBE_NAMESPACE, exec, probing};

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

    fn of_namespace(roles: &[Value], namespace: &str) -> Vec<Value> {
        let is = |role: &&Value| role["metadata"]["namespace"] == namespace;
        roles.iter().filter(is).cloned().collect()
    }

    /// Group, resource and verb of every rule.
    fn rights(role: &Value) -> Vec<[String; 3]> {
        let mut all = Vec::new();
        for rule in role["rules"].as_array().into_iter().flatten() {
            let words = |key: &str| {
                let list = rule[key].as_array().into_iter().flatten();
                list.filter_map(|word| word.as_str().map(str::to_owned)).collect::<Vec<_>>()
            };
            for group in words("apiGroups") {
                for resource in words("resources") {
                    let verbs = words("verbs").into_iter();
                    all.extend(verbs.map(|verb| [group.clone(), resource.clone(), verb]));
                }
            }
        }
        all
    }

    #[test]
    fn a_run_asks_for_what_is_printed_and_nothing_else_is_printed() {
        let printed = Level::Probing.roles();
        for namespace in NAMESPACES.into_iter().chain([PROBE_NAMESPACE]) {
            let needed = probing(namespace);
            let roles = of_namespace(&printed, namespace);
            for right in needed.iter().chain(&exec()) {
                assert!(grants(&roles, right.group, right.resource, right.verb), "{right}");
            }
            for [group, resource, verb] in roles.iter().flat_map(rights) {
                let asked = needed.iter().any(|r| {
                    (r.group, r.resource, r.verb)
                        == (group.as_str(), resource.as_str(), verb.as_str())
                });
                assert!(asked, "{namespace}: nobody asks for {verb} {resource}");
            }
        }
    }

    /// Whoever may create or delete a Namespace, or write in one that is not the platform's, can do
    /// harm that no verification is worth.
    #[test]
    fn nothing_may_be_written_but_in_the_platforms_namespaces_and_the_prepared_one() {
        for role in Level::Probing.roles() {
            let namespace = role["metadata"]["namespace"].as_str();
            let probed = |n: &str| NAMESPACES.contains(&n) || n == PROBE_NAMESPACE;
            for [group, resource, verb] in rights(&role) {
                let reads = matches!(verb.as_str(), "get" | "list" | "watch");
                let exec = resource == "pods/exec";
                let read = reads && !exec;
                assert!(read || namespace.is_some_and(probed), "{verb} {resource}.{group}");
                assert!(read || resource != "namespaces", "{verb} {resource}");
                let pods = resource == "pods" && verb == "delete";
                assert!(!pods, "pods go with the ConfigMap that owns them");
            }
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
