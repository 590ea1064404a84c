//! Who takes part in the probed flows: running pods where there are any, else probe pods.

use std::net::IpAddr;

use super::flow::Via;
use super::plan::Question;
use super::pod::{ProbePodSpec, Role, smallest_labels};
use super::run_object::PROBE_NAMESPACE;
use super::target::services_of;
use crate::endpoint::{ContainerPorts, Pod};
use crate::input::{Input, Member};
use crate::labels::{Label, Labels};
use crate::matrix::{Party, Platform};
use crate::ports::Protocol;

/// On which port a probe pod listens that stands for something without a port of its own.
pub const PORT: u16 = 8080;
/// The port of an agent.
const AGENT_PORT: u16 = 8090;
/// Running pods of one party that take part; the policies see all of them alike as a rule.
const PODS: usize = 3;

/// A pod that can be probed, and perhaps can probe.
#[derive(Clone, Debug)]
pub struct Participant {
    /// The row or column.
    pub party: Party,
    /// How policies see it.
    pub pod: Pod,
    /// The container to run programs in.
    pub container: String,
    /// Whether it is the pod itself, or one that the run created.
    pub via: Via,
    /// TCP ports on which something listens.
    pub listens: Vec<u16>,
    /// Whether probes can be sent from it.
    pub probes: bool,
    /// Whether its party's flows are sent from it. A probe pod beside another one of its party is there
    /// to be reached.
    pub sends: bool,
}

impl Participant {
    /// `namespace/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace(), self.pod.name)
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.pod.namespace().unwrap_or_default()
    }

    /// Its node; empty where that is not known.
    #[must_use]
    pub fn node(&self) -> &str {
        self.pod.node.as_deref().unwrap_or_default()
    }

    /// The address at which it is probed: an IPv4 one, where it has any.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        preferred(&self.pod.addresses)
    }
}

/// The first IPv4 address, else the first.
pub(super) fn preferred(addresses: &[IpAddr]) -> Option<IpAddr> {
    addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first()).copied()
}

/// A party for which no pod takes part, and why.
#[derive(Clone, Debug)]
pub struct Absent {
    /// Who.
    pub party: Party,
    /// Why, in words.
    pub why: String,
}

/// The running pods of the platform, and of the Ingress controller.
#[must_use]
pub fn running(input: &Input, platform: &Platform) -> Vec<Participant> {
    let mut participants = Vec::new();
    for party in [
        Party::Gateway,
        Party::Dashboard,
        Party::Agent,
        Party::Sandbox,
        Party::AgentMade,
        Party::Other,
        Party::IngressController,
    ] {
        let members = input.members.iter().filter(|member| is(party, member, platform));
        participants.extend(members.filter_map(|member| participant(party, member)).take(PODS));
    }
    participants
}

/// Whether a pod is one of this party.
fn is(party: Party, member: &Member, platform: &Platform) -> bool {
    let of = |name: &str| member.workload.as_ref().is_some_and(|w| w.name == name);
    let named = |party: Party| {
        party.workload().is_some_and(|(namespace, name)| member.namespace == namespace && of(name))
    };
    match party {
        // Every pod there is an agent, whoever made it.
        Party::AgentMade => member.namespace == "hive-agents" && !named(Party::Agent),
        Party::Other => {
            let of_job = member.pod.labels.get("batch.kubernetes.io/job-name") != Label::Absent;
            let there = match member.namespace.as_str() {
                "openhive" => true,
                "hive-sandbox" => !of_job,
                _ => false,
            };
            there && !Party::ALL.into_iter().any(named)
        }
        Party::IngressController => platform.ingress_namespace.as_ref() == Some(&member.namespace),
        _ => named(party),
    }
}

fn participant(party: Party, member: &Member) -> Option<Participant> {
    Some(Participant {
        party,
        pod: member.pod.clone(),
        container: member.container.as_ref()?.name.clone(),
        via: Via::Pod,
        listens: tcp_ports(&member.pod),
        probes: true,
        sends: true,
    })
}

/// The TCP ports that the containers of a pod declare.
fn tcp_ports(pod: &Pod) -> Vec<u16> {
    let ContainerPorts::Known(ports) = &pod.ports else { return Vec::new() };
    ports.iter().filter(|port| port.protocol == Protocol::Tcp).map(|port| port.port).collect()
}

/// The probe pods that are needed beside the running ones: one where no running pod can probe, and
/// one more where a party is asked about its way to others like it.
#[must_use]
pub fn needed(
    questions: &[Question],
    running: &[Participant],
    input: &Input,
    platform: &Platform,
) -> (Vec<ProbePodSpec>, Vec<Absent>) {
    let (mut specs, mut absent) = (Vec::new(), Vec::new());
    let mut parties: Vec<Party> = questions.iter().flat_map(|q| [q.from, q.to]).collect();
    parties.sort_unstable();
    parties.dedup();
    for party in parties {
        let there = || running.iter().filter(|participant| participant.party == party);
        let member = || input.members.iter().find(|m| is(party, m, platform));
        let originals = match party {
            Party::Gateway | Party::Dashboard | Party::Agent | Party::Sandbox => {
                member().map(|m| m.pod.clone()).into_iter().collect()
            }
            // Never from a running one: it is gone soon, or busy with the database.
            Party::Migration => member().map_or_else(|| blank(party), |m| vec![m.pod.clone()]),
            Party::Pipeline | Party::AgentMade | Party::Other => blank(party),
            // Nothing is created among what is somebody else's.
            Party::IngressController if !there().any(|p| p.probes) => {
                let why = "nothing is created in the Ingress controller's namespace, and no pod of it can be asked";
                absent.push(Absent { party, why: why.to_owned() });
                continue;
            }
            _ => continue,
        };
        if originals.is_empty() {
            absent.push(Absent { party, why: "there is no pod of it".to_owned() });
        }
        // A party is known by its pods: one that is always created, and one beside those that run.
        let alike = questions.iter().any(|q| q.from == party && q.to == party);
        let always = matches!(party, Party::Pipeline | Party::AgentMade | Party::Migration);
        let senders = there().filter(|p| p.probes).count();
        let sending = if always || senders == 0 { originals.len() } else { 0 };
        let wanted = sending.max(usize::from(alike) * 2_usize.saturating_sub(there().count()));
        for (number, original) in originals.iter().cycle().take(wanted).enumerate() {
            match stand_in(party, original, input) {
                Ok(spec) => specs.push(ProbePodSpec { sends: number < sending, ..spec }),
                Err(why) => absent.push(Absent { party, why }),
            }
        }
    }
    (specs, absent)
}

/// Pods of a party of which there are none: one in each namespace that it may be in.
fn blank(party: Party) -> Vec<Pod> {
    let namespaces = match party {
        Party::Other => vec!["openhive", "hive-sandbox"],
        _ => party.namespace().into_iter().collect(),
    };
    let pod = |namespace| {
        let labels = Labels::new(party.labels().iter().copied());
        Pod::new(namespace, party.name(), labels)
    };
    namespaces.into_iter().map(pod).collect()
}

/// The probe pod that policies treat as they treat `original`.
fn stand_in(party: Party, original: &Pod, input: &Input) -> Result<ProbePodSpec, String> {
    let namespace = original.namespace().unwrap_or_default().to_owned();
    let role = Role::Party(party);
    let Some(labels) = smallest_labels(&input.cluster, original, role) else {
        return Err("a policy selects it by a label that only its controller may set".to_owned());
    };
    let listens = match (party, tcp_ports(original)) {
        (Party::AgentMade, _) => vec![AGENT_PORT],
        (_, ports) if ports.is_empty() => vec![PORT],
        (_, ports) => ports,
    };
    let declares = match &original.ports {
        ContainerPorts::Known(ports) => ports.clone(),
        ContainerPorts::Unknown => Vec::new(),
    };
    let (node, sends) = (None, true);
    let spec = ProbePodSpec { role, namespace, labels, node, listens, declares, sends };
    let pod = spec.pod("");
    if let Some(service) = services_of(input, &pod).find(|s| s.publishes_not_ready) {
        return Err(format!("service {} would send its traffic to a probe pod", service.id()));
    }
    Ok(spec)
}

/// The pod that no policy of the platform selects and that stands for any other namespace, one on
/// each node: also the control of everything outside.
#[must_use]
pub fn elsewhere(node: &str, platform: &Platform) -> ProbePodSpec {
    let mut listens = vec![PORT];
    listens.extend(platform.database_ports.iter().chain(&platform.api_server_ports));
    // Those below cannot be listened on without a right of the node.
    listens.retain(|port| *port >= 1024);
    listens.sort_unstable();
    listens.dedup();
    ProbePodSpec {
        role: Role::Party(Party::Elsewhere),
        namespace: PROBE_NAMESPACE.to_owned(),
        labels: Vec::new(),
        node: Some(node.to_owned()),
        listens,
        declares: Vec::new(),
        sends: true,
    }
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;
    use serde_json::{Value, json};

    use super::{Participant, needed, running};
    use crate::input::Input;
    use crate::matrix::{Party, Platform, Profile};
    use crate::observe::plan::Question;
    use crate::ports::PortSet;
    use crate::read::Reader;

    fn platform() -> Platform {
        Platform {
            profile: Profile::Platform,
            database_ports: vec![5432],
            database_service: None,
            database_cidr: None::<IpNet>,
            api_server_ports: vec![6443],
            api_server_cidr: None,
            api_server_addresses: Vec::new(),
            dns_namespace: "kube-system".to_owned(),
            dns_labels: Vec::new(),
            dns_ports: vec![53],
            node_local_dns: None,
            ingress_namespace: Some("ingress-nginx".to_owned()),
            ingress_cidrs: Vec::new(),
            cluster_cidrs: Vec::new(),
            sandbox_allow: Vec::new(),
            relay: None,
        }
    }

    /// A Gateway that runs, with a Service that may send traffic to what is not ready.
    fn input(publishes_not_ready: bool) -> Input {
        let labels = json!({"app.kubernetes.io/name": "hive-gateway"});
        let owner = json!({"kind": "Deployment", "name": "hive-gateway", "controller": true});
        let container = json!({"name": "gateway", "image": "i", "ports": [
            {"name": "http", "containerPort": 8080}]});
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "hive-gateway-x", "namespace": "openhive", "labels": labels,
                "ownerReferences": [owner]},
            "spec": {"containers": [container], "nodeName": "n"},
            "status": {"phase": "Running", "podIPs": [{"ip": "fd00::7"}, {"ip": "10.0.0.7"}]}});
        let service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "hive-gateway", "namespace": "openhive"},
            "spec": {"selector": labels, "publishNotReadyAddresses": publishes_not_ready,
                "ports": [{"port": 8080}]}});
        let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "p", "namespace": "openhive"},
            "spec": {"podSelector": {"matchLabels": labels}}});
        read(&[pod, service, policy])
    }

    fn read(objects: &[Value]) -> Input {
        let mut reader = Reader::new("default");
        objects.iter().for_each(|object| reader.add(object, None));
        reader.finish()
    }

    fn question(from: Party, to: Party) -> Question {
        Question { from, to, open: PortSet::none(), wide: PortSet::none() }
    }

    fn gateway(input: &Input) -> Vec<Participant> {
        running(input, &platform())
    }

    #[test]
    fn a_party_that_is_asked_about_its_own_kind_gets_a_second_pod_to_be_reached() {
        let input = input(false);
        let there = gateway(&input);
        assert_eq!(there[0].id(), "openhive/hive-gateway-x");
        assert_eq!(there[0].container, "gateway");
        assert_eq!(there[0].address().map(|a| a.to_string()), Some("10.0.0.7".to_owned()));
        let of = |questions: &[Question]| needed(questions, &there, &input, &platform()).0;
        assert!(of(&[question(Party::Gateway, Party::Dns)]).is_empty(), "the running pod sends");
        let specs = of(&[question(Party::Gateway, Party::Gateway)]);
        assert_eq!(specs.len(), 1);
        assert!(!specs[0].sends);
        assert_eq!(specs[0].listens, [8080]);
        assert_eq!(specs[0].declares[0].name, "http", "a rule may open it by this name");
        let agents = of(&[question(Party::AgentMade, Party::AgentMade)]);
        assert_eq!(agents.iter().map(|s| s.sends).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn no_pod_is_created_that_would_get_a_services_traffic() {
        let input = input(true);
        let there = gateway(&input);
        let questions = [question(Party::Gateway, Party::Gateway)];
        let (specs, absent) = needed(&questions, &there, &input, &platform());
        assert!(specs.is_empty());
        assert!(absent[0].why.contains("service openhive/hive-gateway"), "{absent:?}");
    }

    #[test]
    fn nothing_is_created_in_the_ingress_controllers_namespace() {
        let questions = [question(Party::IngressController, Party::Gateway)];
        let (specs, absent) = needed(&questions, &[], &input(false), &platform());
        assert!(specs.iter().all(|spec| spec.namespace != "ingress-nginx"));
        assert_eq!(absent[0].party, Party::IngressController);
    }
}
