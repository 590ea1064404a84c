//! Screens of `verify-netpol`.

mod connections;
mod lint;
mod markdown;
mod report;
mod service;

mod diff;
mod explained;

use crate::ui::{Style, count};
use manifest::yaml;
use netpol::explain::{Answer, Explanation, Side};
use netpol::flow_end::{FlowExplanation, Overall};
use netpol::{Protocol, Why};

#[cfg(test)]
mod report_tests;

pub use connections::connections_table;
pub use lint::lint;
pub use markdown::report_markdown;
pub use report::{headline, report_table, strictness, summary, symbol};
pub use service::service_explanation;

pub use diff::diff_table;
pub use explained::explained_table;

/// Whether a flow passes, and what each side says; of parties whose pods differ for each kind.
#[must_use]
pub fn flow_explanation(
    [source, destination]: [&str; 2],
    (protocol, port): (Protocol, u16),
    found: &FlowExplanation,
    style: Style,
) -> String {
    let flow = format!("{source} → {destination} {protocol} {port}");
    if let [kind] = found.kinds.as_slice() {
        return explanation(&flow, &kind.explanation, style);
    }
    let number = count(found.kinds.len(), "answer");
    let mut text = format!("{}  {flow} ({number})\n", overall(found.answer, style));
    for kind in &found.kinds {
        let (pairs, one) = (count(kind.pairs, "pair"), (&kind.source, &kind.destination));
        let flow = format!("{pairs} of pods, such as {} → {}", one.0, one.1);
        text.push('\n');
        text.push_str(&explanation(&flow, &kind.explanation, style));
    }
    text
}

fn overall(answer: Overall, style: Style) -> String {
    match answer {
        Overall::Allowed => self::answer(Answer::Allowed, style),
        Overall::Denied => self::answer(Answer::Denied, style),
        Overall::Mixed => style.warn("? mixed"),
        Overall::Uncertain => self::answer(Answer::Uncertain, style),
    }
}

/// Whether a flow passes, and what each side says.
fn explanation(flow: &str, found: &Explanation, style: Style) -> String {
    let mut text = format!("{}  {flow}\n", answer(found.answer, style));
    if found.why == Some(Why::UnknownNode) {
        text.push_str("\n  the source may be the node of the pod, which reaches it always\n");
    }
    if found.always {
        text.push_str(
            "\n  no policy is asked: a pod always reaches itself, and its node the pod\n",
        );
        return text;
    }
    for side in [&found.egress, &found.ingress] {
        text.push('\n');
        push_side(&mut text, side, style);
    }
    text
}

fn answer(answer: Answer, style: Style) -> String {
    match answer {
        Answer::Allowed => style.good("✓ allowed"),
        Answer::Denied => style.bad("✗ denied"),
        Answer::Uncertain => style.warn("? uncertain"),
    }
}

fn push_side(text: &mut String, side: &Side, style: Style) {
    let why = side.why.map(|why| format!(" ({why})")).unwrap_or_default();
    let mut push = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    push(format!("  {}: {}{why}", side.reason.direction, answer(side.answer, style)));
    if side.reason.policies.is_empty() && side.reason.not_evaluated.is_empty() {
        push("    no policy selects it in this direction: not isolated".to_owned());
    }
    for policy in &side.reason.policies {
        let perhaps = if policy.certain { "" } else { ", perhaps" };
        if policy.rules.is_empty() {
            push(format!("    {}{perhaps}: no rule matches", policy.policy));
        }
        for rule in &policy.rules {
            let perhaps = if rule.on.uncertain.is_empty() { perhaps } else { ", perhaps" };
            push(format!(
                "    {}, rule {}{perhaps}: {}",
                policy.policy,
                rule.rule,
                rule.action.name()
            ));
        }
    }
    for policy in &side.reason.not_evaluated {
        push(format!("    {policy} may select it and is not evaluated"));
    }
    if let Some(addition) = &side.addition {
        let direction = addition.direction;
        push(format!(
            "    to open it, append to {direction} of networkpolicy {}:",
            addition.policy
        ));
        let rule = yaml::write_one(&serde_json::json!([addition.rule])).unwrap_or_default();
        rule.lines().for_each(|line| push(format!("      {line}")));
    }
}
