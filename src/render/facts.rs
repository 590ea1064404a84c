//! What the templates need to know of the cluster.

use ipnet::IpNet;

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
