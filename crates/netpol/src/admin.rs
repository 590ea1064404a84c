//! Cluster-wide policies of `policy.networking.k8s.io`: ordered rules in tiers around the
//! NetworkPolicies (`sigs.k8s.io/network-policy-api` v0.2).

use std::fmt;

use ipnet::IpNet;
use serde::Serialize;

use super::invalid::Place;
use super::labels::Selector;
use super::policy::{Direction, Note, RulePorts};

/// Which kind of object it was written as.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AdminKind {
    /// `v1alpha1`, before all NetworkPolicies.
    AdminNetworkPolicy,
    /// `v1alpha1`, after them.
    BaselineAdminNetworkPolicy,
    /// `v1alpha2`, either.
    ClusterNetworkPolicy,
}

impl AdminKind {
    /// `kind` as in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
        }
    }
}

impl fmt::Display for AdminKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a policy stands in the order of evaluation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Tier {
    /// Before the NetworkPolicies.
    Admin,
    /// For pods that no NetworkPolicy isolates.
    Baseline,
}

/// An AdminNetworkPolicy, a BaselineAdminNetworkPolicy or a ClusterNetworkPolicy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdminPolicy {
    /// What it was written as.
    pub kind: AdminKind,
    /// `metadata.name`.
    pub name: String,
    /// Where it stands.
    pub tier: Tier,
    /// Lower is first, within a tier.
    pub priority: u16,
    /// The pods that it is about; pods on their node's network never are.
    pub subject: AdminPods,
    /// Rules for connections to those pods, the first that matches decides.
    pub ingress: Vec<AdminRule>,
    /// Rules for connections from those pods, the first that matches decides.
    pub egress: Vec<AdminRule>,
    /// Spellings that are accepted for old objects only.
    pub notes: Vec<Note>,
    /// Where it was read.
    pub place: Option<Place>,
}

impl AdminPolicy {
    /// The rules of a direction, in order.
    #[must_use]
    pub fn rules(&self, direction: Direction) -> &[AdminRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// Pods by the labels of their namespace and their own.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AdminPods {
    /// In which namespaces.
    pub namespaces: Selector,
    /// Which pods there.
    pub pods: Selector,
}

/// What a rule does with a connection that it matches.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Allowed, finally. `Accept` in a ClusterNetworkPolicy.
    Allow,
    /// Denied, finally.
    Deny,
    /// Left to the next tier.
    Pass,
}

impl Action {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Pass => "pass",
        }
    }
}

/// One entry of `ingress` or `egress`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdminRule {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it does.
    pub action: Action,
    /// With whom.
    pub peers: Vec<AdminPeer>,
    /// On which ports of the destination.
    pub ports: RulePorts,
}

/// One entry of `from` or `to`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AdminPeer {
    /// Pods; those on their node's network never are.
    Pods(AdminPods),
    /// Addresses, of pods as well.
    Networks(Vec<IpNet>),
    /// Nodes by their labels, which are not in the input.
    Nodes(Selector),
    /// Names, whose addresses are not in the input.
    DomainNames(Vec<String>),
}
