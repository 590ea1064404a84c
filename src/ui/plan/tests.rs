#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::sync::LazyLock;

use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::plan::fixtures::{
    applied, client_side, cluster, extras, installed, managed_by, platform, upgrade,
};
use crate::plan::{DryRun, Extras, FieldConflict, FieldSet, Live, build};
use crate::values::Image;
use manifest::{Kind, Object, ObjectRef};

fn empty_cluster() -> Plan {
    let desired = platform(|_| {});
    let mut live = cluster(&desired, |_| None);
    for (reference, live) in &mut live {
        if reference.namespace.is_some() {
            live.dry_run = DryRun::NamespaceMissing;
        }
    }
    build(&desired, &live, &extras())
}

fn up_to_date() -> Plan {
    let desired = platform(|_| {});
    build(&desired, &upgrade(&desired, &desired), &extras())
}

/// A new version with a new admin password and another database.
fn upgraded() -> Plan {
    let old = platform(|_| {});
    let new = platform(|values| {
        values.images.gateway = Image {
            reference: "registry.test/openhive-gateway:v1.5.0".to_owned(),
            tag: Some("v1.5.0".to_owned()),
            digest: None,
        };
        values.admin_password = SecretString::from("new-canary-admin".to_owned());
        values.database.host = "203.0.113.7".to_owned();
    });
    let mut known = extras();
    known.database.as_mut().unwrap().host = "203.0.113.7".to_owned();
    known.warnings =
        vec!["gateway and dashboard images carry different tags (v1.5.0, v1.4.0)".to_owned()];
    let mut before = old;
    before.push(
        Object::from_manifest(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "old-allow-all", "namespace": "hive-sandbox",
                "labels": {"app.kubernetes.io/managed-by": "kubectl-openhive"}},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}
        }))
        .unwrap(),
    );
    build(&new, &upgrade(&new, &before), &known)
}

fn adopted() -> Plan {
    let desired = platform(|_| {});
    build(&desired, &cluster(&desired, |object| Some(client_side(object))), &extras())
}

fn deployment(objects: &[Object], name: &str) -> Object {
    let of = |o: &&Object| o.reference.kind == Kind::Deployment && o.reference.name == name;
    objects.iter().find(of).unwrap().clone()
}

/// Somebody has set the Gateway's image by hand.
fn drifted() -> Plan {
    let desired = platform(|_| {});
    let mut live = upgrade(&desired, &desired);
    let gateway = deployment(&desired, "hive-gateway");
    let (reference, drifted) = drift(&gateway);
    live.insert(reference, drifted);
    build(&desired, &live, &extras())
}

fn drift(gateway: &Object) -> (ObjectRef, Live) {
    let mut object = installed(gateway);
    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("debug:latest");
    let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
        "k:{\"name\":\"gateway\"}": {"f:image": {}, "f:stdin": {}}}}}}});
    object["spec"]["template"]["spec"]["containers"][0]["stdin"] = json!(true);
    let entries = object["metadata"]["managedFields"].as_array_mut().unwrap();
    let mut ours = FieldSet::parse(&entries[0]["fieldsV1"]).unwrap();
    for path in FieldSet::parse(&fields).unwrap().leaves() {
        ours.remove(&path);
    }
    entries[0]["fieldsV1"] = ours.to_json();
    entries.push(managed_by("kubectl-set", "Update", &fields));
    let mut forced = applied(gateway, &object);
    forced["spec"]["template"]["spec"]["containers"][0]["stdin"] = json!(true);
    let conflict = FieldConflict {
        field: ".spec.template.spec.containers[name=\"gateway\"].image".to_owned(),
        manager: "kubectl-set".to_owned(),
    };
    let dry_run = DryRun::Conflict { causes: vec![conflict], forced: Some(Box::new(forced)) };
    (gateway.reference.clone(), Live { object: Some(object), dry_run })
}

/// Other labels are selected, and the claim shrinks.
fn immutable() -> Plan {
    let desired = platform(|_| {});
    let mut live = upgrade(&desired, &desired);
    for existing in live.values_mut() {
        let object = existing.object.as_mut().unwrap();
        let refused = DryRun::Rejected { code: 422, message: "field is immutable".to_owned() };
        if object["kind"] == "Deployment" && object["metadata"]["name"] == "hive-agent" {
            object["spec"]["selector"] = json!({"matchLabels": {"app": "hive-agent"}});
            existing.dry_run = refused;
        } else if object["kind"] == "PersistentVolumeClaim" {
            object["spec"]["resources"]["requests"]["storage"] = json!("5Gi");
            existing.dry_run = refused;
        }
    }
    build(&desired, &live, &extras())
}

fn offline() -> Plan {
    build(&platform(|_| {}), &BTreeMap::new(), &Extras::default())
}

/// Made once: each renders and evaluates the whole platform.
static ALL: LazyLock<[(&str, Plan); 7]> = LazyLock::new(|| {
    [
        ("empty_cluster", empty_cluster()),
        ("up_to_date", up_to_date()),
        ("upgraded", upgraded()),
        ("adopted", adopted()),
        ("drifted", drifted()),
        ("immutable", immutable()),
        ("offline", offline()),
    ]
});

fn named(name: &str) -> &'static Plan {
    &ALL.iter().find(|(n, _)| *n == name).unwrap().1
}

const NEXT: PlanView<'_> = PlanView {
    style: Style::PLAIN,
    diff: false,
    next: Some("kubectl openhive install -f prod.env"),
};

#[test]
fn screens() {
    for (name, plan) in &*ALL {
        insta::assert_snapshot!(format!("table_{name}"), table(plan, &NEXT));
    }
}

#[test]
fn screens_with_every_line() {
    let view = PlanView { diff: true, ..NEXT };
    insta::assert_snapshot!("diff_upgraded", table(named("upgraded"), &view));
    insta::assert_snapshot!("diff_drifted", table(named("drifted"), &view));
}

#[test]
fn comments() {
    insta::assert_snapshot!("markdown_upgraded", markdown(named("upgraded"), &NEXT));
    insta::assert_snapshot!("markdown_up_to_date", markdown(named("up_to_date"), &NEXT));
    insta::assert_snapshot!("markdown_immutable", markdown(named("immutable"), &NEXT));
}

#[test]
fn documents() {
    insta::assert_snapshot!("json_upgraded", json(named("upgraded")));
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (_, plan) in &*ALL {
        let coloured = PlanView { style: Style::COLOURED, diff: true, ..NEXT };
        let plain = PlanView { diff: true, ..NEXT };
        let text = console::strip_ansi_codes(&table(plan, &coloured)).into_owned();
        assert_eq!(text, table(plan, &plain));
    }
}

#[test]
fn no_form_shows_a_secret() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let secrets = ["canary-password", "canary-session", "canary-internal", "canary-admin"];
    for (name, plan) in &*ALL {
        let view = PlanView { diff: true, ..NEXT };
        let texts = [table(plan, &view), json(plan), markdown(plan, &view), format!("{plan:?}")];
        for text in &texts {
            for secret in secrets {
                assert!(!text.contains(secret), "{name}: {secret}");
                assert!(!text.contains(encode(secret).trim_end_matches('=')), "{name}: {secret}");
            }
        }
    }
}

#[test]
fn a_comment_fits() {
    for (name, plan) in &*ALL {
        let text = markdown(plan, &NEXT);
        assert!(text.len() < 65_536, "{name}: {}", text.len());
    }
}
