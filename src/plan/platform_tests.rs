//! The planner on the platform as it is rendered.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fixtures::{applied, client_side, cluster, extras, installed, platform, upgrade};
use super::*;
use crate::values::EgressAllow;
use manifest::{Kind, Object};

#[test]
fn an_installed_platform_has_nothing_to_change() {
    let desired = platform(|_| {});
    let plan = build(&desired, &upgrade(&desired, &desired), &extras());
    let changed: Vec<_> = plan.changes.iter().filter(|c| c.action != Action::Keep).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0].action, Action::Run);
    assert!(!plan.has_differences());
    assert!(plan.reachability.unwrap().flows.is_empty());
}

#[test]
fn without_the_rights_it_has_nothing_to_change_either() {
    let desired = platform(|_| {});
    let mut live = upgrade(&desired, &desired);
    live.values_mut().for_each(|live| live.dry_run = DryRun::Forbidden);
    let plan = build(&desired, &live, &extras());
    assert!(!plan.has_differences(), "{plan:?}");
    assert!(plan.changes.iter().all(|c| c.verification == Verification::Forbidden));
}

#[test]
fn a_client_side_installation_is_adopted_without_a_restart() {
    let desired = platform(|_| {});
    for verified in [true, false] {
        let mut live = cluster(&desired, |object| Some(client_side(object)));
        if !verified {
            live.values_mut().for_each(|live| live.dry_run = DryRun::Forbidden);
        }
        let plan = build(&desired, &live, &extras());
        assert_eq!(plan.counts.adopt, desired.len() - 1, "{plan:?}");
        assert_eq!(plan.counts.update, 0);
        for change in &plan.changes {
            let restarts = |c: &Consequence| matches!(c, Consequence::Restarts { .. });
            assert!(!change.consequences.iter().any(restarts), "{change:?}");
        }
    }
}

#[test]
fn a_new_database_password_names_its_readers() {
    use secrecy::SecretString;
    let old = platform(|_| {});
    let new = platform(|values| {
        values.admin_password = SecretString::from("another-password".to_owned());
    });
    let plan = build(&new, &upgrade(&new, &old), &extras());
    let updated: Vec<String> = plan
        .changes
        .iter()
        .filter(|c| c.action == Action::Update)
        .map(|c| c.reference.short())
        .collect();
    assert_eq!(updated, ["secret/openhive-platform-secrets", "deployment/hive-gateway"]);
    let gateway = plan
        .changes
        .iter()
        .find(|c| c.reference.name == "hive-gateway" && c.reference.kind == Kind::Deployment)
        .unwrap();
    assert_eq!(
        gateway.consequences,
        [
            Consequence::Restarts {
                pods: 1,
                reasons: vec![RestartReason::Secret { keys: vec!["admin-password".into()] }]
            },
            Consequence::Downtime,
        ]
    );
}

#[test]
fn a_new_database_opens_and_closes_flows() {
    let old = platform(|_| {});
    let new = platform(|values| {
        values.database.host = "203.0.113.7".to_owned();
        values.database.port = 5432;
    });
    let mut known = extras();
    known.database.as_mut().unwrap().host = "203.0.113.7".to_owned();
    let plan = build(&new, &upgrade(&new, &old), &known);
    let flows = plan.reachability.unwrap().flows;
    let opened: Vec<String> = flows.opened.iter().map(ToString::to_string).collect();
    assert!(opened.contains(&"gateway → database TCP 5432".to_owned()), "{opened:#?}");
    assert!(flows.closed.iter().any(|f| f.to_string() == "gateway → database TCP 6432"));
    assert!(!opened.iter().any(|f| f.contains("any address")), "{opened:#?}");
}

#[test]
fn a_foreign_policy_stays_in_the_comparison() {
    let old = platform(|_| {});
    let new = platform(|values| {
        let cidr = "198.51.100.0/24".parse().unwrap();
        values.sandbox_egress_allow = vec![EgressAllow { cidr, port: Some(8443) }];
    });
    let live = upgrade(&new, &old);
    let opened = |extras: &Extras| {
        let plan = build(&new, &live, extras);
        plan.reachability.unwrap().flows.opened.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(
        opened(&extras()).contains(&"sandbox → 198.51.100.0/24 TCP 8443".to_owned()),
        "{:#?}",
        opened(&extras())
    );
    let mut known = extras();
    known.policies = Some(vec![json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "debug", "namespace": "hive-sandbox"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    })]);
    assert_eq!(opened(&known), Vec::<String>::new(), "open already, by somebody's policy");
}

#[test]
fn nothing_to_compare_flows_with_on_an_empty_cluster() {
    let desired = platform(|_| {});
    let plan = build(&desired, &cluster(&desired, |_| None), &extras());
    assert!(plan.reachability.is_none());
    assert_eq!(plan.counts.create, desired.len() - 1);
}

#[test]
fn the_installers_own_secret_is_no_orphan() {
    let desired = platform(|_| {});
    let mut before = desired.clone();
    let key = crate::render::DigestKey::new([1; 32]);
    before.push(crate::render::installer_secret(&key));
    let plan = build(&desired, &upgrade(&desired, &before), &extras());
    assert_eq!(plan.counts.orphaned, 0);
}

#[test]
fn every_field_changed_by_hand_shows() {
    let desired = platform(|_| {});
    let gateway = desired
        .iter()
        .find(|o| o.reference.kind == Kind::Deployment && o.reference.name == "hive-gateway")
        .unwrap();
    let mut live = installed(gateway);
    live["spec"]["template"]["spec"]["containers"][0]["image"] = json!("other:1");
    let image = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
        "k:{\"name\":\"gateway\"}": {"f:image": {}}}}}}});
    let entries = live["metadata"]["managedFields"].as_array_mut().unwrap();
    entries.push(fixtures::managed_by("kubectl-set", "Update", &image));
    let mut ours = FieldSet::parse(&entries[0]["fieldsV1"]).unwrap();
    for path in FieldSet::parse(&image).unwrap().leaves() {
        ours.remove(&path);
    }
    entries[0]["fieldsV1"] = ours.to_json();
    let forced = applied(gateway, &live);
    let conflict = DryRun::Conflict { causes: Vec::new(), forced: Some(Box::new(forced)) };
    let mut all = upgrade(&desired, &desired);
    all.insert(gateway.reference.clone(), Live { object: Some(live), dry_run: conflict });
    let plan = build(&desired, &all, &extras());
    let change = plan.change(&gateway.reference).unwrap();
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].changed_by.as_deref(), Some("kubectl-set"));
    assert_eq!(plan.obstacles().count(), 1);
    assert!(plan.has_differences());
}

#[test]
fn the_json_form_has_a_schema_and_no_secret() {
    let desired = platform(|_| {});
    let live = cluster(&desired, |object| Some(client_side(object)));
    let plan = build(&desired, &live, &extras());
    let json = serde_json::to_string(&plan).unwrap();
    assert!(json.starts_with(r#"{"schema":"openhive.io/plan/v1""#));
    assert!(!json.contains("canary"));
    assert!(!json.contains(&base64_of("canary-admin")));
    assert!(!format!("{plan:?}").contains("canary"));
    let again = build(&desired, &live, &extras());
    assert_eq!(json, serde_json::to_string(&again).unwrap());
    let mut shuffled = desired;
    shuffled.reverse();
    assert_eq!(json, serde_json::to_string(&build(&shuffled, &live, &extras())).unwrap());
}

#[test]
fn manifests_stand_in_for_a_cluster() {
    let desired = platform(|_| {});
    let mut manifests = desired.clone();
    let secret = manifests.iter_mut().find(|o| o.reference.kind == Kind::Secret).unwrap();
    let data = secret.manifest["data"].take();
    let plain: serde_json::Map<String, serde_json::Value> = data
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.clone(), json!(decoded(value.as_str().unwrap()))))
        .collect();
    secret.manifest["stringData"] = json!(plain);
    let plan = build(&desired, &against(manifests), &Extras::default());
    assert!(!plan.has_differences(), "{plan:?}");
    assert!(plan.changes.iter().all(|c| c.verification == Verification::Offline));
}

fn decoded(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Every leaf of a manifest beside what identifies the object.
fn leaves(object: &Object) -> Vec<Path> {
    FieldSet::parse(&fixtures::fields_of(object)).unwrap().leaves()
}

fn overwrite(value: &mut Value, path: &[Segment]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        *value = match value {
            Value::String(text) => json!(format!("{text}x")),
            Value::Number(number) => json!(number.as_u64().unwrap() + 1),
            Value::Bool(flag) => json!(!*flag),
            Value::Array(list) => {
                list.push(json!("another"));
                return true;
            }
            _ => return false,
        };
        return true;
    };
    let single = Path(vec![first.clone()]);
    match value {
        Value::Object(fields) => match first {
            Segment::Field(name) => overwrite(fields.get_mut(name).unwrap(), rest),
            _ => false,
        },
        Value::Array(list) => list
            .iter_mut()
            .find(|item| single.get(&json!([item])).is_some())
            .is_some_and(|item| overwrite(item, rest)),
        _ => false,
    }
}

#[test]
fn a_hand_made_change_of_any_field_that_we_set_shows() {
    let mut tried = 0;
    for object in platform(|_| {}) {
        let as_desired = installed(&object);
        for path in leaves(&object) {
            let mut live = as_desired.clone();
            if !overwrite(&mut live, &path.0) {
                continue;
            }
            tried += 1;
            for dry_run in [DryRun::Verified(as_desired.clone()), DryRun::Forbidden] {
                let all = BTreeMap::from([(
                    object.reference.clone(),
                    Live { object: Some(live.clone()), dry_run },
                )]);
                let plan = build(std::slice::from_ref(&object), &all, &Extras::default());
                let shown =
                    plan.changes[0].fields.iter().any(|f| f.path.starts_with(&path.to_string()));
                assert!(shown, "{} {path}: {:?}", object.reference, plan.changes[0]);
                assert!(plan.has_differences());
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

#[test]
fn a_field_that_we_do_not_set_never_shows_without_the_server() {
    for object in platform(|_| {}) {
        let mut live = installed(&object);
        live["metadata"]["labels"]["team"] = json!("a");
        live["metadata"]["annotations"]["note"] = json!("b");
        if object.reference.kind == Kind::Deployment {
            live["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap()[0]["env"]
                .as_array_mut()
                .into_iter()
                .for_each(|env| env.push(json!({"name": "DEBUG", "value": "1"})));
        }
        let all = BTreeMap::from([(
            object.reference.clone(),
            Live { object: Some(live), dry_run: DryRun::Forbidden },
        )]);
        let plan = build(std::slice::from_ref(&object), &all, &Extras::default());
        assert!(!plan.has_differences(), "{plan:?}");
    }
}
