//! What stands above the matrix where packets were sent.

use crate::engine::probe::Proof;
use crate::ui::Style;

/// `CNI enforces NetworkPolicy: yes (Cilium 1.20; open 4 ms → deny: time-out after 0.9 s → open)`.
#[must_use]
pub fn proof_line(proof: &Proof, plugins: &[String], style: Style) -> String {
    let mut seen = plugins.to_vec();
    let denials = [("egress", proof.egress), ("ingress", proof.ingress)];
    let denied: Vec<String> = denials
        .iter()
        .filter_map(|(side, denial)| {
            denial.map(|d| format!("{side} {} after {:.1} s", d.how, d.after))
        })
        .collect();
    if let Some(open) = proof.open_milliseconds {
        let mut text = format!("open {open} ms");
        if !denied.is_empty() {
            text.push_str(&format!(" → deny: {}", denied.join(", ")));
        }
        if let Some(again) = proof.open_again_after {
            text.push_str(&format!(" → open after {again:.1} s"));
        }
        seen.push(text);
    }
    seen.extend(proof.failed.clone());
    let seen = if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) };
    let answer = match (proof.enforced, proof.conclusive) {
        (true, _) => style.good("yes"),
        (false, true) => style.bad("NO: every policy is without effect, whatever it says"),
        (false, false) => style.warn("not shown"),
    };
    format!("CNI enforces NetworkPolicy: {answer}{seen}")
}
