//! Ingress: what it refers to exists, and a controller took it up.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, IngressClass};

use super::{Reason, Verdict};

/// How long a controller may take to publish an address.
const ADDRESS_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// Annotations by which cert-manager is asked to make the TLS Secret.
const ISSUERS: [&str; 2] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer"];

/// The annotation of the class that an Ingress without one gets.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// What an Ingress depends on; `None` where it may not be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// The cluster's classes.
    pub classes: Option<&'a [IngressClass]>,
    /// The Services of the Ingress's namespace.
    pub services: Option<&'a [Service]>,
    /// The names of the Secrets of the Ingress's namespace.
    pub secrets: Option<&'a [String]>,
}

pub(super) fn assess(ingress: &Ingress, around: &Surroundings<'_>, now: Timestamp) -> Verdict {
    let mut unread = None;
    for check in [class(ingress, around), backends(ingress, around), tls(ingress, around)] {
        match check {
            Ok(()) => {}
            Err(reason @ Reason::NotReadable { .. }) => unread = unread.or(Some(reason)),
            // The Service is written in the same wave.
            Err(reason @ Reason::NoBackend { .. }) => return Verdict::Progressing(reason),
            Err(reason) => return Verdict::Failed(reason),
        }
    }
    let address = ingress
        .status
        .as_ref()
        .and_then(|s| s.load_balancer.as_ref())
        .and_then(|l| l.ingress.as_deref())
        .is_some_and(|addresses| !addresses.is_empty());
    if !address {
        let since = ingress.metadata.creation_timestamp.as_ref().map(|t| t.0);
        return if since.is_some_and(|since| now.duration_since(since) < ADDRESS_AFTER) {
            Verdict::Progressing(Reason::NoAddress)
        } else {
            Verdict::Warning(Reason::NoAddress)
        };
    }
    unread.map_or(Verdict::Ready, Verdict::Warning)
}

fn not_readable(resource: &str) -> Reason {
    Reason::NotReadable { resource: resource.to_owned() }
}

fn class(ingress: &Ingress, around: &Surroundings<'_>) -> Result<(), Reason> {
    let classes = around.classes.ok_or_else(|| not_readable("ingressclasses"))?;
    let class = ingress.spec.as_ref().and_then(|s| s.ingress_class_name.clone());
    let exists = classes.iter().any(|c| match &class {
        Some(class) => c.metadata.name.as_ref() == Some(class),
        None => c
            .metadata
            .annotations
            .as_ref()
            .and_then(|a| a.get(DEFAULT_CLASS))
            .is_some_and(|v| v == "true"),
    });
    if exists { Ok(()) } else { Err(Reason::NoIngressClass { class }) }
}

fn backends(ingress: &Ingress, around: &Surroundings<'_>) -> Result<(), Reason> {
    let services = around.services.ok_or_else(|| not_readable("services"))?;
    let Some(spec) = ingress.spec.as_ref() else { return Ok(()) };
    let paths = spec
        .rules
        .iter()
        .flatten()
        .filter_map(|rule| rule.http.as_ref())
        .flat_map(|http| &http.paths)
        .map(|path| &path.backend);
    paths.chain(&spec.default_backend).try_for_each(|backend| one_backend(backend, services))
}

fn one_backend(backend: &IngressBackend, services: &[Service]) -> Result<(), Reason> {
    let Some(target) = backend.service.as_ref() else { return Ok(()) };
    let service = services
        .iter()
        .find(|s| s.metadata.name.as_ref() == Some(&target.name))
        .ok_or_else(|| Reason::NoBackend { service: target.name.clone() })?;
    let Some(port) = target.port.as_ref() else { return Ok(()) };
    let found =
        service.spec.as_ref().and_then(|s| s.ports.as_deref()).unwrap_or_default().iter().any(
            |p| match &port.name {
                Some(name) => p.name.as_ref() == Some(name),
                None => Some(p.port) == port.number,
            },
        );
    if found {
        return Ok(());
    }
    let port = port.name.clone().or_else(|| port.number.map(|n| n.to_string()));
    Err(Reason::NoBackendPort { service: target.name.clone(), port: port.unwrap_or_default() })
}

fn tls(ingress: &Ingress, around: &Surroundings<'_>) -> Result<(), Reason> {
    let issued =
        ingress.metadata.annotations.as_ref().is_some_and(|annotations| {
            ISSUERS.iter().any(|issuer| annotations.contains_key(*issuer))
        });
    if issued {
        return Ok(());
    }
    let wanted = ingress.spec.iter().flat_map(|s| s.tls.iter().flatten());
    for secret in wanted.filter_map(|tls| tls.secret_name.as_ref()) {
        let secrets = around.secrets.ok_or_else(|| not_readable("secrets"))?;
        if !secrets.contains(secret) {
            return Err(Reason::NoTlsSecret { secret: secret.clone() });
        }
    }
    Ok(())
}
