//! Formats with what others wrote in them.
#![allow(clippy::unwrap_used)]

use jiff::civil::date;
use serde_json::{Value, json};

use super::report_markdown;
use ::netpol::finding::{Cause, Finding, Flow, Kind, Role, Severity};
use ::netpol::findings::of_proof;
use ::netpol::input::Counts;
use ::netpol::invalid::Place;
use ::netpol::lint::Code;
use ::netpol::observe::{Proof, Sent};
use ::netpol::report::baseline::Baseline;
use ::netpol::report::model::{Check, ClusterInfo, End, Report, Source, Strict};

/// Ends elements, attributes, tables, code spans, commands, and lines.
const HOSTILE: &str = "a\"'<b>&]]>|`c`%0A\n::error::x\r\u{1b}[31m{d},e:f @g";

fn finding(kind: Kind, to: &str, text: &str) -> Finding {
    Finding {
        kind,
        code: (kind == Kind::Lint).then_some(Code::AllowAll),
        message: text.to_owned(),
        flow: (kind != Kind::Lint).then(|| Flow {
            from: "a".to_owned(),
            to: to.to_owned(),
            ports: "TCP 80".to_owned(),
        }),
        because: vec![Cause {
            object: format!("networkpolicy x/{text}"),
            field: Some("spec.egress[0]".to_owned()),
            role: Role::Opens,
            rule: Some(text.to_owned()),
            origin: None,
            place: Some(Place { file: format!("./{text}.yaml"), line: Some(7) }),
        }],
        fix: vec![format!("do:  {text}")],
        optional: false,
    }
}

fn report(strict: bool, findings: Vec<Finding>) -> Report {
    let end = |name: &str| End { name: name.to_owned(), namespace: Some(HOSTILE.to_owned()) };
    let flows = findings.iter().filter_map(|f| f.flow.as_ref());
    let check = |flow: &Flow| Check {
        from: end(&flow.from),
        to: end(&flow.to),
        expected_open: false,
        pairs: 0,
        evidence: Value::Null,
        finding: None,
    };
    let mut report = Report {
        version: "1.0.0".to_owned(),
        source: Source { kind: "manifests", name: HOSTILE.to_owned(), digest: String::new() },
        expectations: HOSTILE.to_owned(),
        head: HOSTILE.to_owned(),
        profile: "platform".to_owned(),
        gaps: Vec::new(),
        not_ours: Vec::new(),
        counts: Counts::default(),
        cluster: None,
        strict: Strict { on: strict, why: "CI is set" },
        fail_on: Some(Severity::Error),
        checks: flows.map(check).collect(),
        findings: Vec::new(),
        stale: vec![HOSTILE.to_owned()],
    };
    report.judge(findings, &Baseline::empty(date(2026, 1, 1)));
    report
}

fn hostile() -> Report {
    let kinds = [Kind::Bypass, Kind::Overblock, Kind::Unknown, Kind::Wide, Kind::Lint];
    report(true, kinds.map(|kind| finding(kind, &format!("{kind}{HOSTILE}"), HOSTILE)).to_vec())
}

/// A report of two flows of a cluster in which packets were sent.
fn sent(proof: Proof, findings: Vec<Finding>) -> Report {
    let mut report =
        report(true, vec![finding(Kind::Wide, "b", "x"), finding(Kind::Wide, "c", "x")]);
    let live = Some(Sent { run: "1".to_owned(), proof, ..Sent::default() });
    report.cluster = Some(ClusterInfo { live, ..ClusterInfo::default() });
    report.judge(findings, &Baseline::empty(date(2026, 1, 1)));
    report
}

/// Policies without effect make nothing as intended, and no format says otherwise.
#[test]
fn where_policies_are_not_enforced_no_flow_is_as_intended() {
    let proof = Proof::default().not_enforced("a policy that denies everything changed nothing");
    let found = of_proof(&proof).unwrap();
    assert_eq!(found.kind, Kind::NotEnforcing);
    let report = sent(proof, vec![found]);
    assert_eq!(report.worst(), Some(Kind::NotEnforcing));
    let totals = report.totals();
    assert_eq!((totals.checks, totals.as_intended, totals.unknown), (2, 0, 2));
    assert!(report.json()["result"] == "not-enforcing");
    assert!(report.junit().contains(r#"failures="2""#), "{}", report.junit());
    for text in [report.junit(), report.github(), report_markdown(&report)] {
        assert!(text.contains("CNI enforces NetworkPolicy: NO (a policy that"), "{text}");
    }
    assert_eq!(report.sarif()["runs"][0]["results"][0]["ruleId"], "not-enforcing");
}

#[test]
fn a_proof_that_says_nothing_is_an_open_question() {
    assert_eq!(of_proof(&Proof { enforced: true, conclusive: true, ..Proof::default() }), None);
    let found = of_proof(&Proof::inconclusive("no right".to_owned())).unwrap();
    assert!(found.message.ends_with("(no right)"), "{}", found.message);
    assert_eq!(sent(Proof::default(), vec![found]).worst(), Some(Kind::Unknown));
}

#[test]
fn what_need_not_be_there_fails_nothing() {
    let mut found = finding(Kind::UnreachableBaseline, "b", "x");
    assert_eq!(sent(Proof::default(), vec![found.clone()]).worst(), found.kind.into());
    found.optional = true;
    let report = sent(Proof::default(), vec![found]);
    assert_eq!(report.worst(), None);
    assert_eq!(report.totals().as_intended, 1);
}

#[test]
fn no_name_breaks_out_of_xml() {
    for text in [hostile().junit(), hostile().picture().svg()] {
        let document = roxmltree::Document::parse(&text).unwrap();
        assert!(!document.descendants().any(|n| n.has_tag_name("b")), "{text}");
        assert!(text.contains("&lt;b&gt;&amp;]]&gt;"), "{text}");
    }
    let junit = hostile().junit();
    let document = roxmltree::Document::parse(&junit).unwrap();
    let cases = document.descendants().filter(|n| n.has_tag_name("testcase")).count();
    assert_eq!(cases, 5);
}

#[test]
fn no_name_breaks_out_of_a_workflow_command() {
    let text = hostile().github();
    assert_eq!(text.lines().count(), 6, "{text}");
    for line in text.lines() {
        assert!(line.starts_with("::"), "{line}");
        let command = line[2..].split("::").next().unwrap();
        let (name, properties) = command.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&name), "{line}");
        for property in properties.split(',') {
            let (key, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "title"].contains(&key), "{line}");
            assert!(!value.contains([':', '\n', '\r']), "{line}");
        }
    }
    assert!(text.contains("%250A%0A"), "{text}");
    assert!(!text.contains('\r'), "{text}");
}

#[test]
fn no_name_breaks_out_of_markdown() {
    let text = report_markdown(&hostile());
    // Names with backticks stand between two of them.
    for plain in text.lines().flat_map(|line| line.split("``").step_by(2)) {
        assert!(!plain.contains("<b>") && !plain.contains("@g"), "{plain}");
    }
    let table = text.lines().filter(|line| line.starts_with("| ")).collect::<Vec<_>>();
    assert_eq!(table.len(), 5, "{text}");
    for row in table {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
}

#[test]
fn sarif_is_what_a_typed_model_of_the_schema_knows() {
    let document = hostile().sarif();
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(document.clone()).unwrap();
    // Nothing of it was dropped: each field is one of the schema's.
    let back = serde_json::to_value(&typed).unwrap();
    assert_eq!(back, document);
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        let uri = uri.as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_graphic()), "{uri}");
        assert!(!uri.contains([':', '<', '"', '|', '`', '\\']), "{uri}");
    }
}

#[test]
fn what_is_not_proven_is_never_a_passed_test() {
    for (strict, tag) in [(true, "failure"), (false, "skipped")] {
        for kind in [Kind::Unknown, Kind::CniDependent, Kind::UnreachableBaseline] {
            let report = report(strict, vec![finding(kind, "b", "c")]);
            let junit = report.junit();
            let document = roxmltree::Document::parse(&junit).unwrap();
            let case = document.descendants().find(|n| n.has_tag_name("testcase")).unwrap();
            assert!(case.children().any(|n| n.has_tag_name(tag)), "{junit}");
            assert_eq!(report.worst().is_some(), strict);
        }
    }
}

#[test]
fn annotations_are_capped_with_a_count_of_the_rest() {
    let many =
        |n: usize| (0..n).map(|i| finding(Kind::Bypass, &format!("b{i}"), "c")).collect::<Vec<_>>();
    let errors = |report: Report| {
        let text = report.github();
        text.lines().filter(|l| l.starts_with("::error")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(errors(report(true, many(10))).len(), 10);
    let lines = errors(report(true, many(25)));
    assert_eq!(lines.len(), 10);
    assert!(lines[9].contains("and 16 more of 25"), "{lines:?}");
    // A pull request's comment has a limit as well.
    let text = report_markdown(&report(true, many(2_000)));
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("do not fit"), "{text}");
}

#[test]
fn only_lint_from_the_given_severity_on_fails() {
    // This one is an error.
    let lint = || vec![finding(Kind::Lint, "b", "c")];
    for (from, fails) in
        [(Some(Severity::Error), true), (Some(Severity::Note), true), (None, false)]
    {
        let mut report = report(true, Vec::new());
        report.fail_on = from;
        report.judge(lint(), &Baseline::empty(date(2026, 1, 1)));
        assert_eq!(report.worst(), fails.then_some(Kind::Lint));
    }
    let mut both = lint();
    both.push(finding(Kind::Unknown, "b", "c"));
    both.push(finding(Kind::Wide, "d", "c"));
    assert_eq!(report(true, both.clone()).worst(), Some(Kind::Unknown));
    assert_eq!(report(false, both).worst(), Some(Kind::Lint));
    assert_eq!(report(true, vec![finding(Kind::Wide, "d", "c")]).worst(), None);
}

#[test]
fn the_json_counts_what_it_lists() {
    let document = hostile().json();
    assert_eq!(document["result"], "bypass");
    assert_eq!(document["totals"]["checks"], 4);
    assert_eq!(document["totals"]["failing"], 4);
    let failing = document["findings"].as_array().unwrap().iter().filter(|f| f["fails"] == true);
    assert_eq!(json!(failing.count()), document["totals"]["failing"]);
}
