//! The rights that a verification needs, and no more: one table. `--print-rbac` prints it, and a run
//! that sends packets asks for them before it makes anything.

use std::collections::BTreeMap;
use std::fmt;

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
    /// Where a run makes pods: in the platform's namespaces, the Ingress controller's, and one of its
    /// own. As that has a new name each time, the rule can only hold everywhere.
    Camps,
    /// In the run's own namespace; so everywhere again.
    Own,
}

/// One right that a run needs which makes pods.
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

/// The rights of a run that makes pods.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probing {
    /// In each namespace where it makes pods.
    pub camps: Vec<Right>,
    /// Everywhere, those for its own namespace among them.
    pub everywhere: Vec<Right>,
}

/// What a run needs, by the table.
#[must_use]
pub fn probing() -> Probing {
    let of = |wanted: fn(Place) -> bool| {
        let rules = RULES.iter().filter(|rule| rule.level == Level::Probing && wanted(rule.place));
        let right = |rule: &'static Rule| {
            let Rule { group, resource, .. } = *rule;
            rule.verbs.iter().map(move |verb| Right { group, resource, verb })
        };
        rules.flat_map(right).collect()
    };
    Probing { camps: of(|place| place == Place::Camps), everywhere: of(|_| true) }
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
static RULES: [Rule; 9] = [
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
    rule(Level::Probing, Place::Everywhere, "", "namespaces", &["list", "create", "delete"]),
    rule(Level::Probing, Place::Camps, "", "pods", &["list", "create", "delete"]),
    rule(Level::Probing, Place::Camps, "", "pods/exec", EXEC),
    rule(Level::Probing, Place::Camps, "", "configmaps", &["list", "create", "patch", "delete"]),
    // For the proof that policies are enforced.
    rule(
        Level::Probing,
        Place::Own,
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
            let namespaces: Vec<Option<&str>> = match rule.place {
                Place::Everywhere | Place::Camps | Place::Own => vec![None],
                Place::Namespace(namespace) => vec![Some(namespace)],
                Place::Platform => NAMESPACES.map(Some).to_vec(),
            };
            for namespace in namespaces {
                let rules = places.entry(namespace).or_default();
                let verbs = rules.entry((rule.group, rule.names, rule.resource)).or_default();
                // A list is one of reading, and again one of a run's own.
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

    use super::{KNOWN, LISTS, Level, probing};

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
    fn a_run_asks_for_what_is_printed_and_nothing_else_is_printed() {
        let needed = probing();
        let (before, printed) = (Level::Live.roles(), Level::Probing.roles());
        for right in &needed.everywhere {
            assert!(grants(&printed, right.group, right.resource, right.verb), "{right}");
        }
        assert!(needed.camps.iter().all(|right| needed.everywhere.contains(right)));
        let rules = printed.iter().filter(|role| role["kind"] == "ClusterRole");
        for rule in rules.flat_map(|role| role["rules"].as_array().into_iter().flatten()) {
            let words = |key: &str| {
                let list = rule[key].as_array().into_iter().flatten();
                list.filter_map(Value::as_str).collect::<Vec<_>>()
            };
            for (group, resource, verb) in words("apiGroups")
                .iter()
                .flat_map(|g| words("resources").into_iter().map(move |r| (*g, r)))
                .flat_map(|(g, r)| words("verbs").into_iter().map(move |v| (g, r, v)))
            {
                let asked = needed
                    .everywhere
                    .iter()
                    .any(|r| (r.group, r.resource, r.verb) == (group, resource, verb));
                assert!(
                    asked || grants(&before, group, resource, verb),
                    "nobody asks for {verb} {resource}"
                );
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
