//! Who takes part.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

/// A row or column of the table in `docs/platform.md`, "Network policy".
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The Gateway's Deployment.
    Gateway,
    /// The Dashboard's Deployment.
    Dashboard,
    /// The agent's Deployment.
    Agent,
    /// An agent that the Gateway makes.
    AgentMade,
    /// The Sandbox's Deployment.
    Sandbox,
    /// A pod of a pipeline's Job.
    Pipeline,
    /// A pod of the migration's Job.
    Migration,
    /// Any other pod of the three namespaces.
    Other,
    /// A pod in the Ingress controller's namespace.
    IngressController,
    /// A pod of any other namespace.
    Elsewhere,
    /// The database.
    Database,
    /// An address of the internet.
    External,
    /// Any other address: of private networks, and those that the values name as the cluster's.
    Private,
    /// The API server.
    ApiServer,
    /// A cloud's metadata service, or another link-local address.
    Metadata,
    /// The cluster's DNS.
    Dns,
}

impl Party {
    /// All of them, in the order of every report.
    pub const ALL: [Self; 16] = [
        Self::Gateway,
        Self::Dashboard,
        Self::Agent,
        Self::AgentMade,
        Self::Sandbox,
        Self::Pipeline,
        Self::Migration,
        Self::Other,
        Self::IngressController,
        Self::Elsewhere,
        Self::Database,
        Self::External,
        Self::Private,
        Self::ApiServer,
        Self::Metadata,
        Self::Dns,
    ];

    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Dashboard => "dashboard",
            Self::Agent => "agent",
            Self::AgentMade => "agent*",
            Self::Sandbox => "sandbox",
            Self::Pipeline => "pipeline",
            Self::Migration => "migration",
            Self::Other => "other",
            Self::IngressController => "ingress",
            Self::Elsewhere => "elsewhere",
            Self::Database => "database",
            Self::External => "external",
            Self::Private => "private",
            Self::ApiServer => "api-server",
            Self::Metadata => "metadata",
            Self::Dns => "dns",
        }
    }

    /// Whether it runs in one of the three namespaces.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        (self as u8) < Self::IngressController as u8
    }

    /// The namespace that it is in, where it is in one of the three.
    #[must_use]
    pub const fn namespace(self) -> Option<&'static str> {
        Some(match self {
            Self::Gateway | Self::Dashboard | Self::Migration => "openhive",
            Self::Agent | Self::AgentMade => "hive-agents",
            Self::Sandbox | Self::Pipeline => "hive-sandbox",
            _ => return None,
        })
    }

    /// The labels of a pod that stands for it where there is none: those of a migration as the
    /// installer makes it, and of a pipeline's Job as its controller does.
    pub const fn labels(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Pipeline => &[("batch.kubernetes.io/job-name", "pipeline")],
            Self::Migration => &[
                ("app.kubernetes.io/name", "openhive-db-migrate"),
                ("app.kubernetes.io/component", "migration"),
                ("app.kubernetes.io/part-of", "openhive"),
                ("app.kubernetes.io/managed-by", "kubectl-openhive"),
            ],
            _ => &[],
        }
    }

    /// Namespace and `app.kubernetes.io/name` of a workload that the installer makes.
    pub const fn workload(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Gateway => ("openhive", "hive-gateway"),
            Self::Dashboard => ("openhive", "hive-dashboard"),
            Self::Agent => ("hive-agents", "hive-agent"),
            Self::Sandbox => ("hive-sandbox", "hive-sandbox"),
            Self::Migration => ("openhive", "openhive-db-migrate"),
            _ => return None,
        })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much of the platform is installed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// Namespaces, health-only workloads, Services, policies.
    Baseline,
    /// The Gateway with its database.
    Gateway,
    /// The above with Dashboard and Ingress.
    Platform,
    /// The migration alone.
    Migration,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Baseline => "baseline",
            Self::Gateway => "gateway",
            Self::Platform => "platform",
            Self::Migration => "migration",
        })
    }
}

/// What is known of the platform besides its objects.
#[derive(Clone, Debug)]
pub struct Platform {
    /// How much of it is installed.
    pub profile: Profile,
    /// The database's ports, as its pods have them.
    pub database_ports: Vec<u16>,
    /// The Service that the database is behind, as namespace and name, if it is one of the cluster.
    pub database_service: Option<(String, String)>,
    /// Where the database is, if its policies can name it.
    pub database_cidr: Option<IpNet>,
    /// Ports of the API server's endpoints.
    pub api_server_ports: Vec<u16>,
    /// Where the API server is, if the policies name it.
    pub api_server_cidr: Option<IpNet>,
    /// Its addresses, where they were read from a cluster.
    pub api_server_addresses: Vec<IpAddr>,
    /// The namespace of the DNS pods.
    pub dns_namespace: String,
    /// The labels of the DNS pods.
    pub dns_labels: Vec<(String, String)>,
    /// The DNS pods' own ports.
    pub dns_ports: Vec<u16>,
    /// The node-local DNS cache's address, where one runs.
    pub node_local_dns: Option<IpNet>,
    /// The Ingress controller's namespace, where it is known.
    pub ingress_namespace: Option<String>,
    /// Other addresses that the Ingress's traffic comes from.
    pub ingress_cidrs: Vec<IpNet>,
    /// Addresses that are the cluster's own, and so no part of the internet.
    pub cluster_cidrs: Vec<IpNet>,
    /// Where sandbox and pipelines may go besides: a block and a port, or all ports.
    pub sandbox_allow: Vec<(IpNet, Option<u16>)>,
    /// Where the sandbox applies workspaces, if that is outside: the port, and the address if it is
    /// known.
    pub relay: Option<(u16, Option<IpNet>)>,
}
