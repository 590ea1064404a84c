//! What a reader of the manifests should know about them.

use std::fmt;

use super::network::{host_block, ingress_is_reachable};
use super::{ClusterFacts, Profile, RenderOptions};
use crate::values::Values;

/// A risk, not a failure. `Display` gives one sentence that names the key which settles it.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Warning {
    /// No ingress controller is let in.
    NoIngressController {
        /// `OPENHIVE_INGRESS_CLASS`.
        class: String,
    },
    /// A rule for a port without an address also opens 443 to the addresses that the rule for
    /// providers leaves out, since policies add up.
    ExceptionsVoid {
        /// Whose policy.
        component: &'static str,
        /// What the wide rule is for.
        target: &'static str,
        /// The key that narrows it.
        key: &'static str,
    },
    /// The relay's host is a name: its port is open to every address.
    RelayByName {
        /// The relay's port.
        port: u16,
    },
    /// The accounts name a pull secret whose copies are not rendered, since nothing was read from a
    /// cluster.
    PullSecretNotCopied {
        /// `NAMESPACE/NAME` of the source.
        source: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIngressController { class } => write!(
                f,
                "nothing can reach the Ingress: where the controller of class {class} runs is not \
                 known; set OPENHIVE_INGRESS_CONTROLLER_NAMESPACE or \
                 OPENHIVE_INGRESS_CONTROLLER_CIDRS"
            ),
            Self::ExceptionsVoid { component, target, key } => write!(
                f,
                "the {component} may reach any address on port 443, private and metadata addresses \
                 included, since the {target} is on that port; set {key} to narrow it"
            ),
            Self::RelayByName { port } => write!(
                f,
                "the sandbox may reach any address on port {port}, since the host of \
                 HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_URL is a name; an address there narrows it"
            ),
            Self::PullSecretNotCopied { source } => write!(
                f,
                "the accounts name the Secret openhive-image-pull, a copy of {source} that install \
                 makes and that is not among these manifests"
            ),
        }
    }
}

pub(super) fn warnings(
    values: &Values,
    facts: &ClusterFacts,
    profile: Profile,
    options: &RenderOptions<'_>,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let runtime = matches!(profile, Profile::Gateway | Profile::Platform);
    if profile == Profile::Platform
        && let Some(ingress) = &values.ingress
        && !ingress_is_reachable(values)
    {
        warnings.push(Warning::NoIngressController { class: ingress.class.clone() });
    }
    if runtime && facts.api_server_ports.value.contains(&443) && values.api_server_cidr.is_none() {
        warnings.push(Warning::ExceptionsVoid {
            component: "gateway",
            target: "API server",
            key: "OPENHIVE_API_SERVER_CIDR or OPENHIVE_API_SERVER_PORTS",
        });
    }
    let database_is_wide =
        values.database_cidr.is_none() && host_block(&values.database.host).is_none();
    let database_ports = facts.database_target_ports.value.clone();
    if runtime
        && database_is_wide
        && database_ports.unwrap_or_else(|| vec![values.database.port]).contains(&443)
    {
        for component in ["gateway", "sandbox", "pipelines"] {
            warnings.push(Warning::ExceptionsVoid {
                component,
                target: "database",
                key: "OPENHIVE_DATABASE_CIDR",
            });
        }
    }
    if runtime
        && let Some(relay) = &values.relay
        && host_block(&relay.host).is_none()
    {
        warnings.push(Warning::RelayByName { port: relay.port });
    }
    if let Some(source) = &values.image_pull_secret
        && options.pull_secret.is_none()
    {
        let source = format!("{}/{}", source.namespace, source.name);
        warnings.push(Warning::PullSecretNotCopied { source });
    }
    warnings
}
