//! `explain` of a Service: one line for all of its backends, then each.

use super::{explanation, overall};
use crate::ui::{Style, count};
use netpol::explain::Answer;
use netpol::flow_end::Overall;
use netpol::resolve::ServiceExplanation;

/// Whether a Service is reached, and what each side says for each backend.
#[must_use]
pub fn service_explanation(source: &str, found: &ServiceExplanation, style: Style) -> String {
    let (service, port) = (&found.service, &found.port);
    let number = |answer| found.backends.iter().filter(|b| b.explanation.answer == answer).count();
    let all = count(found.backends.len(), "backend");
    let how = match (found.answer, &found.no_backend) {
        (_, Some(none)) => none.to_string(),
        (Overall::Mixed, None) => format!("{} of {all} allowed", number(Answer::Allowed)),
        (_, None) => all,
    };
    let answer = overall(found.answer, style);
    let mut text = format!("{answer}  {source} → service {service}:{port} ({how})\n");
    let several = found.backends.iter().any(|b| b.source != found.backends[0].source);
    for backend in &found.backends {
        let perhaps = if backend.certain { "" } else { ", perhaps behind the Service" };
        let source = if several { &backend.source } else { source };
        let flow = format!(
            "{source} → {} {} {}{perhaps}",
            backend.backend, backend.protocol, backend.port
        );
        text.push('\n');
        text.push_str(&explanation(&flow, &backend.explanation, style));
    }
    text
}
