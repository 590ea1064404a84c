//! Each fault is told with the rule that makes it, where that is written, and what to do.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::render::testkit::values;
use crate::render::{ClusterFacts, Profile, RenderOptions, render};
use manifest::yaml;
use netpol::Place;
use netpol::finding::{Cause, Finding, Kind};
use netpol::finding::{Origin, Role};
use netpol::findings::{Scene, Source, of_matrix};
use netpol::matrix::Matrix;
use netpol::read::Reader;

fn rendered() -> Vec<Value> {
    let values = values();
    let facts = ClusterFacts::resolve(&values, None);
    let options = RenderOptions { migration_job: true, ..RenderOptions::default() };
    let rendered = render(&values, &facts, Profile::Platform, &options).unwrap();
    rendered.objects.into_iter().map(|o| o.manifest).collect()
}

/// The findings about objects that stand in one file.
fn found(objects: &[Value], source: Source) -> Vec<Finding> {
    let text = yaml::write(objects).unwrap();
    let mut reader = Reader::new("default");
    for document in yaml::read(&text).unwrap() {
        let line = u32::try_from(document.line).ok();
        let place = Place { file: "all.yaml".to_owned(), line };
        reader.add(&document.value, (source == Source::Manifests).then_some(&place));
    }
    let input = reader.finish();
    let mut own = Reader::new("default");
    rendered().iter().for_each(|m| own.add(m, None));
    let values = values();
    let facts = ClusterFacts::resolve(&values, None);
    let platform = crate::isolation::platform(Profile::Platform, &values, &facts);
    let scene = Scene {
        input: &input,
        platform: &platform,
        ours: Some(&own.finish().cluster.policies),
        source,
        values: "prod.env",
        text: &|_| Some(&text),
        key: &|key| {
            let line = (key == "OPENHIVE_DATABASE_CIDR").then_some(7);
            Some(Place { file: "prod.env".to_owned(), line })
        },
    };
    let findings = of_matrix(&Matrix::new(&input, &platform), &scene);
    // Lines are right: the rule that is named stands there.
    for cause in findings.iter().flat_map(|f| &f.because) {
        if let (Some(place), Role::Opens, Source::Manifests) = (&cause.place, cause.role, source) {
            let line = text.lines().nth(place.line.unwrap() as usize - 1).unwrap();
            assert!(line.trim_start().starts_with('-'), "{cause:?}: {line}");
        }
    }
    findings
}

fn of<'f>(findings: &'f [Finding], from: &str, to: &str) -> &'f Finding {
    let is = |f: &&Finding| f.flow.as_ref().is_some_and(|f| f.from == from && f.to == to);
    findings.iter().find(is).unwrap()
}

fn debug_egress() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "debug-egress", "namespace": "hive-agents"},
        "spec": {"policyTypes": ["Egress"], "egress": [
            {"to": [{"podSelector": {"matchLabels": {"app": "x"}}}], "ports": [{"port": 80}]},
            {},
        ]},
    })
}

#[test]
fn a_foreign_policy_is_named_with_its_rule_and_can_be_removed() {
    let mut all = rendered();
    all.push(debug_egress());
    let findings = found(&all, Source::Cluster);
    assert_eq!(findings[0].kind, Kind::Bypass);
    let finding = of(&findings, "agent", "external");
    let message = "expected closed, policies allow all ports; 2 of 2 flows, such as \
                   hive-agents/deployment/hive-agent → 0.0.0.0-9.255.255.255";
    assert!(finding.message.starts_with(message), "{}", finding.message);
    assert_eq!(
        finding.because[0].words(),
        "opened by networkpolicy hive-agents/debug-egress, rule egress[1] (to any, port any), \
         not part of the platform"
    );
    assert_eq!(finding.because.len(), 1);
    assert_eq!(
        finding.fix,
        ["remove it:  kubectl delete networkpolicy -n hive-agents debug-egress"]
    );
    let findings = found(&all, Source::Manifests);
    let finding = of(&findings, "agent", "external");
    let place = finding.because[0].place.as_ref().unwrap();
    assert_eq!(
        finding.fix,
        [format!("delete rule egress[1] of networkpolicy hive-agents/debug-egress in {place}")]
    );
}

#[test]
fn a_policy_that_is_missing_is_asked_back() {
    let without = |names: &[&str]| {
        let mut all = rendered();
        let gone = |m: &Value| {
            m["kind"] == "NetworkPolicy"
                && m["metadata"]["namespace"] == "openhive"
                && names.iter().any(|name| m["metadata"]["name"] == *name)
        };
        all.retain(|m| !gone(m));
        found(&all, Source::Cluster)
    };
    let back = |name: &str| {
        format!("put networkpolicy openhive/{name} back:  kubectl openhive install -f prod.env")
    };
    let findings = without(&["hive-gateway-ingress"]);
    let closed = of(&findings, "dashboard", "gateway");
    assert_eq!(closed.kind, Kind::Overblock);
    assert_eq!(
        closed.because[0].words(),
        "isolated by networkpolicy openhive/default-deny, of which no ingress rule lets it pass"
    );
    assert_eq!(closed.fix, [back("hive-gateway-ingress")]);
    let findings = without(&["hive-gateway-ingress", "default-deny"]);
    let open = of(&findings, "elsewhere", "gateway");
    assert_eq!((open.kind, open.because[0].role), (Kind::Bypass, Role::NotIsolated));
    assert_eq!(
        open.because[0].words(),
        "no policy isolates deployment openhive/hive-gateway (ingress)"
    );
    assert_eq!(open.fix, [back("default-deny"), back("hive-gateway-ingress")]);
}

#[test]
fn a_policy_of_ours_with_other_rules_is_told_as_changed() {
    let mut all = rendered();
    let policy = |m: &&mut Value| {
        m["kind"] == "NetworkPolicy" && m["metadata"]["name"] == "hive-gateway-ingress"
    };
    let changed = all.iter_mut().find(policy).unwrap();
    changed["spec"]["ingress"] = json!([{"ports": [{"port": 8080}]}]);
    let findings = found(&all, Source::Manifests);
    let cause = &of(&findings, "elsewhere", "gateway").because[0];
    assert_eq!(cause.origin, Some(Origin::Changed));
    assert_eq!(cause.rule.as_deref(), Some("from any, port TCP 8080"));
    let mut all = rendered();
    all.iter_mut().find(policy).unwrap()["spec"]["ingress"] = json!([]);
    let findings = found(&all, Source::Manifests);
    let finding = of(&findings, "dashboard", "gateway");
    assert_eq!(finding.kind, Kind::Overblock);
    assert_eq!(finding.because[0].origin, Some(Origin::Changed));
    assert_eq!(
        finding.fix,
        [
            "put networkpolicy openhive/hive-gateway-ingress back, as it is in:  kubectl openhive render -f prod.env"
        ]
    );
}

#[test]
fn what_a_foreign_policy_closes_is_told_with_the_rule_that_opens_it() {
    let mut all = rendered();
    // The platform's own policy is there, and does not select the pods any longer.
    for policy in all.iter_mut().filter(|m| m["metadata"]["name"] == "hive-gateway-ingress") {
        policy["metadata"]["name"] = json!("theirs");
        policy["spec"]["ingress"] = json!([]);
    }
    let findings = found(&all, Source::Cluster);
    let finding = of(&findings, "dashboard", "gateway");
    assert_eq!(
        finding.because[0].words(),
        "isolated by networkpolicy openhive/theirs, of which no ingress rule lets it pass, not part of the platform"
    );
    assert!(finding.fix[0].starts_with("put networkpolicy openhive/hive-gateway-ingress back"));
}

#[test]
fn rendered_input_is_told_by_the_key_of_the_values_file() {
    let findings = found(&rendered(), Source::Rendered);
    let wide = of(&findings, "migration", "external");
    assert_eq!(wide.kind, Kind::Wide);
    assert_eq!(wide.because[0].place.as_ref().unwrap().to_string(), "prod.env:7");
    assert_eq!(wide.fix, ["narrow it with OPENHIVE_DATABASE_CIDR"]);
    let wide = of(&findings, "sandbox", "api-server");
    assert_eq!(wide.kind, Kind::Wide);
    // Every rule that opens it, also the one that may or may not hold its address.
    let rules: Vec<String> = wide.because.iter().map(Cause::words).collect();
    assert_eq!(rules.len(), 2, "{rules:?}");
    assert!(rules[0].starts_with("opened by") && rules[0].contains("port TCP 6432"), "{rules:?}");
    assert!(rules[1].starts_with("perhaps by") && rules[1].contains("port TCP 443"), "{rules:?}");
    assert!(wide.fix[0].contains("OPENHIVE_API_SERVER_CIDR"), "{:?}", wide.fix);
}

/// Only one of the pods is open: it is named, also where its name is that of a party.
#[test]
fn the_pod_that_is_open_is_named() {
    let mut all = rendered();
    let mut policy = debug_egress();
    policy["spec"]["podSelector"] = json!({"matchLabels": {"debug": "yes"}});
    all.push(policy);
    for (name, labels) in [("quiet", json!({})), ("agent", json!({"debug": "yes"}))] {
        all.push(json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []},
            "metadata": {"name": name, "namespace": "hive-agents", "labels": labels}}));
    }
    let findings = found(&all, Source::Cluster);
    let finding = of(&findings, "agent*", "external");
    let seen = "flows, such as hive-agents/agent → ";
    assert!(finding.message.contains(seen), "{}", finding.message);
    assert_eq!(finding.because[0].object, "networkpolicy hive-agents/debug-egress");
}

/// Of two that are open, the one that is open on more ports.
#[test]
fn the_pod_that_is_open_the_widest_is_named() {
    let mut all = rendered();
    for (name, egress) in [("narrow", json!([{"ports": [{"port": 80}]}])), ("open", json!([{}]))] {
        all.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": "hive-agents"},
            "spec": {"podSelector": {"matchLabels": {"debug": name}}, "policyTypes": ["Egress"],
                "egress": egress}}));
        all.push(json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []},
            "metadata": {"name": name, "namespace": "hive-agents", "labels": {"debug": name}}}));
    }
    let findings = found(&all, Source::Cluster);
    let message = &of(&findings, "agent*", "external").message;
    assert!(message.contains("flows, such as hive-agents/open → "), "{message}");
}
