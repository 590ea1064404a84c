//! The page `docs/lint.md` and the lints: every example does what the page says of it.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Severity};
use super::read::Reader;
use super::*;
use crate::lint::{Code, Options, lint};
use manifest::yaml;

const PAGE: &str = include_str!("../../../../docs/lint.md");

fn input(texts: &[&str]) -> Input {
    let mut reader = Reader::new("default");
    for text in texts {
        for document in yaml::read(text).unwrap() {
            let line = u32::try_from(document.line).ok();
            reader.add(&document.value, Some(&Place { file: "a.yaml".to_owned(), line }));
        }
    }
    let input = reader.finish();
    assert!(input.invalid.is_empty(), "{:?}", input.invalid);
    input
}

fn found(texts: &[&str]) -> Vec<Finding> {
    lint(&input(texts), &Options::default())
}

fn codes(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(|f| f.code.unwrap().id()).collect()
}

/// The contents of ```yaml blocks.
fn blocks(text: &str) -> Vec<&str> {
    text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// What all examples are added to, and each section by its heading.
fn sections() -> (&'static str, BTreeMap<&'static str, &'static str>) {
    let mut parts = PAGE.split("\n## OHN");
    let shop = blocks(parts.next().unwrap())[0];
    (shop, parts.map(|section| section.split_once('\n').unwrap()).collect())
}

#[test]
fn each_code_has_its_section_and_each_section_its_code() {
    let expected: BTreeSet<String> = Code::ALL
        .iter()
        .map(|c| format!("{}: {} ({})", &c.id()[3..], c.title(), c.severity()))
        .collect();
    let (_, sections) = sections();
    let headings: BTreeSet<String> = sections.keys().map(|h| (*h).to_owned()).collect();
    assert_eq!(headings, expected);
    let ids: BTreeSet<&str> = Code::ALL.iter().map(|c| c.id()).collect();
    assert_eq!(ids.len(), Code::ALL.len(), "two lints share a code");
}

#[test]
fn the_bad_example_of_each_code_fires_that_code_alone_and_the_good_one_nothing() {
    let (shop, sections) = sections();
    assert_eq!(codes(&found(&[shop])), BTreeSet::new(), "the shop itself is well");
    for (heading, text) in sections {
        let code = format!("OHN{}", &heading[..3]);
        let [bad, good] = blocks(text)[..] else { panic!("{code}: a bad and a good example") };
        let findings = found(&[shop, bad]);
        assert_eq!(codes(&findings), BTreeSet::from([code.as_str()]), "{code}: {findings:#?}");
        for finding in &findings {
            assert!(!finding.fix.is_empty(), "{code}: what is to be done?");
            assert!(!finding.because[0].object.is_empty());
            assert!(finding.because[0].place.is_some() || code == "OHN017", "{finding:?}");
        }
        let findings = found(&[shop, good]);
        assert!(findings.is_empty(), "{code}, the good example: {findings:#?}");
    }
}

fn shop() -> &'static str {
    sections().0
}

fn policy_of_web(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\n\
         spec: {{podSelector: {{matchLabels: {{app: web}}}}, {spec}}}\n"
    )
}

fn messages(spec: &str) -> Vec<String> {
    let policy = policy_of_web(spec);
    found(&[shop(), &policy])
        .iter()
        .map(|f| {
            let field = f.because[0].field.clone().unwrap_or_default();
            format!("{} {field}: {}", f.code.unwrap(), f.message)
        })
        .collect()
}

#[test]
fn a_peer_elsewhere_is_none_of_the_inputs_business() {
    for peer in [
        "namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}",
        "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}",
        "namespaceSelector: {matchLabels: {team: monitoring}}",
        "podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web, db]}]}",
        "podSelector: {matchExpressions: [{key: batch.kubernetes.io/job-name, operator: Exists}]}",
    ] {
        let spec =
            format!("policyTypes: [Egress], egress: [{{to: [{{{peer}}}], ports: [{{port: 9}}]}}]");
        assert_eq!(messages(&spec), [""; 0], "{peer}");
    }
}

#[test]
fn a_peer_without_its_namespace_is_told_so() {
    let spec = "ingress: [{from: [{podSelector: {matchLabels: {app: far}}}]}]";
    let far = "apiVersion: v1\nkind: Pod\nmetadata: {name: far, namespace: x, labels: {app: far}}\n\
               spec: {containers: [{name: c}]}\n";
    let findings = found(&[shop(), &policy_of_web(spec), far]);
    let peer = findings.iter().find(|f| f.code == Some(Code::PeerSelectsNothing)).unwrap();
    assert!(peer.fix[0].contains("add a namespaceSelector"), "{peer:?}");
}

#[test]
fn of_a_whole_cluster_a_namespace_that_is_not_there_matches_nothing() {
    let spec = "ingress: [{from: [{namespaceSelector: {matchLabels: {name: monitoring}}}]}]";
    let input = input(&[shop(), &policy_of_web(spec)]);
    let options = Options { whole: true, ..Options::default() };
    assert_eq!(codes(&lint(&input, &Options::default())), BTreeSet::new());
    assert_eq!(codes(&lint(&input, &options)), BTreeSet::from(["OHN002"]));
}

#[test]
fn a_block_is_judged_by_the_service_range_where_it_is_given() {
    let spec = "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.96.0.10/32}}], ports: [{port: 443}]}]";
    let input = input(&[shop(), &policy_of_web(spec)]);
    assert_eq!(codes(&lint(&input, &Options::default())), BTreeSet::new());
    let with = |range: &str| {
        let options = Options { service_cidrs: vec![range.parse().unwrap()], ..Options::default() };
        codes(&lint(&input, &options))
    };
    assert_eq!(with("10.96.0.0/12"), BTreeSet::from(["OHN006"]));
    assert_eq!(with("10.112.0.0/12"), BTreeSet::new());
}

#[test]
fn dns_rules_of_several_policies_are_taken_together() {
    let udp = "policyTypes: [Egress], egress: [{ports: [{protocol: UDP, port: 53}]}]";
    let tcp = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: q, namespace: shop}\n\
               spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53}]}]}\n";
    assert_eq!(codes(&found(&[shop(), &policy_of_web(udp)])), BTreeSet::from(["OHN004"]));
    // By itself the second has no UDP, which is found of it alone: web has both.
    let both = found(&[shop(), &policy_of_web(udp), tcp]);
    let objects: Vec<&str> = both.iter().map(|f| f.because[0].object.as_str()).collect();
    assert_eq!(objects, ["networkpolicy shop/q"]);
    assert!(both[0].message.contains("by TCP and not by UDP"), "{}", both[0].message);
}

#[test]
fn a_cluster_wide_denial_counts() {
    let open = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: t, namespace: tools}\n\
                spec: {template: {metadata: {labels: {app: t}}, spec: {containers: [{name: c}]}}}\n";
    let deny = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\n\
                metadata: {name: default}\nspec:\n  subject: {namespaces: {}}\n\
                \x20 ingress: [{action: Deny, from: [{namespaces: {}}]}]\n\
                \x20 egress: [{action: Deny, to: [{namespaces: {}}]}]\n";
    assert_eq!(codes(&found(&[shop(), open])), BTreeSet::from(["OHN011"]));
    assert_eq!(codes(&found(&[shop(), open, deny])), BTreeSet::new());
}

#[test]
fn fields_and_messages_are_exact() {
    assert_eq!(
        messages(
            "ingress: [{ports: [{port: 8080}]}, {from: [{podSelector: {matchLabels: {app: bd}}}], ports: [{port: 80}]}]"
        ),
        [
            "OHN002 spec.ingress[1].from[0]: matches no pod: none in shop has app=bd",
            "OHN003 spec.ingress[1].ports: opens TCP 80, on which nothing listens: the ports of deployment shop/web are TCP 8080",
        ]
    );
}

#[test]
fn the_worst_comes_first_and_severities_are_those_of_the_codes() {
    let spec = "policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}], egress: [{}]";
    let open = "apiVersion: v1\nkind: Pod\nmetadata: {name: far, namespace: x}\nspec: {containers: [{name: c}]}\n";
    let severities: Vec<Severity> =
        found(&[shop(), &policy_of_web(spec), open]).iter().map(Finding::severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning, Severity::Note]);
}

#[test]
fn a_selector_for_labels_that_a_controller_of_another_project_adds_may_match() {
    let workload = |api: &str, kind: &str| {
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: loaf, namespace: a}}\nspec:\n  \
             template: {{metadata: {{labels: {{app: loaf}}}}, spec: {{containers: [{{name: c}}]}}}}\n"
        )
    };
    let policy = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec:
  podSelector: {matchLabels: {deploymentconfig: loaf}}
  ingress: [{from: [{podSelector: {matchLabels: {role: stable}}}]}]
";
    let nothing = |workload: &str| {
        let codes = codes(&found(&[workload, policy]));
        [Code::PolicySelectsNothing, Code::PeerSelectsNothing].map(|c| codes.contains(c.id()))
    };
    for kind in ["Rollout", "DeploymentConfig", "Service"] {
        assert_eq!(nothing(&workload("x.example/v1", kind)), [false, false], "{kind}");
    }
    assert_eq!(nothing(&workload("apps/v1", "Deployment")), [true, true]);
}
