//! The proof that the network plugin enforces policies: a pair of pods, open → deny-all → blocked →
//! open again. Each direction by itself, against a pod without policies.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::camp::Camp;
use super::prober::{Prober, Words};
use super::seconds;
use super::wire::Order;
use crate::netpol::observe::pod::ROLE;
use crate::netpol::observe::{Answer, Denial, Proof};

/// The role of the two pods of the proof.
pub(super) const PAIR: &str = "proof";
/// How long the whole proof may take.
const WITHIN: Duration = Duration::from_secs(60);
/// One try of the proof.
const TRY: Duration = Duration::from_secs(1);

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
