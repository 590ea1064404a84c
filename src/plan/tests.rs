#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fixtures::{fields_of, installed, managed_by};
use super::*;
use manifest::{Kind, Object, ObjectRef};

fn object(manifest: Value) -> Object {
    Object::from_manifest(manifest).unwrap()
}

fn labels() -> Value {
    json!({"app.kubernetes.io/managed-by": "kubectl-openhive"})
}

fn gateway(image: &str, digest: &str) -> Object {
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "hive-gateway", "namespace": "openhive", "labels": labels()},
        "spec": {
            "replicas": 1, "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app.kubernetes.io/name": "hive-gateway"}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "hive-gateway"},
                    "annotations": {"openhive.io/config-digest": digest}},
                "spec": {"containers": [{"name": "gateway", "image": image, "env": [
                    {"name": "HIVE_ADMIN_PASSWORD", "valueFrom": {"secretKeyRef": {
                        "name": "openhive-platform-secrets", "key": "admin-password"}}}]}]}
            }
        }
    }))
}

fn secret(password: &str) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "openhive-platform-secrets", "namespace": "openhive",
            "labels": labels()},
        "data": {"admin-password": password, "admin-username": "YWRtaW4="}
    }))
}

fn policy(port: u16) -> Object {
    object(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "hive-gateway", "namespace": "openhive", "labels": labels()},
        "spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "hive-gateway"}},
            "policyTypes": ["Egress"],
            "egress": [{"ports": [{"port": port, "protocol": "TCP"}]}]}
    }))
}

fn claim(size: &str) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "agent-config-pvc", "namespace": "hive-agents", "labels": labels()},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    }))
}

fn job(image: &str) -> Object {
    object(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "openhive-db-migrate", "namespace": "openhive", "labels": labels()},
        "spec": {"template": {"spec": {"containers": [
            {"name": "migrate", "image": image, "command": ["alembic", "upgrade", "head"]}]}}}
    }))
}

fn live(object: Value, dry_run: DryRun) -> (ObjectRef, Live) {
    let reference = Object::from_manifest(object.clone()).unwrap().reference;
    (reference, Live { object: Some(object), dry_run })
}

pub(super) fn plan_one(desired: Object, existing: Value, dry_run: DryRun) -> Change {
    plan_with(desired, existing, dry_run, &Extras::default())
}

fn plan_with(desired: Object, existing: Value, dry_run: DryRun, extras: &Extras) -> Change {
    let plan = build(&[desired], &BTreeMap::from([live(existing, dry_run)]), extras);
    plan.changes.into_iter().next().unwrap()
}

pub(super) fn paths(change: &Change) -> Vec<&str> {
    change.fields.iter().map(|f| f.path.as_str()).collect()
}

#[test]
fn an_empty_cluster_gets_everything() {
    let desired = [gateway("g:1", "a"), secret("cGFzcw=="), job("g:1"), policy(5432)];
    let missing: BTreeMap<_, _> = desired
        .iter()
        .map(|o| (o.reference.clone(), Live { object: None, dry_run: DryRun::NamespaceMissing }))
        .collect();
    let extras = Extras {
        database: Some(DatabaseAddress {
            host: "db".into(),
            port: 5432,
            user: "hive".into(),
            name: "hive".into(),
        }),
        ..Extras::default()
    };
    let plan = build(&desired, &missing, &extras);
    let kinds: Vec<Kind> = plan.changes.iter().map(|c| c.reference.kind).collect();
    assert_eq!(kinds, [Kind::Secret, Kind::NetworkPolicy, Kind::Job, Kind::Deployment]);
    assert_eq!((plan.counts.create, plan.counts.run), (3, 1));
    assert!(plan.changes.iter().all(|c| c.verification == Verification::NamespaceMissing));
    assert!(plan.has_differences());
    let migration = plan.migration.unwrap();
    assert_eq!(migration.command, ["alembic", "upgrade", "head"]);
    assert!(migration.backup.unwrap().starts_with("pg_dump --format=custom --host=db"));
}

#[test]
fn what_is_as_desired_is_kept_and_the_migration_runs_again() {
    for verified in [true, false] {
        let desired =
            [gateway("g:1", "a"), secret("cGFzcw=="), job("g:1"), policy(5432), claim("1Gi")];
        let existing: BTreeMap<_, _> = desired
            .iter()
            .map(|o| {
                let object = installed(o);
                let dry_run = match verified {
                    true => DryRun::Verified(object.clone()),
                    false => DryRun::Forbidden,
                };
                live(object, dry_run)
            })
            .collect();
        let plan = build(&desired, &existing, &Extras::default());
        assert_eq!((plan.counts.keep, plan.counts.run), (4, 1), "{plan:?}");
        assert!(!plan.has_differences());
        assert_eq!(plan.obstacles().count(), 0);
    }
}

#[test]
fn a_new_image_restarts_the_gateway_and_takes_it_down() {
    let desired = gateway("g:2", "a");
    let answer = installed(&desired);
    let change = plan_one(desired, installed(&gateway("g:1", "a")), DryRun::Verified(answer));
    assert_eq!(change.action, Action::Update);
    assert_eq!(paths(&change), ["spec.template.spec.containers[gateway].image"]);
    assert_eq!(change.fields[0].old, FieldValue::Plain(json!("g:1")));
    assert_eq!(
        change.consequences,
        [
            Consequence::Restarts {
                pods: 1,
                reasons: vec![RestartReason::Image { container: "gateway".into() }]
            },
            Consequence::Downtime
        ]
    );
}

#[test]
fn a_changed_secret_names_its_key_its_readers_and_no_value() {
    let desired = [secret("bmV3LWNhbmFyeQ=="), gateway("g:1", "new-digest")];
    let existing = [secret("b2xkLWNhbmFyeQ=="), gateway("g:1", "old-digest")];
    let live: BTreeMap<_, _> = existing
        .iter()
        .zip(&desired)
        .map(|(old, new)| live(installed(old), DryRun::Verified(installed(new))))
        .collect();
    let plan = build(&desired, &live, &Extras::default());
    let [secret, gateway] = &plan.changes[..] else { panic!() };
    assert_eq!(paths(secret), ["data.admin-password"]);
    assert_eq!(secret.fields[0].new, FieldValue::Secret);
    assert_eq!(
        secret.consequences,
        [Consequence::RestartsReaders { workloads: vec!["hive-gateway".into()] }]
    );
    assert_eq!(
        gateway.consequences[0],
        Consequence::Restarts {
            pods: 1,
            reasons: vec![RestartReason::Secret { keys: vec!["admin-password".into()] }]
        }
    );
    let everything = format!(
        "{plan:?}{}{:?}{:?}",
        serde_json::to_string(&plan).unwrap(),
        plan.changes[0].before,
        plan.changes[0].after
    );
    for canary in ["bmV3LWNhbmFyeQ", "b2xkLWNhbmFyeQ", "new-digest", "old-digest"] {
        assert!(!everything.contains(canary), "{canary}");
    }
}

#[test]
fn pods_that_nothing_restarts_are_named() {
    let desired = [secret("bmV3"), gateway("g:1", "same")];
    let existing = [secret("b2xk"), gateway("g:1", "same")];
    let live: BTreeMap<_, _> = existing
        .iter()
        .zip(&desired)
        .map(|(old, new)| live(installed(old), DryRun::Verified(installed(new))))
        .collect();
    let plan = build(&desired, &live, &Extras::default());
    assert_eq!(
        plan.changes[0].consequences,
        [Consequence::KeepsOldValue { workloads: vec!["hive-gateway".into()] }]
    );
}

#[test]
fn a_hand_made_change_is_drift_and_needs_force() {
    let desired = gateway("g:1", "a");
    let mut existing = installed(&desired);
    existing["spec"]["replicas"] = json!(3);
    let mut fields =
        FieldSet::parse(&existing["metadata"]["managedFields"][0]["fieldsV1"]).unwrap();
    fields.remove(&Path::fields("spec.replicas"));
    existing["metadata"]["managedFields"] = json!([
        managed_by(FIELD_MANAGER, "Apply", &fields.to_json()),
        managed_by(
            "kubectl-edit",
            "Update",
            &json!({"f:spec": {"f:replicas": {}, "f:paused": {}}})
        ),
    ]);
    existing["spec"]["paused"] = json!(true);
    let conflict = FieldConflict { field: "spec.replicas".into(), manager: "kubectl-edit".into() };
    let mut forced = installed(&desired);
    forced["spec"]["paused"] = json!(true);
    let refused = |forced: Option<Value>| DryRun::Conflict {
        causes: vec![FieldConflict {
            field: ".spec.replicas".into(),
            manager: "kubectl-edit".into(),
        }],
        forced: forced.map(Box::new),
    };
    for dry_run in [refused(Some(forced)), refused(None), DryRun::Forbidden] {
        let change = plan_one(desired.clone(), existing.clone(), dry_run.clone());
        assert_eq!(change.action, Action::Update);
        assert_eq!(paths(&change), ["spec.replicas"]);
        assert_eq!(change.fields[0].changed_by.as_deref(), Some("kubectl-edit"));
        assert_eq!(change.conflicts, std::slice::from_ref(&conflict));
        assert!(matches!(change.obstacle, Some(Obstacle::Conflict { .. })));
        assert_eq!(change.foreign.len(), 1, "{:?}", change.foreign);
        assert_eq!(change.foreign[0].field, "spec.paused");

        let forced = Extras { force_conflicts: true, ..Extras::default() };
        let change = plan_with(desired.clone(), existing.clone(), dry_run, &forced);
        assert_eq!(change.obstacle, None);
        assert_eq!(change.conflicts, std::slice::from_ref(&conflict), "still said");
    }
}

#[test]
fn a_client_side_installation_is_adopted_without_a_restart() {
    let desired = secret("cGFzcw==");
    let mut existing = installed(&desired);
    let fields = existing["metadata"]["managedFields"][0]["fieldsV1"].clone();
    existing["metadata"]["annotations"] = json!({LAST_APPLIED: "{\"data\":\"canary\"}"});
    existing["metadata"]["managedFields"] =
        json!([managed_by("kubectl-client-side-apply", "Update", &fields)]);
    let mut answer = existing.clone();
    answer["metadata"]["managedFields"].as_array_mut().unwrap().push(managed_by(
        FIELD_MANAGER,
        "Apply",
        &fields,
    ));
    for dry_run in [DryRun::Verified(answer), DryRun::Forbidden] {
        let change = plan_one(desired.clone(), existing.clone(), dry_run);
        assert_eq!(change.action, Action::Adopt);
        assert!(change.fields.is_empty());
        assert_eq!(
            change.consequences,
            [
                Consequence::TakesOver { managers: vec!["kubectl-client-side-apply".into()] },
                Consequence::DropsLastApplied { plain_text_secret: true }
            ]
        );
        assert!(!format!("{:?}{:?}", change.before, change.after).contains("canary"));
    }
}

#[test]
fn adoption_says_what_goes_with_it() {
    let desired = secret("cGFzcw==");
    let mut existing = installed(&desired);
    existing["data"]["extra"] = json!("Y2FuYXJ5");
    let fields =
        fields_of(&Object { manifest: json!({"data": existing["data"]}), ..desired.clone() });
    existing["metadata"]["managedFields"] =
        json!([managed_by("kubectl-create", "Update", &fields)]);
    let change = plan_one(desired, existing.clone(), DryRun::Verified(existing));
    assert_eq!(change.action, Action::Update);
    assert_eq!(paths(&change), ["data.extra"]);
    assert_eq!(change.fields[0].verb(), "removed");
}

#[test]
fn a_first_writer_is_a_representative_after_the_adoption() {
    let desired = gateway("g:1", "a");
    let mut existing = installed(&desired);
    existing["spec"]["replicas"] = json!(2);
    let mut managed = existing["metadata"]["managedFields"].clone();
    let fields = json!({"f:spec": {"f:replicas": {}}});
    managed.as_array_mut().unwrap().push(managed_by("kubectl-create", "Update", &fields));
    existing["metadata"]["managedFields"] = managed;
    assert!(!needs_takeover(&existing));
    let change = plan_one(desired, existing, DryRun::Forbidden);
    assert_eq!(change.conflicts.len(), 1);
}

#[test]
fn a_lost_field_of_our_set_is_adopted_again() {
    let desired = gateway("g:1", "a");
    let mut existing = installed(&desired);
    existing["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:spec": {"f:replicas": {}}});
    let answer = installed(&desired);
    let change = plan_one(desired, existing, DryRun::Verified(answer));
    assert_eq!(change.action, Action::Adopt);
}

#[test]
fn immutable_fields_replace_or_refuse() {
    let desired = gateway("g:1", "a");
    let mut existing = installed(&desired);
    existing["spec"]["selector"] = json!({"matchLabels": {"app": "hive-gateway"}});
    let rejected = DryRun::Rejected { code: 422, message: "immutable".into() };
    let change = plan_one(desired.clone(), existing.clone(), rejected.clone());
    assert_eq!(change.action, Action::Replace);
    assert_eq!(change.verification, Verification::Immutable);
    assert!(matches!(change.obstacle, Some(Obstacle::NeedsRecreate { .. })));
    let allowed = Extras { recreate: true, ..Extras::default() };
    let change = plan_with(desired, existing, rejected.clone(), &allowed);
    assert_eq!(change.obstacle, None);
    assert!(matches!(&change.consequences[0],
        Consequence::Recreated { field, .. } if field == "spec.selector"));

    let change = plan_one(claim("1Gi"), installed(&claim("2Gi")), rejected);
    assert!(matches!(change.obstacle, Some(Obstacle::Shrinks { .. })), "{change:?}");
    let change = plan_one(claim("2Gi"), installed(&claim("1Gi")), DryRun::Forbidden);
    assert_eq!(change.obstacle, None);
    assert!(matches!(change.consequences[..], [Consequence::Expands { .. }]));
}

#[test]
fn a_changed_job_is_a_difference_and_an_equal_one_is_none() {
    let refusal = DryRun::NotAsked;
    let existing = installed(&job("g:1"));
    let plan = |desired| {
        build(
            &[desired],
            &BTreeMap::from([live(existing.clone(), refusal.clone())]),
            &Extras::default(),
        )
    };
    assert!(!plan(job("g:1")).has_differences());
    let changed = plan(job("g:2"));
    assert!(changed.has_differences());
    assert_eq!(changed.changes[0].action, Action::Run);
    assert_eq!(changed.changes[0].obstacle, None);
}

#[test]
fn orphans_are_ours_by_label_and_manager() {
    let ours = installed(&policy(5432));
    let mut unlabelled = ours.clone();
    unlabelled["metadata"]["labels"] = json!({});
    let mut foreign = ours.clone();
    foreign["metadata"]["managedFields"][0]["manager"] = json!("someone");
    let mut companion = ours.clone();
    companion["metadata"]["annotations"] = json!({INTERIM_ANNOTATION: "x"});
    let action = |object: Value| {
        let plan =
            build(&[], &BTreeMap::from([live(object, DryRun::NotAsked)]), &Extras::default());
        plan.changes.first().map(|c| c.action)
    };
    assert_eq!(action(ours), Some(Action::Orphaned));
    assert_eq!(action(unlabelled), None);
    assert_eq!(action(foreign), None);
    assert_eq!(action(companion), Some(Action::Delete));
}

#[test]
fn an_object_on_its_way_out_stops_the_plan() {
    let mut existing = installed(&policy(5432));
    existing["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    existing["metadata"]["finalizers"] = json!(["x.io/y"]);
    let change = plan_one(policy(5432), existing, DryRun::Forbidden);
    assert_eq!(change.obstacle.unwrap().to_string(), "it is being deleted, held back by x.io/y");
}

#[test]
fn a_policy_is_widened_before_it_is_narrowed() {
    let answer = installed(&policy(6432));
    let change = plan_one(policy(6432), installed(&policy(5432)), DryRun::Verified(answer));
    assert_eq!(paths(&change), ["spec.egress[0].ports[0].port"]);
    assert_eq!(change.consequences, [Consequence::UnionUntilRollout]);
    assert!(matches!(change.interim, Some(Interim::Union { .. })));
}

#[test]
fn autoscaled_workloads_keep_their_number() {
    let target = gateway("g:1", "a");
    let mut existing = installed(&target);
    existing["spec"]["replicas"] = json!(4);
    let targets = [target.reference.clone()].into();
    let mut desired = [target.clone()];
    leave_replicas_to_autoscalers(&mut desired, &targets, |_| Some(existing.clone()));
    assert_eq!(desired[0].manifest["spec"]["replicas"], 4, "until the autoscaler owns it");
    let mut scaled = managed_by("hpa", "Update", &json!({"f:spec": {"f:replicas": {}}}));
    scaled["subresource"] = json!("scale");
    existing["metadata"]["managedFields"].as_array_mut().unwrap().push(scaled);
    leave_replicas_to_autoscalers(&mut desired, &targets, |_| Some(existing.clone()));
    assert_eq!(desired[0].manifest["spec"].get("replicas"), None);
}

#[test]
fn a_field_that_others_own_as_well_stays_when_we_let_go_of_it() {
    let desired = secret("cGFzcw==");
    let mut existing = installed(&desired);
    existing["data"]["shared"] = json!("Y2FuYXJ5");
    let shared = json!({"f:data": {"f:shared": {}}});
    let entries = existing["metadata"]["managedFields"].as_array_mut().unwrap();
    let mut ours = FieldSet::parse(&entries[0]["fieldsV1"]).unwrap();
    ours.insert(&Path::fields("data.shared"));
    entries[0]["fieldsV1"] = ours.to_json();
    let alone = plan_one(desired.clone(), existing.clone(), DryRun::Forbidden);
    assert_eq!(paths(&alone), ["data.shared"]);
    let entries = existing["metadata"]["managedFields"].as_array_mut().unwrap();
    entries.push(managed_by("external-secrets", "Apply", &shared));
    let together = plan_one(desired, existing, DryRun::Forbidden);
    assert_eq!(together.action, Action::Keep, "{together:?}");
}
