//! The pods that are there: each that differs from its like is asked about.

use std::collections::HashSet;

use super::party::{End, Party, Platform};
use crate::input::{Input, Member};
use crate::labels::{Label, Selector};
use crate::verdict::Tri;

/// Where the installer puts what it makes.
pub const OURS: [&str; 3] = ["openhive", "hive-agents", "hive-sandbox"];

impl Platform {
    /// The members of the input that are this party, without those that are like another one.
    pub(super) fn others(&self, party: Party, input: &Input) -> Vec<End> {
        let mut seen = HashSet::new();
        let members = input.members.iter().filter(|m| self.party_of(m, input) == Some(party));
        let distinct = members.filter(|m| {
            let labels: Vec<_> = m.pod.labels.iter().collect();
            seen.insert((&m.namespace, labels, format!("{:?}", m.pod.ports), m.pod.host_network))
        });
        let mut ends: Vec<End> = distinct.map(|m| End::Pod(Box::new(m.pod.clone()))).collect();
        if party.workload().is_some() && !ends.is_empty() {
            // The first of a workload is there already.
            ends.remove(0);
        }
        ends
    }

    /// Whose part a pod plays.
    fn party_of(&self, member: &Member, input: &Input) -> Option<Party> {
        let workload = |party: &Party| {
            party.workload().is_some_and(|(namespace, name)| {
                member.namespace == namespace
                    && member.workload.as_ref().is_some_and(|w| w.name == name)
            })
        };
        if let Some(party) = Party::ALL.iter().find(|party| workload(party)) {
            return Some(*party);
        }
        let labels = &member.pod.labels;
        let has = |(key, value): &(String, String)| labels.get(key) == Label::Is(value);
        match member.namespace.as_str() {
            "hive-agents" => return Some(Party::AgentMade),
            "hive-sandbox" if labels.get("batch.kubernetes.io/job-name") != Label::Absent => {
                return Some(Party::Pipeline);
            }
            namespace if OURS.contains(&namespace) => return Some(Party::Elsewhere),
            _ => {}
        }
        if self.is_database(member, input) {
            return Some(Party::Database);
        }
        if member.namespace == self.dns_namespace && self.dns_labels.iter().all(has) {
            return Some(Party::Dns);
        }
        if Some(&member.namespace) == self.ingress_namespace.as_ref() {
            return Some(Party::IngressController);
        }
        Some(Party::Elsewhere)
    }

    /// Whether a pod is behind the database's Service.
    fn is_database(&self, member: &Member, input: &Input) -> bool {
        let Some((namespace, name)) = &self.database_service else { return false };
        let behind = |selector: &Selector| selector.matches(&member.pod.labels) == Tri::Yes;
        member.namespace == *namespace
            && input.services.iter().any(|s| {
                (&s.namespace, &s.name) == (namespace, name)
                    && s.selector.as_ref().is_some_and(behind)
            })
    }
}

impl End {
    /// A pod of the input, as `namespace/name`.
    pub(crate) fn member(&self) -> Option<String> {
        match self {
            Self::Pod(pod) => pod.namespace().map(|namespace| format!("{namespace}/{}", pod.name)),
            Self::StandIn(_) | Self::Host(_) | Self::Outside(_) => None,
        }
    }
}
