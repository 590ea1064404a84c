//! Screens of `verify-netpol`.

mod connections;
mod lint;
mod markdown;
mod report;
mod service;

mod diff;
mod explained;

use crate::ui::Style;
use manifest::yaml;
use netpol::explain::{Answer, Explanation, Side};

#[cfg(test)]
mod report_tests;

pub use connections::connections_table;
pub use lint::lint;
pub use markdown::report_markdown;
pub use report::{headline, report_table, strictness, summary, symbol};
pub use service::service_explanation;

pub use diff::diff_table;
pub use explained::explained_table;

/// Whether a flow passes, and what each side says.
#[must_use]
pub fn explanation(flow: &str, found: &Explanation, style: Style) -> String {
    let mut text = format!("{}  {flow}\n", answer(found.answer, style));
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
