//! Expectations: what is read, what is judged, and the file that `connections` writes.

use jiff::civil::{Date, date};

use super::*;
use crate::expect::{check, read, write};
use crate::finding::{Finding, Kind};
use crate::read::Reader;
use manifest::yaml;

const TODAY: Date = date(2026, 6, 1);

const SHOP: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: job, namespace: shop, labels: {app: job}}
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: db}}}]
    ports: [{port: 5432}]
  - to: [{ipBlock: {cidr: 192.0.2.0/24}}]
    ports: [{port: 443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
";

fn input(text: &str, cni: Option<Cni>) -> Input {
    let mut reader = Reader::new("default");
    reader.network().cni = cni;
    for document in yaml::read(text).unwrap() {
        reader.add(&document.value, None);
    }
    reader.finish()
}

fn shop() -> Input {
    input(SHOP, Some(Cni::Cilium))
}

fn expectations(rest: &str) -> Result<Vec<Finding>, Vec<String>> {
    let text = format!("apiVersion: openhive.io/v1\nkind: NetworkExpectations\n{rest}");
    let document = yaml::read(&text).unwrap().remove(0).value;
    let shown = |problems: Vec<Invalid>| -> Vec<String> {
        problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect()
    };
    check(&shop(), &read(&document, None).map_err(shown)?, TODAY).map_err(shown)
}

/// Entries as `kind flow`.
fn found(rest: &str) -> Vec<String> {
    let line = |f: &Finding| {
        let flow = f.flow.as_ref().unwrap();
        format!("{} {} → {} {}", f.kind, flow.from, flow.to, flow.ports)
    };
    expectations(rest).unwrap().iter().map(line).collect()
}

/// By labels, so that pods that are made later count as well.
const BOTH: &str = "
- {from: {podSelector: {matchLabels: {app: web}}}, to: {podSelector: {matchLabels: {app: db}}}, ports: [{port: 5432}], verdict: allow, reason: orders}
- {from: {podSelector: {matchLabels: {app: web}}}, to: {cidr: 192.0.2.0/24}, ports: [{port: 443}], verdict: allow, reason: mail}
";

#[test]
fn what_is_listed_and_nothing_else_is_as_expected() {
    assert_eq!(found(&format!("flows: {BOTH}")), [""; 0]);
    let first = BOTH.lines().nth(1).unwrap();
    assert_eq!(
        found(&format!("default: deny\nflows:\n{first}")),
        ["bypass shop/web → 192.0.2.0/24 TCP 443"]
    );
    assert_eq!(found(&format!("default: ignore\nflows:\n{first}")), [""; 0]);
}

#[test]
fn closed_that_must_be_open_and_open_that_must_be_closed_are_found_with_their_rules() {
    let entry = |from: &str, to: &str, verdict: &str| {
        format!(
            "default: ignore\nflows:\n- {{from: {from}, to: {to}, verdict: {verdict}, reason: r, ports: [{{port: 5432}}]}}\n"
        )
    };
    let (web, db) = ("{workload: shop/pod/web}", "{podSelector: {matchLabels: {app: db}}}");
    assert_eq!(found(&entry(web, db, "allow")), [""; 0]);
    let job = "{workload: shop/pod/job}";
    assert_eq!(found(&entry(job, web, "deny")), [""; 0]);
    let findings = expectations(&entry(job, web, "allow")).unwrap();
    assert_eq!(findings[0].kind, Kind::Overblock);
    let objects: Vec<_> = findings[0].because.iter().map(|c| c.object.as_str()).collect();
    assert_eq!(
        objects,
        ["NetworkExpectations", "networkpolicy shop/all", "networkpolicy shop/all"]
    );
    let findings = expectations(&entry(web, db, "deny")).unwrap();
    assert_eq!(findings[0].kind, Kind::Bypass);
    let rules: Vec<_> = findings[0].because[1..].iter().map(|c| c.field.clone().unwrap()).collect();
    assert_eq!(rules, ["spec.egress[0]", "spec.ingress[0]"]);
    assert!(findings[0].message.contains("flows[0], r"), "{}", findings[0].message);
}

#[test]
fn the_first_entry_about_a_port_decides() {
    let rest = "{from: any, to: {workload: shop/pod/db}, verdict: deny, reason: nobody else}";
    assert_eq!(found(&format!("default: ignore\nflows: {BOTH}\n- {rest}\n")), [""; 0]);
    let turned = found(&format!("default: ignore\nflows:\n- {rest}\n{}", BOTH.trim_start()));
    assert_eq!(turned, ["bypass any → shop/pod/db TCP 5432"]);
}

#[test]
fn an_entry_that_is_over_or_about_nobody_is_refused() {
    let entry = |party: &str, more: &str| {
        format!(
            "flows:\n- {{from: {party}, to: {{workload: shop/pod/db}}, verdict: deny, reason: r{more}}}\n"
        )
    };
    for nobody in
        ["{workload: shop/deployment/nobody}", "{podSelector: {matchLabels: {app: nobody}}}"]
    {
        let problems = expectations(&entry(nobody, "")).unwrap_err();
        assert_eq!(problems, ["flows[0].from: matches nobody in the input"], "{nobody}");
    }
    let web = "{workload: shop/pod/web}";
    let over = expectations(&entry(web, ", expires: 2026-05-31")).unwrap_err();
    assert_eq!(
        over,
        ["flows[0].expires: the entry was for the time until 2026-05-31, which is over"]
    );
    assert!(expectations(&entry(web, ", expires: 2026-06-01")).is_ok());
}

#[test]
fn every_mistake_in_the_file_is_told_with_its_field() {
    let problems = expectations(
        "default: allow
flows:
- {from: some, to: {workload: shop/db}, verdict: maybe, reason: ' ', expires: soon, port: 80}
- {from: {cidr: 192.0.2.0/99, podSelector: {}}, to: {}, ports: [{port: http}, {endPort: 9}], verdict: allow}
- {from: {workload: a/b/c, cidr: 192.0.2.0/24}, to: any, ports: [{port: 9, endPort: 8}], verdict: deny, reason: r}
more: 1
",
    )
    .unwrap_err();
    for wanted in [
        "more: unknown field",
        "default: \"allow\" is not one of deny, ignore",
        "flows[0].port: unknown field, did you mean ports?",
        "flows[0].from: \"some\" is not one of any, workload",
        "flows[0].to.workload: \"shop/db\" is not a workload such as",
        "flows[0].verdict: \"maybe\" is not one of allow, deny",
        "flows[0].reason: required",
        "flows[0].expires: \"soon\" is not a day",
        "flows[1].from.podSelector: must not stand beside cidr",
        "flows[1].from.cidr: \"192.0.2.0/99\" is not a CIDR",
        "flows[1].to: needs one of any, workload",
        "flows[1].ports[0].port: must be a port number",
        "flows[1].ports[1].endPort: needs a port beside it",
        "flows[1].reason: required",
        "flows[2].from.cidr: must not stand beside workload",
        "flows[2].ports[0].endPort: 8 is less than port 9",
    ] {
        assert!(problems.iter().any(|p| p.starts_with(wanted)), "{wanted}: {problems:#?}");
    }
    let empty = read(&json!({}), None).unwrap_err();
    let fields: Vec<_> = empty.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["apiVersion", "kind", "flows"]);
}

/// What `connections -o expect` writes is as expected of the same input.
fn comes_round(input: &Input) -> Vec<Finding> {
    let text = yaml::write_one(&write(input)).unwrap();
    let document = yaml::read(&text).unwrap().remove(0).value;
    let expectations = read(&document, None).unwrap_or_else(|p| panic!("{p:?}\n{text}"));
    check(input, &expectations, TODAY).unwrap_or_else(|p| panic!("{p:?}\n{text}"))
}

#[test]
fn a_first_file_passes() {
    assert_eq!(comes_round(&shop()), []);
    // Without policies, and with pods that behave alike.
    let open = SHOP.split("---\napiVersion: networking").next().unwrap();
    assert_eq!(comes_round(&input(open, None)), []);
    // Where something depends on the plugin, it is listed, and is not proven either way.
    let findings = comes_round(&input(&SHOP.replace("192.0.2.0/24", "0.0.0.0/0"), None));
    assert!(
        !findings.is_empty() && findings.iter().all(|f| f.kind == Kind::Unknown),
        "{findings:?}"
    );
}
