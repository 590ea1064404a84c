//! Which endpoints each party of the table is, as expectations name them.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::party::{Party, Platform};
use crate::address::Block;
use crate::engine::PodPattern;
use crate::expect;
use crate::input::Input;
use crate::labels::{NAMESPACE_NAME, Requirement, Selector};

/// Not the internet: private, carrier-grade, link-local, unique local.
const NOT_EXTERNAL: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// Where metadata services are. Others have addresses of private networks or of the internet, and
/// count as those.
const METADATA: [&str; 3] = ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"];

/// Endpoints that are a party. Of several roles that hold an endpoint, it has the first.
pub(super) struct Role {
    /// The row or column.
    pub(super) party: Party,
    /// The endpoints.
    pub(super) who: expect::Party,
    /// What is special about them.
    pub(super) special: Option<Special>,
}

/// What sets the endpoints of a role apart from others of its party.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Special {
    /// The node-local DNS cache, which listens on 53 whatever the DNS pods listen on.
    NodeLocalDns,
    /// What runs on the network of its node is the node, and a node reaches the pods on it.
    OfNode,
}

impl Platform {
    /// Every role that endpoints of this input may have, the most specific first. A namespace of
    /// which the input holds nothing is not part of what is checked.
    pub(super) fn roles(&self, input: &Input) -> Vec<Role> {
        let there = |namespace: &&str| {
            input.members.iter().any(|m| m.namespace == **namespace)
                || input.cluster.policies.iter().any(|p| p.namespace == **namespace)
        };
        let mut roles = Vec::new();
        let mut add = |party: Party, forms: Vec<expect::Party>| {
            if !forms.is_empty() {
                roles.push(Role { party, who: one_of(forms), special: None });
            }
        };
        let ours =
            [Party::Gateway, Party::Dashboard, Party::Migration, Party::Agent, Party::Sandbox];
        for party in ours {
            let Some((namespace, name)) = party.workload() else { continue };
            if !there(&namespace) {
                continue;
            }
            let kind = if party == Party::Migration { "job" } else { "deployment" };
            let mut forms = vec![expect::Party::Workload(format!("{namespace}/{kind}/{name}"))];
            // Whoever is not there and has these labels is taken for it by the policies. Pods of
            // hive-agents are agents whatever their labels are.
            if party != Party::Agent {
                let own = is(NAME, name);
                forms.push(expect::Party::Unknown(pods(namespace, [own])));
            }
            add(party, forms);
        }
        for namespace in ["hive-agents"].iter().filter(|n| there(n)) {
            add(Party::AgentMade, both(pods(namespace, [])));
        }
        for namespace in ["hive-sandbox"].iter().filter(|n| there(n)) {
            let job = Requirement::Exists("batch.kubernetes.io/job-name".to_owned());
            // Sessions and runs carry a label of their own.
            let no_other = Requirement::DoesNotExist("openhive.io/workload".to_owned());
            add(Party::Pipeline, both(pods(namespace, [job, no_other])));
        }
        let others = ["openhive", "hive-sandbox"].into_iter().filter(there);
        add(Party::Other, others.map(|n| expect::Party::Pods(pods(n, []))).collect());
        add(Party::Database, self.database_pods(input).into_iter().collect());
        let of_dns = self.dns_labels.iter().map(|(key, value)| is(key, value));
        add(Party::Dns, both(pods(&self.dns_namespace, of_dns)));
        if let Some(namespace) = &self.ingress_namespace {
            add(Party::IngressController, both(pods(namespace, [])));
        }
        roles.push(Role {
            party: Party::Elsewhere,
            who: expect::Party::HostNetwork("kube-system".to_owned()),
            special: Some(Special::OfNode),
        });
        if let Some(cidr) = self.node_local_dns {
            let who = expect::Party::Addresses(Block::new(cidr));
            roles.push(Role { party: Party::Dns, who, special: Some(Special::NodeLocalDns) });
        }
        let mut add = |party: Party, forms: Vec<expect::Party>| {
            if !forms.is_empty() {
                roles.push(Role { party, who: one_of(forms), special: None });
            }
        };
        add(Party::Elsewhere, vec![expect::Party::Pods(PodPattern::default())]);
        add(
            Party::Database,
            vec![match self.database_cidr {
                Some(cidr) => expect::Party::Addresses(Block::new(cidr)),
                None => expect::Party::Somewhere,
            }],
        );
        add(Party::ApiServer, self.api_server(input));
        add(Party::IngressController, blocks(&self.ingress_cidrs));
        add(Party::Metadata, blocks(&nets(&METADATA)));
        add(Party::External, self.external());
        add(Party::Private, whole().map(|net| expect::Party::Addresses(Block::new(net))).to_vec());
        roles
    }

    /// The pods of the database's Service, if it is one of the cluster.
    fn database_pods(&self, input: &Input) -> Option<expect::Party> {
        let (namespace, name) = self.database_service.as_ref()?;
        let service =
            input.services.iter().find(|s| (&s.namespace, &s.name) == (namespace, name))?;
        let pod_selector = service.selector.clone()?;
        let namespace_selector = Selector::new([is(NAMESPACE_NAME, namespace)]);
        Some(expect::Party::Pods(PodPattern { namespace_selector, pod_selector }))
    }

    /// The API server, as far as it is known where it is.
    fn api_server(&self, input: &Input) -> Vec<expect::Party> {
        let addresses = &self.api_server_addresses;
        let nodes = &input.cluster.nodes;
        match (addresses.as_slice(), self.api_server_cidr) {
            // By declaration it is outside of the cluster.
            ([], Some(cidr)) => vec![expect::Party::Addresses(Block::new(cidr))],
            ([], None) => vec![expect::Party::Host(Vec::new())],
            (read, _) => {
                let is_node = nodes.values().any(|n| n.addresses.iter().any(|a| read.contains(a)));
                let one = |address: &std::net::IpAddr| match nodes.is_empty() || is_node {
                    true => expect::Party::Host(vec![*address]),
                    false => expect::Party::Addresses(Block::new(IpNet::from(*address))),
                };
                read.iter().map(one).collect()
            }
        }
    }

    /// The internet, and of the values' addresses those that are on it.
    fn external(&self) -> Vec<expect::Party> {
        let except = self.not_external();
        let block = |cidr: IpNet| {
            let except = except.iter().filter(|e| cidr.contains(*e)).copied().collect();
            expect::Party::Addresses(Block { cidr, except })
        };
        whole().map(block).to_vec()
    }

    fn not_external(&self) -> Vec<IpNet> {
        nets(&NOT_EXTERNAL).into_iter().chain(self.cluster_cidrs.iter().map(IpNet::trunc)).collect()
    }

    /// Whether an address of the block is one of the internet.
    pub(super) fn is_external(&self, cidr: &IpNet) -> bool {
        !self.not_external().iter().any(|net| net.contains(cidr))
    }

    /// The blocks that the values declare to be addresses outside of the cluster: where they look
    /// like addresses of pods, they are none.
    #[must_use]
    pub fn declared_outside(&self) -> Vec<IpNet> {
        let relay = self.relay.and_then(|(_, cidr)| cidr);
        let declared = self.database_cidr.into_iter().chain(self.api_server_cidr).chain(relay);
        declared
            .chain(self.ingress_cidrs.iter().copied())
            .chain(self.sandbox_allow.iter().map(|(cidr, _)| *cidr))
            .collect()
    }
}

const NAME: &str = "app.kubernetes.io/name";

fn is(key: &str, value: &str) -> Requirement {
    Requirement::In(key.to_owned(), [value.to_owned()].into())
}

fn pods(namespace: &str, labels: impl IntoIterator<Item = Requirement>) -> PodPattern {
    PodPattern {
        namespace_selector: Selector::new([is(NAMESPACE_NAME, namespace)]),
        pod_selector: Selector::new(labels),
    }
}

/// Pods of the input and others.
fn both(pattern: PodPattern) -> Vec<expect::Party> {
    vec![expect::Party::Pods(pattern.clone()), expect::Party::Later(pattern)]
}

fn one_of(mut forms: Vec<expect::Party>) -> expect::Party {
    if forms.len() == 1 { forms.remove(0) } else { expect::Party::OneOf(forms) }
}

fn blocks(nets: &[IpNet]) -> Vec<expect::Party> {
    nets.iter().map(|net| expect::Party::Addresses(Block::new(*net))).collect()
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Every address of each family.
fn whole() -> [IpNet; 2] {
    [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())]
}
