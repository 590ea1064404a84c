//! Addresses and names. They are the same in every instance, for each has network namespaces of its own.

/// The node, also the API server's address.
pub(crate) const NODE: &str = "172.31.0.1";
/// The name of the node.
pub(crate) const NODE_NAME: &str = "node1";
/// The port of the API server.
pub(crate) const API_PORT: u16 = 6443;
/// The addresses of pods.
pub(crate) const PODS: &str = "10.244.0.0/16";
/// Those of the pods of the only node: the first that the controller manager gives out.
pub(crate) const NODE_PODS: &str = "10.244.0.0/24";
/// The Service of cluster DNS.
pub(crate) const CLUSTER_DNS: &str = "10.96.0.10";

/// The name server of the world: of the node, and behind cluster DNS.
pub(crate) const WORLD_DNS: &str = "203.0.113.53";
/// A host that answers over HTTP and HTTPS.
pub(crate) const API_HOST: &str = "203.0.113.10";
/// A second one, in another documentation range.
pub(crate) const OTHER_HOST: &str = "198.51.100.7";
/// The host of PostgreSQL.
pub(crate) const POSTGRES: &str = "203.0.113.20";
/// The registry with the platform's images.
pub(crate) const REGISTRY: &str = "203.0.113.30";
/// The registry with the cluster's own images.
pub(crate) const INFRA_REGISTRY: &str = "203.0.113.31";
/// Where clouds answer for their metadata service.
pub(crate) const METADATA: &str = "169.254.169.254";

/// The names in the world and their addresses. The top-level domain is reserved for tests (RFC 6761).
pub(crate) const NAMES: &[(&str, &str)] = &[
    (super::API_NAME, API_HOST),
    (super::OTHER_NAME, OTHER_HOST),
    (super::POSTGRES_NAME, POSTGRES),
    (super::REGISTRY_NAME, REGISTRY),
    (INFRA_NAME, INFRA_REGISTRY),
];
/// The name of the registry with the cluster's own images.
pub(crate) const INFRA_NAME: &str = "infra.outside.test";
