//! What a probe run says of itself: whether policies are enforced here, and how long it took.

use serde::Serialize;

use super::answer::{Answer, Denials, How};
use super::rounds::Word;

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

    /// Notes what was denied for the first time, so many seconds after the policy.
    pub fn note(&mut self, round: &Round, datagrams: bool, after: f64) {
        let denial = |word: Word| Some(Denial { how: word?.0.how()?, after });
        self.egress = self.egress.or_else(|| denial(round.out.tcp));
        self.ingress = self.ingress.or_else(|| denial(round.into.tcp));
        if datagrams {
            self.egress_udp = self.egress_udp.or_else(|| denial(round.out.udp));
            self.ingress_udp = self.ingress_udp.or_else(|| denial(round.into.udp));
        }
    }

    /// What of a policy that denies everything has had no effect, if anything.
    #[must_use]
    pub fn still_open(&self, datagrams: bool) -> Option<&'static str> {
        match (self.egress.is_some(), self.ingress.is_some()) {
            (false, false) => Some("a policy that denies everything changed nothing"),
            (true, true) if !datagrams || self.egress_udp.and(self.ingress_udp).is_some() => None,
            (true, true) => Some("a policy that denies everything did not shut UDP"),
            _ => Some("a policy that denies everything shut one direction only"),
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
    /// Whether everything got through; of datagrams where they count.
    #[must_use]
    pub fn is_open(&self, datagrams: bool) -> bool {
        let open = |word: Word| matches!(word, Some((Answer::Open, _)));
        let both = |way: Both| open(way.tcp) && (!datagrams || open(way.udp));
        both(self.out) && both(self.into)
    }
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
    use super::{Both, Proof, Round};
    use crate::observe::{Answer, How};

    const OPEN: Option<(Answer, u64)> = Some((Answer::Open, 1));
    const LOST: Option<(Answer, u64)> = Some((Answer::TimedOut, 1000));
    const TOLD: Option<(Answer, u64)> = Some((Answer::Unreachable, 1));

    fn round(out: [Option<(Answer, u64)>; 2], into: [Option<(Answer, u64)>; 2]) -> Round {
        let both = |[tcp, udp]: [Option<(Answer, u64)>; 2]| Both { tcp, udp };
        Round { out: both(out), into: both(into) }
    }

    #[test]
    fn every_direction_and_protocol_has_to_be_shut() {
        let mut proof = Proof::default();
        let mut after = |out, into| {
            proof.note(&round(out, into), true, 0.1);
            proof.still_open(true)
        };
        let nothing = Some("a policy that denies everything changed nothing");
        assert_eq!(after([OPEN, OPEN], [OPEN, OPEN]), nothing);
        assert_eq!(after([OPEN, OPEN], [None, None]), nothing, "no word is no denial");
        let one = Some("a policy that denies everything shut one direction only");
        assert_eq!(after([LOST, OPEN], [OPEN, OPEN]), one);
        let udp = Some("a policy that denies everything did not shut UDP");
        assert_eq!(after([LOST, TOLD], [LOST, OPEN]), udp);
        assert_eq!(after([LOST, TOLD], [LOST, LOST]), None);
        let looks = proof.looks();
        assert_eq!(looks.tcp, [How::TimeOut].into());
        assert_eq!(looks.udp, [How::TimeOut, How::Unreachable].into());
    }

    #[test]
    fn datagrams_are_told_where_they_fare_otherwise() {
        let mut proof = Proof::default();
        proof.note(&round([LOST, TOLD], [LOST, LOST]), true, 0.5);
        let egress = "egress time-out after 0.5 s, egress UDP unreachable (ICMP) after 0.5 s";
        assert_eq!(proof.seen(), format!("deny: {egress}, ingress time-out after 0.5 s"));
    }

    #[test]
    fn datagrams_that_never_got_through_are_not_asked_for() {
        let mut proof = Proof::default();
        proof.note(&round([LOST, LOST], [TOLD, LOST]), false, 0.1);
        assert_eq!(proof.still_open(false), None);
        assert_eq!(proof.looks().tcp, [How::TimeOut, How::Unreachable].into());
        assert!(proof.looks().udp.is_empty());
        assert!(!round([OPEN, LOST], [OPEN, LOST]).is_open(true));
        assert!(round([OPEN, LOST], [OPEN, LOST]).is_open(false));
    }
}
