//! `explain` of a Service: one line for all of its backends, then each.

use super::explanation;
use crate::ui::{Style, count};
use netpol::resolve::{ServiceAnswer, ServiceExplanation};

/// Whether a Service is reached, and what each side says for each backend.
#[must_use]
pub fn service_explanation(source: &str, found: &ServiceExplanation, style: Style) -> String {
    let (service, port) = (&found.service, &found.port);
    let number = |answer| found.backends.iter().filter(|b| b.explanation.answer == answer).count();
    let all = count(found.backends.len(), "backend");
    let (answer, how) = match found.answer {
        ServiceAnswer::Allowed => (style.good("✓ allowed"), all),
        ServiceAnswer::Denied => (style.bad("✗ denied"), all),
        ServiceAnswer::Mixed => {
            let open = number(netpol::explain::Answer::Allowed);
            (style.warn("? mixed"), format!("{open} of {all} allowed"))
        }
        ServiceAnswer::Uncertain => {
            let why = found.no_backend.as_ref().map_or(all, ToString::to_string);
            (style.warn("? uncertain"), why)
        }
    };
    let mut text = format!("{answer}  {source} → service {service}:{port} ({how})\n");
    for backend in &found.backends {
        let perhaps = if backend.certain { "" } else { ", perhaps behind the Service" };
        let flow = format!(
            "{source} → {} {} {}{perhaps}",
            backend.backend, backend.protocol, backend.port
        );
        text.push('\n');
        text.push_str(&explanation(&flow, &backend.explanation, style));
    }
    text
}
