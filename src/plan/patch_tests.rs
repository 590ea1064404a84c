#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::fixtures::{installed, managed_by, platform};
use super::tests::{paths, plan_one};
use super::*;
use manifest::{Kind, Object};

fn find(kind: Kind, name: &str) -> Object {
    let of = |o: &Object| o.reference.kind == kind && o.reference.name == name;
    platform(|_| {}).into_iter().find(of).unwrap()
}

#[test]
fn recreate_over_rolling_update_is_patched_first() {
    let desired = find(Kind::Deployment, "hive-gateway");
    let mut existing = installed(&desired);
    existing["spec"]["strategy"] =
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}});
    let Question::Apply(asked) = question(&desired, Some(&existing)) else { panic!() };
    assert_eq!(asked.pointer("/spec/strategy"), None);
    let change = plan_one(desired.clone(), existing.clone(), DryRun::Verified(existing.clone()));
    assert!(change.consequences.contains(&Consequence::StrategyPatch));
    assert_eq!(paths(&change), ["spec.strategy.rollingUpdate.maxSurge", "spec.strategy.type"]);
    let patch = strategy_patch(Kind::Deployment, &existing, &desired.manifest).unwrap();
    assert_eq!(
        serde_json::to_value(patch).unwrap(),
        json!([
            {"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": "4711"}
        ])
    );
    assert_eq!(strategy_patch(Kind::Deployment, &installed(&desired), &desired.manifest), None);
}

#[test]
fn the_takeover_patch_merges_the_predecessors_into_one_entry() {
    let mut existing = installed(&find(Kind::Secret, "openhive-platform-secrets"));
    existing["metadata"]["annotations"] = json!({LAST_APPLIED: "{}"});
    let annotated = json!({"f:metadata": {"f:annotations": {".": {},
        format!("f:{LAST_APPLIED}"): {}}}, "f:data": {"f:a": {}}});
    existing["metadata"]["managedFields"] = json!([
        managed_by("kubectl-create", "Update", &json!({"f:data": {"f:b": {}}})),
        managed_by("kube-controller-manager", "Update", &json!({"f:data": {"f:c": {}}})),
        managed_by("kustomize-controller", "Update", &annotated),
    ]);
    let patch = serde_json::to_value(takeover_patch(&existing).unwrap()).unwrap();
    assert_eq!(patch[0]["op"], "remove");
    assert_eq!(
        patch[0]["path"],
        "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"
    );
    let entries = patch[1]["value"].as_array().unwrap();
    let ours: Vec<&Value> = entries.iter().filter(|e| e["manager"] == FIELD_MANAGER).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0]["operation"], "Apply");
    assert_eq!(
        ours[0]["fieldsV1"],
        json!({"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:annotations": {}}})
    );
    assert_eq!(patch[2]["value"], "4711");
    assert_eq!(takeover_patch(&installed(&find(Kind::Secret, "openhive-platform-secrets"))), None);
}
