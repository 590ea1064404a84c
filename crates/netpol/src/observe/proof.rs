//! What a probe run says of itself: whether policies are enforced here, and how long it took.

use serde::Serialize;

use super::answer::{Answer, Denials, How};
use super::rounds::Word;
use crate::cluster::Cluster;
use crate::endpoint::{Endpoint, Pod};
use crate::labels::{Requirement, Selector};
use crate::policy::Policy;
use crate::ports::Protocol;

/// So many equal answers in a row count, so that one lost packet proves nothing.
const IN_A_ROW: u32 = 3;

/// Whether and how policies are enforced: a pair of pods, open → deny-all → blocked → open again.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// Both directions were shut and opened again by a policy.
    pub enforced: bool,
    /// Why not, or why that could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Whether it could be told at all.
    pub conclusive: bool,
    /// The node of the pods that it was made with. What the plugin does on others is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// How long a connection took before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_milliseconds: Option<u64>,
    /// Connections from a pod that a policy shuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<Denial>,
    /// Connections to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Denial>,
    /// Datagrams from it, where they got through before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_udp: Option<Denial>,
    /// Datagrams to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_udp: Option<Denial>,
    /// Seconds from the policy's end until both were open again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_again_after: Option<f64>,
}

/// What a denial looks like.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// What a connection met.
    pub how: How,
    /// Seconds from the policy until then.
    pub after: f64,
}

impl Proof {
    /// That could not be told, and why.
    #[must_use]
    pub fn inconclusive(why: String) -> Self {
        Self { failed: Some(why), ..Self::default() }
    }

    /// That a policy changed nothing, or not all that it should.
    #[must_use]
    pub fn not_enforced(self, why: &str) -> Self {
        Self { conclusive: true, failed: Some(why.to_owned()), ..self }
    }

    /// Whether it is certain that policies have no effect.
    #[must_use]
    pub const fn is_refuted(&self) -> bool {
        self.conclusive && !self.enforced
    }

    /// What denials look like.
    #[must_use]
    pub fn looks(&self) -> Denials {
        let of = |seen: [Option<Denial>; 2]| seen.into_iter().flatten().map(|d| d.how).collect();
        Denials {
            tcp: of([self.egress, self.ingress]),
            udp: of([self.egress_udp, self.ingress_udp]),
        }
    }

    /// What was seen, in order: `open 4 ms → deny: egress time-out after 0.9 s → open after 0.2 s`;
    /// empty where nothing was.
    #[must_use]
    pub fn seen(&self) -> String {
        let mut steps = Vec::new();
        steps.extend(self.open_milliseconds.map(|open| format!("open {open} ms")));
        // Datagrams only where they fare otherwise.
        let other = |tcp: Option<Denial>, udp: Option<Denial>| {
            udp.filter(|udp| tcp.is_none_or(|tcp| tcp.how != udp.how))
        };
        let denials = [
            ("egress", self.egress),
            ("egress UDP", other(self.egress, self.egress_udp)),
            ("ingress", self.ingress),
            ("ingress UDP", other(self.ingress, self.ingress_udp)),
        ];
        let denied: Vec<String> = denials
            .iter()
            .filter_map(|(side, denial)| {
                denial.map(|d| format!("{side} {} after {:.1} s", d.how, d.after))
            })
            .collect();
        if !denied.is_empty() {
            steps.push(format!("deny: {}", denied.join(", ")));
        }
        steps.extend(self.open_again_after.map(|again| format!("open after {again:.1} s")));
        let mut text = steps.join(" → ");
        if let Some(node) = self.node.as_ref().filter(|_| !text.is_empty()) {
            text.push_str(&format!(" on node {node}"));
        }
        if let Some(failed) = &self.failed {
            let gap = if text.is_empty() { "" } else { "; " };
            text.push_str(&format!("{gap}{failed}"));
        }
        text
    }
}

/// One direction of the proof, by both protocols.
#[derive(Clone, Copy, Debug)]
pub struct Both {
    /// A connection.
    pub tcp: Word,
    /// A datagram that is sent back.
    pub udp: Word,
}

/// Both directions, tried at once.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// From the pod that the policy shuts.
    pub out: Both,
    /// To one.
    pub into: Both,
}

impl Round {
    /// Whether anything was answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        [self.out.tcp, self.out.udp, self.into.tcp, self.into.udp].iter().any(Option::is_some)
    }

    /// Whether everything got through; of datagrams where they count.
    #[must_use]
    pub fn is_open(&self, datagrams: bool) -> bool {
        let open = |word: Word| matches!(word, Some((Answer::Open, _)));
        let both = |way: Both| open(way.tcp) && (!datagrams || open(way.udp));
        both(self.out) && both(self.into)
    }
}

/// What the policy of the proof has done so far to each direction and protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shut {
    /// Whether datagrams got through before, so that they have to be shut too.
    datagrams: bool,
    /// Egress and ingress of connections, then of datagrams.
    ways: [Way; 4],
}

/// One direction of one protocol.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// What the first denial of an unbroken row of them looked like, and how many there are.
    denied: Option<(Denial, u32)>,
    /// How many answers in a row were open.
    open: u32,
}

impl Shut {
    /// Nothing was tried since the policy was created.
    #[must_use]
    pub fn new(datagrams: bool) -> Self {
        Self { datagrams, ..Self::default() }
    }

    /// Takes one round, so many seconds after the policy was created. An answer that is missing, or
    /// that says neither, breaks every row.
    pub fn take(&mut self, round: &Round, after: f64) {
        let words = [round.out.tcp, round.into.tcp, round.out.udp, round.into.udp];
        for (way, word) in self.ways.iter_mut().zip(words) {
            let answer = word.map(|(answer, _)| answer);
            way.open = if answer == Some(Answer::Open) { way.open + 1 } else { 0 };
            way.denied = answer.and_then(Answer::how).map(|how| match way.denied {
                Some((first, row)) if first.how == how => (first, row + 1),
                _ => (Denial { how, after }, 1),
            });
        }
    }

    fn needed(&self) -> &[Way] {
        if self.datagrams { &self.ways } else { &self.ways[..2] }
    }

    /// Whether every direction and protocol was denied often enough.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.needed().iter().all(|way| way.denied.is_some_and(|(_, row)| row >= IN_A_ROW))
    }

    /// What of a policy that denies everything has no effect, where that is certain: something is
    /// still open, again and again.
    #[must_use]
    pub fn still_open(&self) -> Option<&'static str> {
        let open: Vec<bool> = self.needed().iter().map(|way| way.open >= IN_A_ROW).collect();
        match open.as_slice() {
            [true, true, ..] => Some("a policy that denies everything changed nothing"),
            [true, ..] | [_, true, ..] => {
                Some("a policy that denies everything shut one direction only")
            }
            _ if open.contains(&true) => Some("a policy that denies everything did not shut UDP"),
            _ => None,
        }
    }

    /// Puts what denials look like into the proof.
    pub fn tell(&self, proof: &mut Proof) {
        let seen = |way: &Way| way.denied.map(|(denial, _)| denial);
        let [egress, ingress, egress_udp, ingress_udp] = &self.ways;
        (proof.egress, proof.ingress) = (seen(egress), seen(ingress));
        if self.datagrams {
            (proof.egress_udp, proof.ingress_udp) = (seen(egress_udp), seen(ingress_udp));
        }
    }
}

/// The policies beside which a policy that denies everything to `pod` may leave it open to `other`,
/// so that it proves nothing that it does. Empty where it has to shut it.
#[must_use]
pub fn keeps_open(cluster: &Cluster, pod: &Pod, other: &Pod, port: u16) -> Vec<String> {
    let mut shut = cluster.clone();
    let labels = pod.labels.iter().filter_map(|(key, value)| {
        Some(Requirement::In(key.to_owned(), [value?.to_owned()].into()))
    });
    shut.policies.push(Policy {
        namespace: pod.namespace().unwrap_or_default().to_owned(),
        name: "deny-all".to_owned(),
        selector: Selector::new(labels),
        ingress: Some(Vec::new()),
        egress: Some(Vec::new()),
        idle: Vec::new(),
        notes: Vec::new(),
        place: None,
    });
    let (pod_end, other_end) = (Endpoint::Pod(pod), Endpoint::Pod(other));
    let is_shut = [(&pod_end, &other_end), (&other_end, &pod_end)].into_iter().all(|(from, to)| {
        let verdict = shut.verdict(from, to);
        [Protocol::Tcp, Protocol::Udp].iter().all(|p| !verdict.at(*p, port).possibly())
    });
    if is_shut {
        return Vec::new();
    }
    let own = cluster.policies.iter().filter(|p| cluster.selects(p, pod).possibly());
    let admin = cluster.admin.iter().filter(|p| cluster.admin_selects(p, pod).possibly());
    let foreign = cluster.foreign.iter().filter(|p| cluster.foreign_selects(p, pod).possibly());
    let own = own.map(|p| format!("NetworkPolicy {}", p.id()));
    own.chain(admin.map(|p| format!("{} {}", p.kind, p.name)))
        .chain(foreign.map(|p| p.object.clone()))
        .collect()
}

/// How long the parts of a run took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// From the first object made until every probe pod runs.
    pub pod_start: f64,
    /// The proof that policies are enforced, from then on.
    pub proof: f64,
    /// All observations of the matrix.
    pub matrix: f64,
    /// Taking everything away again.
    pub clean_up: f64,
}

/// One run that sent packets, as every report tells of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sent {
    /// The run's id, which everything carried that it made.
    pub run: String,
    /// Whether and how policies are enforced.
    pub proof: Proof,
    /// How long it took.
    pub seconds: Timings,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Both, Proof, Round, Shut, keeps_open};
    use crate::Pod;
    use crate::labels::Labels;
    use crate::observe::{Answer, How};
    use crate::read::Reader;

    type Word = Option<(Answer, u64)>;

    const OPEN: Word = Some((Answer::Open, 1));
    const LOST: Word = Some((Answer::TimedOut, 1000));
    const TOLD: Word = Some((Answer::Unreachable, 1));

    fn round(out: [Word; 2], into: [Word; 2]) -> Round {
        let both = |[tcp, udp]: [Word; 2]| Both { tcp, udp };
        Round { out: both(out), into: both(into) }
    }

    fn after(rounds: &[Round]) -> Shut {
        let mut shut = Shut::new(true);
        rounds.iter().for_each(|round| shut.take(round, 0.1));
        shut
    }

    #[test]
    fn three_denials_in_a_row_in_every_direction_and_protocol_are_a_proof() {
        let denied = round([LOST, TOLD], [LOST, LOST]);
        assert!(!after(&[denied; 2]).is_shut());
        let shut = after(&[denied; 3]);
        assert!(shut.is_shut());
        let mut proof = Proof::default();
        shut.tell(&mut proof);
        assert_eq!(proof.looks().tcp, [How::TimeOut].into());
        assert_eq!(proof.looks().udp, [How::TimeOut, How::Unreachable].into());
    }

    #[test]
    fn packets_that_are_lost_now_and_then_prove_nothing() {
        let open = round([OPEN, OPEN], [OPEN, OPEN]);
        let lost = [
            round([LOST, OPEN], [OPEN, OPEN]),
            round([OPEN, OPEN], [LOST, OPEN]),
            round([OPEN, LOST], [OPEN, LOST]),
        ];
        let rounds: Vec<Round> = lost.iter().cycle().take(60).copied().collect();
        assert!(!after(&rounds).is_shut());
        // Not even several in a row, where one got through.
        let denied = round([LOST, LOST], [LOST, LOST]);
        assert!(!after(&[denied, denied, open, denied, denied]).is_shut());
        let silent = round([LOST, LOST], [None, LOST]);
        assert!(!after(&[denied, denied, silent, denied]).is_shut());
    }

    #[test]
    fn what_stays_open_is_not_enforced_and_what_is_not_answered_is_not_known() {
        let says = |out, into| after(&[round(out, into); 3]).still_open();
        let nothing = Some("a policy that denies everything changed nothing");
        assert_eq!(says([OPEN, OPEN], [OPEN, OPEN]), nothing);
        let one = Some("a policy that denies everything shut one direction only");
        assert_eq!(says([LOST, OPEN], [OPEN, OPEN]), one);
        let udp = Some("a policy that denies everything did not shut UDP");
        assert_eq!(says([LOST, TOLD], [LOST, OPEN]), udp);
        assert_eq!(says([LOST, TOLD], [LOST, LOST]), None);
        assert_eq!(says([None, None], [None, None]), None, "no answer is none");
        let open = round([OPEN, OPEN], [OPEN, OPEN]);
        assert_eq!(after(&[open, open]).still_open(), None, "once more is needed");
        let silent = round([None, None], [None, None]);
        assert_eq!(after(&[open, open, open, silent]).still_open(), None, "then nothing was said");
    }

    #[test]
    fn datagrams_are_told_where_they_fare_otherwise() {
        let mut proof = Proof::default();
        let mut shut = Shut::new(true);
        shut.take(&round([LOST, TOLD], [LOST, LOST]), 0.5);
        shut.tell(&mut proof);
        proof.node = Some("n1".to_owned());
        let egress = "egress time-out after 0.5 s, egress UDP unreachable (ICMP) after 0.5 s";
        let seen = format!("deny: {egress}, ingress time-out after 0.5 s on node n1");
        assert_eq!(proof.seen(), seen);
    }

    #[test]
    fn datagrams_that_never_got_through_are_not_asked_for() {
        let mut shut = Shut::new(false);
        let denied = round([LOST, LOST], [TOLD, LOST]);
        (0..3).for_each(|_| shut.take(&denied, 0.1));
        assert!(shut.is_shut());
        let mut proof = Proof::default();
        shut.tell(&mut proof);
        assert_eq!(proof.looks().tcp, [How::TimeOut, How::Unreachable].into());
        assert!(proof.looks().udp.is_empty());
        assert!(!round([OPEN, LOST], [OPEN, LOST]).is_open(true));
        assert!(round([OPEN, LOST], [OPEN, LOST]).is_open(false));
    }

    #[test]
    fn a_policy_that_may_keep_the_pair_open_is_named() {
        let pod = |name: &str, labels: &[(&str, &str)]| {
            Pod::new("openhive-probes", name, Labels::new(labels.iter().copied()))
        };
        let (first, free) = (pod("a", &[("role", "proof")]), pod("b", &[]));
        let keeps = |objects: &[serde_json::Value]| {
            let mut reader = Reader::new("default");
            objects.iter().for_each(|object| reader.add(object, None));
            keeps_open(&reader.finish().cluster, &first, &free, 8080)
        };
        assert_eq!(keeps(&[]), Vec::<String>::new());
        let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "shut", "namespace": "openhive-probes"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}});
        assert_eq!(keeps(&[deny]), Vec::<String>::new(), "it opens nothing");
        let allow = json!({
            "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": {"name": "monitoring"},
            "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
                "ingress": [{"name": "all", "action": "Accept", "from": [{"namespaces": {}}]}]},
        });
        assert_eq!(keeps(&[allow]), ["ClusterNetworkPolicy monitoring"]);
        let other = json!({
            "apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy",
            "metadata": {"name": "any"}, "spec": {"endpointSelector": {}, "ingress": [{}]},
        });
        assert_eq!(keeps(&[other]), ["CiliumClusterwideNetworkPolicy any"]);
    }
}
