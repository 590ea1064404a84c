//! Screens of `verify-netpol`.

mod matrix;

use std::collections::HashMap;
use std::fmt::{self, Write};

use crate::netpol::Direction;
use crate::netpol::engine::{Connections, End, Ports};
use crate::netpol::explain::{Answer, Explanation, Side};
use crate::netpol::ports::PortRange;
use crate::render::yaml;
use crate::ui::Style;

pub use matrix::{matrix_table, summary};

/// Groups with their members, then one line for each connection.
///
/// # Errors
/// Those of the writer.
pub fn connections_table(
    connections: &mut Connections<'_>,
    ungrouped: bool,
    out: &mut dyn Write,
) -> fmt::Result {
    let labels = labels(connections, ungrouped);
    if !ungrouped {
        for class in connections.ends() {
            let End::Group(group) = connections.end(class) else { continue };
            if let [only] = connections.members(group).collect::<Vec<_>>().as_slice() {
                debug_assert_eq!(labels[&class], [connections.member(*only).id()]);
                continue;
            }
            let members: Vec<String> =
                connections.members(group).map(|m| connections.member(m).id()).collect();
            writeln!(out, "{} = {}", labels[&class][0], members.join(", "))?;
        }
    }
    for class in connections.ends() {
        for edge in connections.from(class) {
            let (End::Group(to) | End::Stranger(to)) = edge.to;
            for from in &labels[&class] {
                for to in labels[&to].iter().filter(|to| *to != from || !ungrouped) {
                    line(out, from, to, &edge.ports)?;
                }
            }
        }
        if let End::Group(_) = connections.end(class) {
            for direction in Direction::ALL {
                for row in connections.outside(class, direction).iter() {
                    let spans: Vec<String> =
                        row.addresses.iter().map(ToString::to_string).collect();
                    let outside = spans.join(", ");
                    for own in &labels[&class] {
                        let (from, to) = match direction {
                            Direction::Ingress => (&outside, own),
                            Direction::Egress => (own, &outside),
                        };
                        line(out, from, to, std::slice::from_ref(&row.ports))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// What each group and stranger is called; several names where they are listed one by one.
fn labels(connections: &Connections<'_>, ungrouped: bool) -> HashMap<usize, Vec<String>> {
    let name = |class| match connections.end(class) {
        End::Stranger(class) => {
            let pattern = connections.stranger(class);
            let json = |selector| serde_json::to_string(selector).unwrap_or_default();
            vec![format!(
                "unknown pod {} in namespace {}",
                json(&pattern.pod_selector),
                json(&pattern.namespace_selector)
            )]
        }
        End::Group(group) => {
            let members: Vec<String> =
                connections.members(group).map(|m| connections.member(m).id()).collect();
            if ungrouped || members.len() == 1 { members } else { vec![format!("g{}", group + 1)] }
        }
    };
    connections.ends().map(|class| (class, name(class))).collect()
}

fn line(out: &mut dyn Write, from: &str, to: &str, ports: &[Ports]) -> fmt::Result {
    for row in ports {
        let ranges: Vec<String> = if row.ranges == [PortRange::ALL] {
            vec!["all".to_owned()]
        } else {
            row.ranges.iter().map(ToString::to_string).collect()
        };
        let why = row.why.map(|why| format!("  ? {why}")).unwrap_or_default();
        writeln!(out, "{from} → {to}  {} {}{why}", row.protocol, ranges.join(","))?;
    }
    Ok(())
}

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
    push(format!("  {}: {}{why}", side.direction, answer(side.answer, style)));
    if side.policies.is_empty() {
        push("    no policy selects it in this direction: not isolated".to_owned());
    }
    for policy in &side.policies {
        let perhaps = if policy.certain { "" } else { ", perhaps" };
        if policy.matching.is_empty() {
            push(format!("    {}{perhaps}: no rule matches", policy.policy));
        }
        for rule in &policy.matching {
            let perhaps = if rule.certain { perhaps } else { ", perhaps" };
            push(format!("    {}, rule {}{perhaps}: {}", policy.policy, rule.rule, rule.action));
        }
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
