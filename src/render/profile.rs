//! How much of the platform is rendered.

/// What Kustomize overlays were before (`docs/platform.md`, "Profiles").
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Namespaces, health-only workloads, Services, claim, policies.
    Baseline,
    /// The real Gateway with account, RBAC, secrets, and wider policies.
    Gateway,
    /// The above with Dashboard and Ingress.
    #[default]
    Platform,
    /// The migration Job with what it needs.
    Migration,
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Baseline => "baseline",
            Self::Gateway => "gateway",
            Self::Platform => "platform",
            Self::Migration => "migration",
        })
    }
}
