//! Who takes part.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use crate::address::Span;
use crate::endpoint::{ContainerPorts, Endpoint, Home, Host, Pod};
use crate::input::Input;
use crate::labels::{Labels, NAMESPACE_NAME};

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
    /// A pod in the Ingress controller's namespace.
    IngressController,
    /// A pod of any other namespace.
    Elsewhere,
    /// The database.
    Database,
    /// An address of the internet.
    External,
    /// The API server.
    ApiServer,
    /// A cloud's metadata service.
    Metadata,
    /// The cluster's DNS.
    Dns,
}

impl Party {
    /// All of them, in the order of every report.
    pub const ALL: [Self; 14] = [
        Self::Gateway,
        Self::Dashboard,
        Self::Agent,
        Self::AgentMade,
        Self::Sandbox,
        Self::Pipeline,
        Self::Migration,
        Self::IngressController,
        Self::Elsewhere,
        Self::Database,
        Self::External,
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
            Self::IngressController => "ingress",
            Self::Elsewhere => "elsewhere",
            Self::Database => "database",
            Self::External => "external",
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

    /// Whether the pod that stands for it has no more to say where there are real ones.
    const fn is_stood_for(self) -> bool {
        matches!(self, Self::IngressController | Self::Database | Self::Dns)
    }

    pub(super) const fn is_pod(self) -> bool {
        self.is_ours() || matches!(self, Self::IngressController | Self::Elsewhere | Self::Dns)
    }

    /// Whether connections from it are of interest.
    pub(super) const fn connects(self) -> bool {
        self.is_ours() || matches!(self, Self::IngressController | Self::Elsewhere | Self::External)
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
    /// The Ingress controller's namespace, where it is known.
    pub ingress_namespace: Option<String>,
}

/// Someone at an end of a flow.
pub(crate) enum End {
    /// One that is in the input.
    Pod(Box<Pod>),
    /// One that stands for those that are not.
    StandIn(Box<Pod>),
    Host(Host),
    Outside(Span),
}

impl End {
    pub(crate) fn endpoint(&self) -> Endpoint<'_> {
        match self {
            Self::Pod(pod) | Self::StandIn(pod) => Endpoint::Pod(pod),
            Self::Host(host) => Endpoint::Host(host),
            Self::Outside(span) => Endpoint::Outside(*span),
        }
    }
}

impl Platform {
    /// Everyone who is in the input, and everyone outside of it. A party of which several differ
    /// comes several times, one after the other.
    pub(crate) fn parties(&self, input: &Input) -> Vec<(Party, End)> {
        let ends = Party::ALL.into_iter().flat_map(|p| {
            let first = self.end(p, input);
            let others = if first.is_some() { self.others(p, input) } else { Vec::new() };
            // Pods that are there say more than one that stands for them.
            let first = first.filter(|_| others.is_empty() || !p.is_stood_for());
            first.into_iter().chain(others).map(move |end| (p, end))
        });
        ends.collect()
    }

    fn end(&self, party: Party, input: &Input) -> Option<End> {
        let pod = |namespace: &str, labels: &[(&str, &str)]| {
            let labels = Labels::new(labels.iter().copied());
            Some(End::StandIn(Box::new(Pod::new(namespace, party.name(), labels))))
        };
        // A namespace that nothing of the input is in is not part of this profile.
        let there = |namespace: &str| input.members.iter().any(|m| m.namespace == namespace);
        let member = || {
            let (namespace, name) = party.workload()?;
            let is = |m: &&crate::Member| {
                m.namespace == namespace && m.workload.as_ref().is_some_and(|w| w.name == name)
            };
            input.members.iter().find(is).map(|m| End::Pod(Box::new(m.pod.clone())))
        };
        match party {
            Party::Gateway | Party::Dashboard | Party::Agent | Party::Sandbox => member(),
            // Its Job is there only while it runs, and until it is cleaned up.
            Party::Migration => member().or_else(|| {
                let migrates = self.profile != Profile::Baseline && there("openhive");
                migrates.then(|| pod("openhive", party.labels()))?
            }),
            Party::AgentMade if there("hive-agents") => pod("hive-agents", party.labels()),
            Party::Pipeline if there("hive-sandbox") && self.profile != Profile::Baseline => {
                pod("hive-sandbox", party.labels())
            }
            Party::AgentMade | Party::Pipeline => None,
            Party::IngressController => pod(self.ingress_namespace.as_deref()?, &[]),
            Party::Elsewhere => {
                let mut elsewhere = Pod::new("", "elsewhere", Labels::default());
                // No name of a namespace: whatever a policy says of known ones does not hold.
                elsewhere.home = Home::Elsewhere(Labels::new([(NAMESPACE_NAME, "*")]));
                elsewhere.ports = ContainerPorts::Known(Vec::new());
                Some(End::StandIn(Box::new(elsewhere)))
            }
            Party::Database => Some(End::Outside(match self.database_cidr {
                Some(cidr) => Span::from(cidr.addr()),
                None => address("203.0.113.77")?,
            })),
            Party::External => Some(End::Outside(address("198.51.100.10")?)),
            Party::ApiServer => {
                let named = self.api_server_cidr.map(|c| c.addr());
                let addresses = match self.api_server_addresses.as_slice() {
                    [] => named.into_iter().collect(),
                    read => read.to_vec(),
                };
                let is_node = |node: &crate::Node| {
                    node.addresses.iter().any(|address| addresses.contains(address))
                };
                let nodes = &input.cluster.nodes;
                match addresses.first() {
                    // Beside the nodes it is an address like any other.
                    Some(first) if !nodes.is_empty() && !nodes.values().any(is_node) => {
                        Some(End::Outside(Span::from(*first)))
                    }
                    _ => Some(End::Host(Host { node: None, addresses })),
                }
            }
            Party::Metadata => Some(End::Outside(address("169.254.169.254")?)),
            Party::Dns => {
                let labels: Vec<(&str, &str)> =
                    self.dns_labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                pod(&self.dns_namespace, &labels)
            }
        }
    }
}

fn address(text: &str) -> Option<Span> {
    text.parse::<IpAddr>().ok().map(Span::from)
}
