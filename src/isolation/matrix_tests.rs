//! The platform's matrix on what the program itself renders, and on the same with one fault.
#![allow(clippy::unwrap_used)]

use crate::render::testkit::values;
use crate::render::{ClusterFacts, Profile, RenderOptions, render};
use netpol::matrix::{Matrix, Party, Platform, Verdict as Found};
use netpol::read::Reader;
use serde_json::{Value, json};

fn manifests(profile: Profile) -> Vec<Value> {
    let values = values();
    let facts = ClusterFacts::resolve(&values, None);
    let migration_job = profile != Profile::Baseline;
    let options = RenderOptions { migration_job, ..RenderOptions::default() };
    let rendered = render(&values, &facts, profile, &options).unwrap();
    rendered.objects.into_iter().map(|o| o.manifest).collect()
}

fn matrix(profile: Profile, manifests: &[Value]) -> Matrix {
    let mut reader = Reader::new("default");
    manifests.iter().for_each(|m| reader.add(m, None));
    let values = values();
    let facts = ClusterFacts::resolve(&values, None);
    Matrix::new(&reader.finish(), &crate::isolation::platform(profile, &values, &facts))
}

fn wrong(matrix: &Matrix) -> Vec<(Party, Party)> {
    let bad = |found: &Found| matches!(found, Found::Bypass { .. } | Found::Overblock { .. });
    matrix.cells.iter().filter(|c| bad(&c.verdict)).map(|c| (c.from, c.to)).collect()
}

#[test]
fn what_is_rendered_is_what_is_meant() {
    for profile in [Profile::Baseline, Profile::Gateway, Profile::Platform] {
        let matrix = matrix(profile, &manifests(profile));
        assert_eq!(wrong(&matrix), [], "{profile:?}");
        assert!(matrix.cells.iter().any(|c| c.expected_open), "{profile:?}");
        assert!(matrix.cells.iter().any(|c| !c.expected_open), "{profile:?}");
    }
}

/// The screen is about all parties, and the answers that are open are those about nodes.
#[test]
fn the_platform_has_all_parties_and_no_open_question() {
    let matrix = matrix(Profile::Platform, &manifests(Profile::Platform));
    for party in Party::ALL {
        assert!(matrix.cells.iter().any(|c| c.from == party || c.to == party), "{party}");
    }
    let unknown: Vec<_> = matrix
        .cells
        .iter()
        .filter(|c| matches!(c.verdict, Found::Unknown { .. }))
        .map(|c| (c.from, c.to))
        .collect();
    assert_eq!(unknown, []);
    let wide = |from, to| {
        let cell = matrix.cells.iter().find(|c| (c.from, c.to) == (from, to)).unwrap();
        matches!(cell.verdict, Found::Wide { .. })
    };
    assert!(wide(Party::Gateway, Party::Metadata));
    assert!(wide(Party::Migration, Party::External));
    assert!(wide(Party::Sandbox, Party::ApiServer), "it may be on the internet");
}

/// In a live run nothing is as intended for which nothing was sent, but what cannot be sent.
#[test]
fn a_cell_without_packets_is_not_as_intended() {
    let mut matrix = matrix(Profile::Platform, &manifests(Profile::Platform));
    matrix.observe(Vec::new());
    for cell in &matrix.cells {
        let alone = cell.from == Party::External || cell.to == Party::Private;
        let good = matches!(cell.verdict, Found::Match | Found::Wide { .. });
        assert_eq!(good, alone, "{} → {}: {:?}", cell.from, cell.to, cell.verdict);
    }
}

/// Starts from what is right and breaks one thing.
#[test]
fn one_fault_is_seen_where_it_is() {
    let find = |all: &[Value], name: &str| {
        all.iter()
            .position(|m| m["kind"] == "NetworkPolicy" && m["metadata"]["name"] == name)
            .unwrap()
    };
    let good = manifests(Profile::Platform);

    let mut removed = good.clone();
    removed.remove(find(&good, "hive-gateway-ingress"));
    let closed = wrong(&matrix(Profile::Platform, &removed));
    assert!(closed.contains(&(Party::Agent, Party::Gateway)), "{closed:?}");
    assert!(closed.contains(&(Party::IngressController, Party::Gateway)), "{closed:?}");
    assert!(closed.iter().all(|(_, to)| *to == Party::Gateway), "{closed:?}");

    let mut foreign = good.clone();
    foreign.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "debug-egress", "namespace": "hive-agents"},
        "spec": {"policyTypes": ["Egress"], "egress": [{}]},
    }));
    let open = wrong(&matrix(Profile::Platform, &foreign));
    assert!(open.contains(&(Party::Agent, Party::External)), "{open:?}");
    assert!(open.contains(&(Party::Agent, Party::Metadata)), "{open:?}");
    assert!(
        open.iter().all(|(from, _)| matches!(from, Party::Agent | Party::AgentMade)),
        "{open:?}"
    );

    let mut dns = good;
    for policy in dns.iter_mut().filter(|m| m["kind"] == "NetworkPolicy") {
        let rules = policy["spec"]["egress"].as_array_mut().into_iter().flatten();
        for ports in rules.filter_map(|r| r["ports"].as_array_mut()) {
            ports.retain(|p| p["port"] != 53 || p["protocol"] == "UDP");
        }
    }
    let half = wrong(&matrix(Profile::Platform, &dns));
    assert_eq!(half.len(), 7, "{half:?}");
    assert!(half.iter().all(|(_, to)| *to == Party::Dns), "{half:?}");
}

/// The Deployment's template is as it should be; one of its pods was given a label by hand.
#[test]
fn each_pod_that_differs_from_its_like_is_asked_about() {
    let mut all = manifests(Profile::Platform);
    let deployment = all
        .iter()
        .find(|m| m["kind"] == "Deployment" && m["metadata"]["name"] == "hive-agent")
        .unwrap();
    let template = &deployment["spec"]["template"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
        "metadata": {"name": "hive-agent-x", "namespace": "hive-agents",
            "labels": template["metadata"]["labels"], "ownerReferences": [
                {"kind": "Deployment", "name": "hive-agent", "controller": true}]},
    });
    let like_its_template = pod.clone();
    pod["metadata"]["name"] = json!("hive-agent-y");
    pod["metadata"]["labels"]["debug"] = json!("yes");
    let debug = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "debug", "namespace": "hive-agents"},
        "spec": {"podSelector": {"matchLabels": {"debug": "yes"}},
            "policyTypes": ["Egress"], "egress": [{}]},
    });
    all.extend([like_its_template, debug]);
    let found = wrong(&matrix(Profile::Platform, &all));
    assert!(found.iter().all(|(from, _)| *from == Party::AgentMade), "{found:?}");
    all.push(pod);
    let found = matrix(Profile::Platform, &all);
    assert!(wrong(&found).contains(&(Party::Agent, Party::External)), "{:?}", wrong(&found));
    let cell = found.cells.iter().find(|c| (c.from, c.to) == (Party::Agent, Party::External));
    assert_eq!(cell.unwrap().between[0], "hive-agents/hive-agent-y");
}

/// A policy that somebody else made.
fn foreign(namespace: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "foreign", "namespace": namespace}, "spec": spec,
    })
}

fn egress_to(peers: Value) -> Value {
    json!({"podSelector": {}, "policyTypes": ["Egress"],
        "egress": [{"to": peers, "ports": [{"port": 443}]}]})
}

/// What a foreign policy opens is found, whichever address, label, or namespace it is for.
#[test]
fn whatever_a_foreign_policy_opens_is_found() {
    let block = |cidr: &str| egress_to(json!([{"ipBlock": {"cidr": cidr}}]));
    let ingress_from = |peer: Value| json!({"podSelector": {}, "ingress": [{"from": [peer]}]});
    let debug = json!({"matchLabels": {"app": "debug"}});
    let red = json!({"matchLabels": {"team": "red"}});
    let cases = [
        ("hive-agents", block("0.0.0.0/1"), (Party::Agent, Party::External)),
        ("hive-agents", block("8.8.8.8/32"), (Party::AgentMade, Party::External)),
        ("hive-agents", block("::/0"), (Party::Agent, Party::External)),
        ("hive-agents", block("10.1.2.3/32"), (Party::AgentMade, Party::Private)),
        ("hive-agents", block("fd00:ec2::254/128"), (Party::AgentMade, Party::Metadata)),
        (
            "openhive",
            ingress_from(json!({"namespaceSelector": {}, "podSelector": debug})),
            (Party::Elsewhere, Party::Gateway),
        ),
        (
            "openhive",
            ingress_from(json!({"namespaceSelector": red})),
            (Party::Elsewhere, Party::Gateway),
        ),
        (
            "openhive",
            ingress_from(json!({"namespaceSelector": red, "podSelector": debug})),
            (Party::Elsewhere, Party::Migration),
        ),
        (
            "openhive",
            ingress_from(json!({"ipBlock": {"cidr": "2001:db8::/64"}})),
            (Party::External, Party::Gateway),
        ),
        (
            "openhive",
            json!({"podSelector": debug, "policyTypes": ["Egress"], "egress": [{}]}),
            (Party::Other, Party::External),
        ),
    ];
    for (namespace, spec, cell) in cases {
        let mut all = manifests(Profile::Platform);
        all.push(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "team", "labels": {"team": "red"}}}));
        all.push(foreign(namespace, spec.clone()));
        let open = wrong(&matrix(Profile::Platform, &all));
        assert!(open.contains(&cell), "{spec}: {open:?}");
    }
}

/// Two agents are two pods, and what one may not send to another is judged as any other flow.
#[test]
fn agents_that_may_talk_to_each_other_are_found() {
    let team = json!({"podSelector": {"matchLabels": {"team": "x"}}});
    let mut all = manifests(Profile::Platform);
    all.push(foreign(
        "hive-agents",
        json!({
            "podSelector": {"matchLabels": {"team": "x"}}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [team]}], "egress": [{"to": [team]}],
        }),
    ));
    let open = wrong(&matrix(Profile::Platform, &all));
    assert_eq!(open, [(Party::AgentMade, Party::AgentMade)]);
}

/// Both selectors of a flow have to be satisfied by the same labels.
#[test]
fn a_pod_whose_labels_satisfy_two_policies_at_once_is_found() {
    let mut all = manifests(Profile::Platform);
    let ingress = json!({"podSelector": {}, "ingress": [{"from": [
        {"podSelector": {"matchLabels": {"role": "client"}}}]}]});
    all.push(foreign("hive-sandbox", ingress));
    let egress = json!({"podSelector": {"matchLabels": {"tier": "front"}}, "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {}}]}]});
    let mut second = foreign("hive-sandbox", egress);
    second["metadata"]["name"] = json!("second");
    all.push(second);
    let open = wrong(&matrix(Profile::Platform, &all));
    assert!(open.contains(&(Party::Other, Party::Sandbox)), "{open:?}");
}

/// What is installed says the same as the values that it was made from.
#[test]
fn expectations_by_what_is_installed_are_those_of_the_values() {
    let mut reader = Reader::new("default");
    manifests(Profile::Platform).iter().for_each(|m| reader.add(m, None));
    let input = reader.finish();
    let values = values();
    let facts = ClusterFacts::of_cluster(crate::render::DiscoveredFacts::default());
    let by_values = crate::isolation::platform(Profile::Platform, &values, &facts);
    let policies = &input.cluster.policies;
    let (blind, notes) = crate::isolation::of_installed(Profile::Platform, &facts, policies, None);
    let text = |platform: &Platform| format!("{platform:?}");
    assert_eq!(text(&blind), text(&by_values));
    assert!(notes.iter().any(|note| note.contains("database's port")), "{notes:?}");
    let at = crate::isolation::DatabaseAt {
        host: values.database.host.clone(),
        port: values.database.port,
    };
    let (told, notes) =
        crate::isolation::of_installed(Profile::Platform, &facts, policies, Some(&at));
    assert_eq!(text(&told), text(&by_values));
    assert!(!notes.iter().any(|note| note.contains("database's port")), "{notes:?}");
}

/// Its Job is cleaned up; the next one must find its policies as they should be.
#[test]
fn a_migration_is_judged_also_where_its_job_is_gone() {
    let mut objects = manifests(Profile::Platform);
    let migration = |object: &Value| {
        object["kind"] == "Job" && object["metadata"]["name"] == "openhive-db-migrate"
    };
    let job = objects.iter().find(|o| migration(o)).unwrap().clone();
    let with = matrix(Profile::Platform, &objects);
    objects.retain(|object| !migration(object));
    let without = matrix(Profile::Platform, &objects);
    let said = |matrix: &Matrix| {
        let cells = matrix.cells.iter().filter(|c| [c.from, c.to].contains(&Party::Migration));
        cells.map(|c| (c.from, c.to, c.verdict.clone())).collect::<Vec<_>>()
    };
    assert!(!said(&with).is_empty());
    assert_eq!(said(&with), said(&without));
    // Its labels are those that the installer gives it.
    let labels = job["spec"]["template"]["metadata"]["labels"].as_object().unwrap();
    let mut labels: Vec<_> = labels.iter().map(|(k, v)| (&**k, v.as_str().unwrap())).collect();
    labels.retain(|(key, _)| *key != "app.kubernetes.io/version");
    let mut known = Party::Migration.labels().to_vec();
    labels.sort_unstable();
    known.sort_unstable();
    assert_eq!(labels, known);
}
