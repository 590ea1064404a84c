//! Service: a ready endpoint behind every port.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::{Reason, Verdict};

/// The label by which an EndpointSlice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

pub(super) fn assess(service: &Service, slices: &[EndpointSlice]) -> Verdict {
    let spec = service.spec.as_ref();
    if spec.and_then(|s| s.type_.as_deref()) == Some("ExternalName") {
        return Verdict::Ready;
    }
    let own: Vec<&EndpointSlice> = slices
        .iter()
        .filter(|slice| {
            slice.metadata.namespace == service.metadata.namespace
                && slice.metadata.labels.as_ref().and_then(|l| l.get(SERVICE_NAME))
                    == service.metadata.name.as_ref()
                && has_ready(slice)
        })
        .collect();
    let ports = spec.and_then(|s| s.ports.as_deref()).unwrap_or_default();
    if ports.is_empty() {
        return if own.is_empty() {
            Verdict::Progressing(Reason::NoEndpoints { ports: Vec::new() })
        } else {
            Verdict::Ready
        };
    }
    let missing: Vec<String> = ports
        .iter()
        .filter(|port| !own.iter().any(|slice| serves(slice, port)))
        .map(|port| port.name.clone().unwrap_or_else(|| port.port.to_string()))
        .collect();
    if missing.is_empty() {
        Verdict::Ready
    } else {
        Verdict::Progressing(Reason::NoEndpoints { ports: missing })
    }
}

/// Whether one of its endpoints is ready. An absent condition means ready (API reference).
fn has_ready(slice: &EndpointSlice) -> bool {
    slice.endpoints.iter().any(|e| e.conditions.as_ref().and_then(|c| c.ready).unwrap_or(true))
}

/// Slices carry a Service's port under its name; a single port may have none.
fn serves(slice: &EndpointSlice, port: &ServicePort) -> bool {
    let name = port.name.as_deref().unwrap_or_default();
    slice
        .ports
        .as_deref()
        .unwrap_or_default()
        .iter()
        .any(|p| p.name.as_deref().unwrap_or_default() == name)
}
