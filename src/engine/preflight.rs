//! What must hold before anything is written: the rights, and namespaces that are not going away.

use futures::future::{join, join_all};
use serde_json::{Value, json};

use super::wait::Run;
use super::{Detail, InstallError};
use crate::cluster::Raw;
use crate::plan::{Action, Change};
use manifest::{Kind, ObjectRef};

/// A right that the run needs.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Right {
    namespace: Option<String>,
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
}

pub(super) async fn check(run: &Run<'_>) -> Result<Detail, InstallError> {
    let rights = needed(run);
    let namespaces: Vec<String> = run
        .plan
        .changes
        .iter()
        .filter(|change| change.reference.kind == Kind::Namespace)
        .map(|change| change.reference.name.clone())
        .collect();
    let reviews = namespaces.iter().map(|namespace| review(run, namespace));
    let going = namespaces.iter().map(|namespace| terminating(run, namespace));
    let (reviews, going) =
        run.or_cancelled(async { Ok(join(join_all(reviews), join_all(going)).await) }).await?;
    for result in going {
        result?;
    }
    let mut rules = Vec::new();
    for (namespace, review) in namespaces.iter().zip(reviews) {
        rules.push((namespace.as_str(), review?));
    }
    let missing: Vec<String> =
        rights.iter().filter(|right| !granted(right, &rules)).map(ToString::to_string).collect();
    if missing.is_empty() {
        Ok(Detail::Checks { count: rights.len() + namespaces.len() })
    } else {
        Err(InstallError::MissingRights(missing))
    }
}

/// Every right that the plan's changes and the waits need, without duplicates.
fn needed(run: &Run<'_>) -> Vec<Right> {
    let mut rights = Vec::new();
    for change in &run.plan.changes {
        let kind = change.reference.kind;
        let verbs: &[&'static str] = match change.action {
            Action::Create => &["get", "create", "patch"],
            Action::Update | Action::Adopt => &["get", "patch"],
            Action::Replace => &["get", "create", "patch", "delete"],
            Action::Run => &["get", "create", "delete", "list", "watch"],
            Action::Delete => &["get", "delete"],
            Action::Keep | Action::Orphaned => &["get"],
        };
        rights.extend(verbs.iter().map(|verb| Right {
            namespace: change.reference.namespace.clone(),
            verb,
            group: kind.group(),
            resource: kind.plural(),
        }));
    }
    for change in run.plan.changes.iter().filter(|c| c.interim.is_some()) {
        // The old rules are kept in a policy of their own, which goes at the end.
        rights.extend(["create", "patch", "delete"].map(|verb| Right {
            namespace: change.reference.namespace.clone(),
            verb,
            group: change.reference.kind.group(),
            resource: change.reference.kind.plural(),
        }));
    }
    // The health endpoints are asked over a port-forward, which newer servers call a `create`.
    let deployed = |c: &&Change| c.reference.kind == Kind::Deployment;
    let asked = |c: &&Change| c.reference.namespace.as_deref() == Some("openhive");
    if let Some(change) = run.plan.changes.iter().filter(deployed).find(asked) {
        rights.extend(["get", "create"].map(|verb| Right {
            namespace: change.reference.namespace.clone(),
            verb,
            group: "",
            resource: "pods/portforward",
        }));
    }
    for change in run.plan.changes.iter().filter(deployed) {
        for (group, resource) in [
            ("apps", "deployments"),
            ("apps", "replicasets"),
            ("", "pods"),
            ("", "persistentvolumeclaims"),
        ] {
            rights.extend(["list", "watch"].map(|verb| Right {
                namespace: change.reference.namespace.clone(),
                verb,
                group,
                resource,
            }));
        }
    }
    rights.sort();
    rights.dedup();
    rights
}

/// The rules of the account in a namespace. One request tells what forty questions would.
async fn review(run: &Run<'_>, namespace: &str) -> Result<Option<Vec<Value>>, InstallError> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let answer = match run.cluster.rest.raw(path, Raw::Review(&body), run.retry()).await {
        Ok(answer) => answer,
        // An account that may not ask is none that lacks anything else.
        Err(error) if error.code() == Some(403) => return Ok(None),
        Err(error) => {
            let object = ObjectRef::cluster(Kind::Namespace, namespace);
            return Err(InstallError::Request { object, error });
        }
    };
    let status = &answer["status"];
    // An authorizer that cannot list its rules says so: then nothing is known to be missing.
    if status["incomplete"].as_bool() == Some(true) {
        return Ok(None);
    }
    Ok(Some(status["resourceRules"].as_array().cloned().unwrap_or_default()))
}

fn granted(right: &Right, rules: &[(&str, Option<Vec<Value>>)]) -> bool {
    let relevant = rules.iter().filter(|(namespace, _)| {
        right.namespace.as_deref().is_none_or(|wanted| wanted == *namespace)
    });
    relevant.into_iter().any(|(_, rules)| match rules {
        None => true,
        Some(rules) => rules.iter().any(|rule| allows(rule, right)),
    })
}

fn allows(rule: &Value, right: &Right) -> bool {
    let has = |key: &str, wanted: &str| {
        let list = rule[key].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).any(|item| item == "*" || item == wanted)
    };
    let named = rule["resourceNames"].as_array().is_some_and(|names| !names.is_empty());
    // A rule for certain names may cover ours; whether it does, the request itself will tell.
    let named = named && matches!(right.verb, "list" | "watch" | "create");
    !named
        && has("verbs", right.verb)
        && has("apiGroups", right.group)
        && (has("resources", right.resource)
            || right
                .resource
                .split_once('/')
                .is_some_and(|(_, sub)| has("resources", &format!("*/{sub}"))))
}

async fn terminating(run: &Run<'_>, namespace: &str) -> Result<(), InstallError> {
    let object = ObjectRef::cluster(Kind::Namespace, namespace);
    let live = run.cluster.rest.get(&object, run.retry()).await;
    let Some(live) = live.map_err(|error| InstallError::Request { object, error })? else {
        return Ok(());
    };
    if live.pointer("/metadata/deletionTimestamp").is_none() {
        return Ok(());
    }
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let remaining = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition["status"] == "True")
        .filter_map(|condition| condition["message"].as_str().map(str::to_owned))
        .collect();
    Err(InstallError::NamespaceTerminating { namespace: namespace.to_owned(), remaining })
}

/// `patch deployments.apps -n openhive`, as `kubectl auth can-i` takes it.
impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " -n {namespace}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Right, granted};

    const RIGHT: Right =
        Right { namespace: None, verb: "patch", group: "apps", resource: "deployments" };

    fn in_openhive() -> Right {
        Right { namespace: Some("openhive".into()), ..RIGHT }
    }

    #[test]
    fn a_right_counts_in_its_namespace_only() {
        let rule = json!({"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]});
        assert!(granted(&in_openhive(), &[("openhive", Some(vec![rule.clone()]))]));
        assert!(!granted(&in_openhive(), &[("hive-agents", Some(vec![rule]))]));
        assert!(!granted(&in_openhive(), &[("openhive", Some(vec![]))]));
    }

    #[test]
    fn a_subresource_is_a_right_of_its_own() {
        let right = Right {
            namespace: Some("openhive".into()),
            verb: "create",
            group: "",
            resource: "pods/portforward",
        };
        for (resource, expected) in
            [("pods", false), ("pods/portforward", true), ("*/portforward", true), ("*", true)]
        {
            let rule = json!({"verbs": ["*"], "apiGroups": [""], "resources": [resource]});
            let rules = [("openhive", Some(vec![rule]))];
            assert_eq!(granted(&right, &rules), expected, "{resource}");
        }
    }

    #[test]
    fn an_incomplete_review_proves_nothing_missing() {
        assert!(granted(&in_openhive(), &[("openhive", None)]));
    }

    #[test]
    fn a_rule_for_names_does_not_grant_a_list() {
        let rule = json!({"verbs": ["list"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["a"]});
        let right = Right { verb: "list", ..in_openhive() };
        assert!(!granted(&right, &[("openhive", Some(vec![rule]))]));
    }
}
