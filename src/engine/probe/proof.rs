//! The proof that the network plugin enforces policies: a pair of pods, open → deny-all → blocked →
//! open again. Each direction by itself, against a pod without policies.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::prober::{Prober, Words};
use super::run_objects::RunObjects;
use super::seconds;
use super::wire::Order;
use netpol::observe::Proof;
use netpol::observe::proof::{Both, Round};
use netpol::observe::run_object::{ROLE, RUN};

/// The role of the two pods of the proof.
pub(super) const PAIR: &str = "proof";
/// How long the whole proof may take.
const WITHIN: Duration = Duration::from_secs(60);
/// One try of the proof.
const TRY: Duration = Duration::from_secs(1);
/// How long datagrams may be lost before the proof goes on without them.
const DATAGRAMS: Duration = Duration::from_secs(5);

/// Two pods that a policy shuts, and one that none does.
pub(super) struct Pair<'a> {
    pub first: Prober<'a>,
    pub second: IpAddr,
    pub free: Prober<'a>,
    pub free_address: IpAddr,
    pub port: u16,
}

/// Runs the proof.
pub(super) async fn prove(objects: &RunObjects<'_>, pair: &Pair<'_>) -> Proof {
    let mut proof = Proof::default();
    let started = Instant::now();
    let deadline = started + WITHIN;
    let datagrams = loop {
        let round = pair.ask().await;
        let patient = started.elapsed() < DATAGRAMS;
        if round.is_open(false) && (round.is_open(true) || !patient) {
            proof.open_milliseconds = round.out.tcp.map(|(_, milliseconds)| milliseconds);
            break round.is_open(true);
        }
        if Instant::now() >= deadline {
            let why = "the pods of the proof do not reach each other even without a policy";
            return Proof { failed: Some(why.to_owned()), ..proof };
        }
        sleep(Duration::from_millis(200)).await;
    };
    // Of this run alone: others may be at work in the same namespace.
    let selector = json!({"matchLabels": {RUN: objects.run, ROLE: PAIR}});
    let policy = match objects.deny(&selector).await {
        Ok(policy) => policy,
        Err(error) => return Proof { failed: Some(error.to_string()), ..proof },
    };
    let shut = Instant::now();
    while let Some(why) = proof.still_open(datagrams) {
        if Instant::now() >= deadline {
            return proof.not_enforced(why);
        }
        let round = pair.ask().await;
        proof.note(&round, datagrams, seconds(shut.elapsed()));
    }
    if let Err(error) = objects.allow_again(&policy).await {
        return Proof { failed: Some(error.to_string()), ..proof };
    }
    let opened = Instant::now();
    while !pair.ask().await.is_open(datagrams) {
        if Instant::now() >= deadline {
            let why = "what a policy shut did not open again without it";
            return Proof { failed: Some(why.to_owned()), ..proof };
        }
    }
    proof.open_again_after = Some(seconds(opened.elapsed()));
    Proof { enforced: true, conclusive: true, ..proof }
}

impl Pair<'_> {
    /// From the first of the pair to the free pod, and from that to the second.
    async fn ask(&self) -> Round {
        let orders = |host: IpAddr| {
            ["tcp", "dns-udp"].into_iter().enumerate().map(move |(number, kind)| Order {
                number,
                kind,
                host: host.to_string(),
                port: self.port,
                tries: 1,
                limit: TRY,
            })
        };
        let orders: [Vec<Order>; 2] =
            [self.free_address, self.second].map(|host| orders(host).collect());
        let (out, into) = futures::join!(self.first.ask(&orders[0]), self.free.ask(&orders[1]));
        let both = |words: Words| {
            let word = |number| words.get(&number).and_then(super::wire::answer);
            Both { tcp: word(0), udp: word(1) }
        };
        Round { out: both(out), into: both(into) }
    }
}
