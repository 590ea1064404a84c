//! What the templates need to know of the cluster.

use std::fmt;

use ipnet::IpNet;

use crate::values::Values;

/// Where a fact comes from; `render` and `plan` say so.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// A key of the values file.
    Values,
    /// Read from the cluster.
    Cluster,
    /// Neither: the built-in assumption.
    Default,
}

/// A value and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Its source.
    pub source: Source,
}

impl<T> Fact<T> {
    /// Pairs the two.
    pub const fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }
}

/// Everything of a cluster on which the manifests depend (`docs/platform.md`, "Facts of the cluster").
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFacts {
    /// Ports of the API server's endpoints (not of its Service). Default 443 and 6443.
    pub api_server_ports: Fact<Vec<u16>>,
    /// The namespace of the cluster's DNS pods. Default `kube-system`.
    pub dns_namespace: Fact<String>,
    /// What the DNS Service selects. Default `k8s-app=kube-dns`.
    pub dns_selector: Fact<Vec<(String, String)>>,
    /// The DNS pods' own ports (not the Service's). Default 53.
    pub dns_ports: Fact<Vec<u16>>,
    /// The node-local DNS cache's address, where one runs. Default none.
    pub node_local_dns: Fact<Option<IpNet>>,
    /// Where `DATABASE_URL` names a Service of the cluster: the ports of its pods, which is what a
    /// policy sees. Default none: the URL's own port.
    pub database_target_ports: Fact<Option<Vec<u16>>>,
}

/// What was read from a cluster. `None` is "not readable or not found".
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DiscoveredFacts {
    /// Ports of the EndpointSlices of `default/kubernetes`.
    pub api_server_ports: Option<Vec<u16>>,
    /// The namespace of the DNS Service.
    pub dns_namespace: Option<String>,
    /// What the DNS Service selects.
    pub dns_selector: Option<Vec<(String, String)>>,
    /// The target ports of the DNS Service.
    pub dns_ports: Option<Vec<u16>>,
    /// The node-local DNS cache's address.
    pub node_local_dns: Option<IpNet>,
    /// The target ports of the Service that `DATABASE_URL` names.
    pub database_target_ports: Option<Vec<u16>>,
}

impl ClusterFacts {
    /// Merges, fact by fact: the values file, else the cluster, else the default.
    ///
    /// Lists come out sorted and without repetitions. An empty list counts as absent: in a policy
    /// no port means every port.
    #[must_use]
    pub fn resolve(values: &Values, discovered: Option<DiscoveredFacts>) -> Self {
        Self::merge(Some(values), discovered.unwrap_or_default())
    }

    /// The same where no values file says anything.
    #[must_use]
    pub fn of_cluster(discovered: DiscoveredFacts) -> Self {
        Self::merge(None, discovered)
    }

    fn merge(values: Option<&Values>, found: DiscoveredFacts) -> Self {
        let selector = |s: &Option<Vec<_>>| s.clone().filter(|s| !s.is_empty());
        let kube_dns = || vec![("k8s-app".to_owned(), "kube-dns".to_owned())];
        Self {
            api_server_ports: pick(
                values.and_then(|v| ports(v.api_server_ports.clone())),
                ports(found.api_server_ports),
                || vec![443, 6443],
            ),
            dns_namespace: pick(
                values.and_then(|v| v.dns_namespace.clone()),
                found.dns_namespace,
                || "kube-system".to_owned(),
            ),
            dns_selector: pick(
                values.and_then(|v| selector(&v.dns_selector)),
                selector(&found.dns_selector),
                kube_dns,
            ),
            dns_ports: pick(
                values.and_then(|v| ports(v.dns_ports.clone())),
                ports(found.dns_ports),
                || vec![53],
            ),
            node_local_dns: pick(None, found.node_local_dns.map(Some), || None),
            database_target_ports: pick(None, ports(found.database_target_ports).map(Some), || {
                None
            }),
        }
    }
}

fn pick<T>(values: Option<T>, cluster: Option<T>, default: impl FnOnce() -> T) -> Fact<T> {
    match (values, cluster) {
        (Some(value), _) => Fact::new(value, Source::Values),
        (None, Some(value)) => Fact::new(value, Source::Cluster),
        (None, None) => Fact::new(default(), Source::Default),
    }
}

fn ports(list: Option<Vec<u16>>) -> Option<Vec<u16>> {
    let mut list = list.filter(|list| !list.is_empty())?;
    list.sort_unstable();
    list.dedup();
    Some(list)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Values => "from the values file",
            Self::Cluster => "read from the cluster",
            Self::Default => "assumed",
        })
    }
}

/// One line a fact, for the head of a plan and for comments in rendered manifests.
impl fmt::Display for ClusterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |ports: &[u16]| ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let selector: Vec<_> =
            self.dns_selector.value.iter().map(|(k, v)| format!("{k}={v}")).collect();
        writeln!(
            f,
            "API server ports: {} ({})",
            list(&self.api_server_ports.value),
            self.api_server_ports.source
        )?;
        writeln!(
            f,
            "DNS pods: namespace {} ({}), labels {} ({}), ports {} ({})",
            self.dns_namespace.value,
            self.dns_namespace.source,
            selector.join(","),
            self.dns_selector.source,
            list(&self.dns_ports.value),
            self.dns_ports.source
        )?;
        match &self.node_local_dns.value {
            Some(address) => {
                writeln!(f, "node-local DNS cache: {address} ({})", self.node_local_dns.source)?;
            }
            None => writeln!(f, "node-local DNS cache: none ({})", self.node_local_dns.source)?,
        }
        if let Some(ports) = &self.database_target_ports.value {
            writeln!(
                f,
                "database pods' ports: {} ({})",
                list(ports),
                self.database_target_ports.source
            )?;
        }
        Ok(())
    }
}
