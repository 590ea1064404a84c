//! The table and a file of expectations that says the same never differ.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::civil::Date;
use manifest::yaml;
use netpol::expect::{check, document, read};
use netpol::finding::Kind;
use netpol::matrix::{Matrix, Verdict};
use netpol::read::Reader;
use netpol::{Cni, Input};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::render::testkit::values;
use crate::render::{ClusterFacts, Profile, RenderOptions, render};

const TODAY: Date = Date::constant(2026, 11, 1);

fn labels() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just(json!({})),
        Just(json!({"matchLabels": {"app": "debug"}})),
        Just(json!({"matchLabels": {"app.kubernetes.io/name": "hive-sandbox"}})),
        Just(json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]})),
        Just(
            json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["debug"]}]})
        ),
    ];
    one.boxed()
}

fn peer() -> impl Strategy<Value = Value> {
    let namespaces = prop_oneof![
        Just(json!({})),
        Just(json!({"matchLabels": {"team": "red"}})),
        Just(json!({"matchLabels": {"kubernetes.io/metadata.name": "hive-agents"}})),
    ];
    let block = prop::sample::select(vec![
        "0.0.0.0/1",
        "8.8.8.8/32",
        "10.0.0.0/8",
        "169.254.169.254/32",
        "::/0",
        "2001:db8::/32",
    ]);
    prop_oneof![
        labels().prop_map(|pods| json!({"podSelector": pods})),
        (namespaces, labels())
            .prop_map(|(n, pods)| json!({"namespaceSelector": n, "podSelector": pods})),
        block.prop_map(|cidr| json!({"ipBlock": {"cidr": cidr}})),
    ]
}

fn rule(key: &'static str) -> impl Strategy<Value = Value> {
    let ports = prop_oneof![
        Just(json!([])),
        Just(json!([{"port": 443}])),
        Just(json!([{"protocol": "UDP", "port": 53}, {"port": 8000, "endPort": 9000}])),
    ];
    (prop::collection::vec(peer(), 0..3), ports)
        .prop_map(move |(peers, ports)| json!({key: peers, "ports": ports}))
}

fn policy() -> impl Strategy<Value = Value> {
    let namespace = prop::sample::select(vec!["openhive", "hive-agents", "hive-sandbox", "shop"]);
    let rules = |key| prop::collection::vec(rule(key), 0..3);
    (namespace, labels(), rules("from"), rules("to")).prop_map(
        |(namespace, pods, ingress, egress)| {
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "foreign", "namespace": namespace},
                "spec": {"podSelector": pods, "policyTypes": ["Ingress", "Egress"],
                    "ingress": ingress, "egress": egress},
            })
        },
    )
}

fn input(foreign: &Value, cni: Option<Cni>) -> Input {
    let (values, mut reader) = (values(), Reader::new("default"));
    reader.network().cni = cni;
    let facts = ClusterFacts::resolve(&values, None);
    let options = RenderOptions { migration_job: true, ..RenderOptions::default() };
    let rendered = render(&values, &facts, Profile::Platform, &options).unwrap();
    rendered.objects.iter().for_each(|o| reader.add(&o.manifest, None));
    reader.add(foreign, None);
    reader.finish()
}

/// What is wrong by the table.
fn by_the_table(input: &Input) -> BTreeSet<Kind> {
    let values = values();
    let facts = ClusterFacts::resolve(&values, None);
    let platform = super::platform(Profile::Platform, &values, &facts);
    let kind = |verdict: &Verdict| match verdict {
        Verdict::Bypass { .. } => Some(Kind::Bypass),
        Verdict::Overblock { .. } => Some(Kind::Overblock),
        Verdict::Unknown { .. } => Some(Kind::Unknown),
        Verdict::Match | Verdict::Wide { .. } => None,
        other => panic!("not a verdict of policies alone: {other:?}"),
    };
    Matrix::new(input, &platform).cells.iter().filter_map(|cell| kind(&cell.verdict)).collect()
}

/// What is wrong by a file that says the same as the table.
fn by_the_file(input: &Input) -> BTreeSet<Kind> {
    let values = values();
    let facts = ClusterFacts::resolve(&values, None);
    let platform = super::platform(Profile::Platform, &values, &facts);
    let text = yaml::write_one(&document(&platform.expectations(input))).unwrap();
    let file = read(&yaml::read(&text).unwrap().remove(0).value, None).unwrap();
    let findings = check(input, &file, TODAY).unwrap_or_else(|problems| panic!("{problems:?}"));
    findings.iter().map(|f| f.kind).filter(|kind| *kind != Kind::Wide).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_table_and_a_file_that_says_the_same_agree(
        foreign in policy(),
        cni in prop::sample::select(vec![None, Some(Cni::Cilium), Some(Cni::Calico)]),
    ) {
        let input = input(&foreign, cni);
        let (table, file) = (by_the_table(&input), by_the_file(&input));
        // A cell shows its worst flow alone.
        prop_assert_eq!(table.iter().min(), file.iter().min());
        prop_assert!(table.is_subset(&file), "{:?} {:?}", table, file);
    }
}
