//! The kinds that the platform is made of, and what the API needs to know of each.

use std::fmt;

/// A kind that the installer writes. Known at build time, so that no discovery call is ever made.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// `v1`
    Namespace,
    /// `v1`
    Secret,
    /// `v1`
    ServiceAccount,
    /// `networking.k8s.io/v1`
    NetworkPolicy,
    /// `rbac.authorization.k8s.io/v1`
    Role,
    /// `rbac.authorization.k8s.io/v1`
    RoleBinding,
    /// `v1`
    PersistentVolumeClaim,
    /// `batch/v1`
    Job,
    /// `apps/v1`
    Deployment,
    /// `v1`
    Service,
    /// `networking.k8s.io/v1`
    Ingress,
}

/// The step of an installation in which a kind is written (`docs/platform.md`, "Sequence").
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Wave {
    /// The three namespaces.
    Namespaces,
    /// Secrets, policies, accounts, RBAC and claims.
    Foundation,
    /// The migration Job.
    Migration,
    /// Workloads, Services and Ingress.
    Runtime,
}

impl Kind {
    /// Every kind, in the order in which objects are written and printed.
    pub const ALL: [Self; 11] = [
        Self::Namespace,
        Self::Secret,
        Self::ServiceAccount,
        Self::NetworkPolicy,
        Self::Role,
        Self::RoleBinding,
        Self::PersistentVolumeClaim,
        Self::Job,
        Self::Deployment,
        Self::Service,
        Self::Ingress,
    ];

    /// The kind that a manifest's `apiVersion` and `kind` name.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == kind && k.api_version() == api_version)
    }

    /// `kind` as in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Secret => "Secret",
            Self::ServiceAccount => "ServiceAccount",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Role => "Role",
            Self::RoleBinding => "RoleBinding",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::Job => "Job",
            Self::Deployment => "Deployment",
            Self::Service => "Service",
            Self::Ingress => "Ingress",
        }
    }

    /// The API group; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Namespace
            | Self::Secret
            | Self::ServiceAccount
            | Self::PersistentVolumeClaim
            | Self::Service => "",
            Self::NetworkPolicy | Self::Ingress => "networking.k8s.io",
            Self::Role | Self::RoleBinding => "rbac.authorization.k8s.io",
            Self::Job => "batch",
            Self::Deployment => "apps",
        }
    }

    /// `apiVersion` as in a manifest. Every kind here is served as `v1`.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::NetworkPolicy | Self::Ingress => "networking.k8s.io/v1",
            Self::Role | Self::RoleBinding => "rbac.authorization.k8s.io/v1",
            Self::Job => "batch/v1",
            Self::Deployment => "apps/v1",
            _ => "v1",
        }
    }

    /// The resource's name in URLs and in RBAC rules.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::Secret => "secrets",
            Self::ServiceAccount => "serviceaccounts",
            Self::NetworkPolicy => "networkpolicies",
            Self::Role => "roles",
            Self::RoleBinding => "rolebindings",
            Self::PersistentVolumeClaim => "persistentvolumeclaims",
            Self::Job => "jobs",
            Self::Deployment => "deployments",
            Self::Service => "services",
            Self::Ingress => "ingresses",
        }
    }

    /// The lower-case singular that kubectl prints before a name.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Secret => "secret",
            Self::ServiceAccount => "serviceaccount",
            Self::NetworkPolicy => "networkpolicy",
            Self::Role => "role",
            Self::RoleBinding => "rolebinding",
            Self::PersistentVolumeClaim => "persistentvolumeclaim",
            Self::Job => "job",
            Self::Deployment => "deployment",
            Self::Service => "service",
            Self::Ingress => "ingress",
        }
    }

    /// Whether objects of this kind live in a namespace.
    #[must_use]
    pub const fn namespaced(self) -> bool {
        !matches!(self, Self::Namespace)
    }

    /// The step in which objects of this kind are written.
    #[must_use]
    pub const fn wave(self) -> Wave {
        match self {
            Self::Namespace => Wave::Namespaces,
            Self::Secret
            | Self::ServiceAccount
            | Self::NetworkPolicy
            | Self::Role
            | Self::RoleBinding
            | Self::PersistentVolumeClaim => Wave::Foundation,
            Self::Job => Wave::Migration,
            Self::Deployment | Self::Service | Self::Ingress => Wave::Runtime,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.singular())
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
