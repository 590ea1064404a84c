//! The proof that the network plugin enforces policies: a pair of pods, open → deny-all → blocked →
//! open again. Each direction by itself, against a pod without policies.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::camp::Camp;
use super::prober::{Prober, Words};
use super::seconds;
use super::wire::Order;
use crate::netpol::observe::pod::ROLE;
use crate::netpol::observe::{Answer, How, Looks};

/// The role of the two pods of the proof.
pub(super) const PAIR: &str = "proof";
/// How long the whole proof may take.
const WITHIN: Duration = Duration::from_secs(60);
/// One try of the proof.
const TRY: Duration = Duration::from_secs(1);

/// Whether and how policies are enforced.
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

    fn not_enforced(self, why: &str) -> Self {
        Self { conclusive: true, failed: Some(why.to_owned()), ..self }
    }

    /// What denials look like.
    #[must_use]
    pub fn looks(&self) -> Looks {
        [self.egress, self.ingress].into_iter().flatten().map(|denial| denial.how).collect()
    }
}

/// Two pods that a policy shuts, and one that none does.
pub(super) struct Pair<'a> {
    pub first: Prober<'a>,
    pub second: IpAddr,
    pub free: Prober<'a>,
    pub free_address: IpAddr,
    pub port: u16,
}

/// Runs the proof.
pub(super) async fn prove(camp: &Camp<'_>, pair: &Pair<'_>) -> Proof {
    let mut proof = Proof::default();
    let deadline = Instant::now() + WITHIN;
    loop {
        let (out, into) = pair.ask().await;
        if let (Some((Answer::Open, milliseconds)), Some((Answer::Open, _))) = (out, into) {
            proof.open_milliseconds = Some(milliseconds);
            break;
        }
        if Instant::now() >= deadline {
            let why = "the pods of the proof do not reach each other even without a policy";
            return Proof { failed: Some(why.to_owned()), ..proof };
        }
        sleep(Duration::from_millis(200)).await;
    }
    let selector = json!({"matchLabels": {ROLE: PAIR}});
    if let Err(error) = camp.deny(&selector).await {
        return Proof { failed: Some(error.to_string()), ..proof };
    }
    let shut = Instant::now();
    while proof.egress.is_none() || proof.ingress.is_none() {
        let (out, into) = pair.ask().await;
        let denial = |answer: Option<(Answer, u64)>| {
            let how = answer?.0.how()?;
            Some(Denial { how, after: seconds(shut.elapsed()) })
        };
        proof.egress = proof.egress.or(denial(out));
        proof.ingress = proof.ingress.or(denial(into));
        if Instant::now() >= deadline {
            let both = proof.egress.is_none() && proof.ingress.is_none();
            return proof.not_enforced(if both {
                "a policy that denies everything changed nothing"
            } else {
                "a policy that denies everything shut one direction only"
            });
        }
    }
    if let Err(error) = camp.allow_again().await {
        return Proof { failed: Some(error.to_string()), ..proof };
    }
    let opened = Instant::now();
    loop {
        let (out, into) = pair.ask().await;
        let open = |answer: Option<(Answer, u64)>| matches!(answer, Some((Answer::Open, _)));
        if open(out) && open(into) {
            proof.open_again_after = Some(seconds(opened.elapsed()));
            return Proof { enforced: true, conclusive: true, ..proof };
        }
        if Instant::now() >= deadline {
            let why = "what a policy shut did not open again without it";
            return Proof { failed: Some(why.to_owned()), ..proof };
        }
    }
}

impl Pair<'_> {
    /// From the first of the pair to the free pod, and from that to the second.
    async fn ask(&self) -> (Option<(Answer, u64)>, Option<(Answer, u64)>) {
        let order = |host: IpAddr| Order {
            number: 0,
            kind: "tcp",
            host: host.to_string(),
            port: self.port,
            tries: 1,
            limit: TRY,
        };
        let orders = [[order(self.free_address)], [order(self.second)]];
        let (out, into) = futures::join!(self.first.ask(&orders[0]), self.free.ask(&orders[1]));
        let only = |words: Words| words.get(&0).and_then(super::wire::answer);
        (only(out), only(into))
    }
}
