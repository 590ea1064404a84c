//! The proof that the network plugin enforces policies: a pair of pods, open → one is shut by a policy
//! → blocked → open again. Each direction by itself.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::exec::Place;
use super::participants::{Image, stand_in};
use super::pods::{Running, create};
use super::prober::{Answers, Prober, place};
use super::run::Run;
use super::seconds;
use super::wire::{Request, Tool};
use netpol::matrix::Party;
use netpol::observe::Proof;
use netpol::observe::participant::{PORT, Participant};
use netpol::observe::pod::{ProbePodSpec, Role};
use netpol::observe::proof::{Both, Round, Shut, keeps_open};
use netpol::observe::run_object::{PROBE_NAMESPACE, ROLE, RUN};

/// How long each phase may take: until the pair is open, until it is shut, until it is open again.
const WITHIN: Duration = Duration::from_secs(60);
/// How long the probes may be without any answer before they are given up.
const SILENCE: Duration = Duration::from_secs(10);
/// One try of the proof.
const TRY: Duration = Duration::from_secs(1);
/// How long datagrams may be lost before the proof goes on without them.
const DATAGRAMS: Duration = Duration::from_secs(5);

/// A pod that the policy of the proof shuts.
pub(super) fn shut_pod(node: Option<String>) -> ProbePodSpec {
    ProbePodSpec {
        role: Role::Proof,
        namespace: PROBE_NAMESPACE.to_owned(),
        labels: Vec::new(),
        node,
        listens: vec![PORT],
        declares: Vec::new(),
        sends: false,
    }
}

/// A pod that the policy shuts, and one that it does not.
struct Pair<'a> {
    shut: Prober<'a>,
    shut_address: IpAddr,
    free: Prober<'a>,
    free_address: IpAddr,
}

impl Run<'_> {
    /// Runs the proof between a pod that was created for it and one without policies. `next` is the
    /// number of the next pod that is created.
    pub(super) async fn prove(
        &self,
        (spec, running): (&ProbePodSpec, &Running),
        free: &Participant,
        image: &Image,
        next: usize,
    ) -> Proof {
        (self.say)("proving that policies are enforced");
        let node = Some(running.node.clone()).filter(|node| !node.is_empty());
        let proof = Proof { node, ..Proof::default() };
        let inconclusive = |proof: Proof, why: String| Proof { failed: Some(why), ..proof };
        let nonce = format!("openhive-{}", self.objects.run);
        let Some(pair) = self.pair(running, free, &nonce) else {
            return inconclusive(proof, "a probe pod has no address".to_owned());
        };
        let mut proof = proof;
        let datagrams = match pair.open().await {
            Ok((milliseconds, datagrams)) => {
                proof.open_milliseconds = Some(milliseconds);
                datagrams
            }
            Err(why) => return inconclusive(proof, why.to_owned()),
        };
        // Of this run alone: others may be at work in the same namespace.
        let selector = json!({"matchLabels": {RUN: self.objects.run, ROLE: Role::Proof.name()}});
        let policy = match self.objects.deny(&selector).await {
            Ok(policy) => policy,
            Err(error) => return inconclusive(proof, error.to_string()),
        };
        let shut = pair.shut(datagrams).await;
        shut.tell(&mut proof);
        if !shut.is_shut() {
            let Some(why) = shut.still_open() else {
                let why = "the probes gave no steady answer beside a policy that denies everything";
                return inconclusive(proof, why.to_owned());
            };
            let pod = stand_in(Party::Elsewhere, spec, &self.objects.run, running).pod;
            let keep = keeps_open(&self.input.cluster, &pod, &free.pod, PORT);
            if !keep.is_empty() {
                return inconclusive(proof, format!("{why}, which may be by {}", keep.join(", ")));
            }
            return match self.new_pod_is_open(free, image, next, &nonce, datagrams).await {
                Ok(()) => proof.not_enforced(why),
                Err(but) => inconclusive(proof, format!("{why}, but {but}")),
            };
        }
        if let Err(error) = self.objects.allow_again(&policy).await {
            return inconclusive(proof, error.to_string());
        }
        let opened = Instant::now();
        while !pair.ask().await.is_open(datagrams) {
            if opened.elapsed() >= WITHIN {
                let why = "what a policy shut did not open again without it";
                return inconclusive(proof, why.to_owned());
            }
        }
        proof.open_again_after = Some(seconds(opened.elapsed()));
        Proof { enforced: true, conclusive: true, ..proof }
    }

    /// Whether a pod is open that is created beside the policy. A plugin whose agent is stopped enforces
    /// no new policy either, but it gives no new pod a network: that is not to be taken for a plugin
    /// that enforces nothing.
    async fn new_pod_is_open(
        &self,
        free: &Participant,
        image: &Image,
        next: usize,
        nonce: &str,
        datagrams: bool,
    ) -> Result<(), String> {
        let spec = shut_pod(Some(free.node().to_owned()).filter(|node| !node.is_empty()));
        let mut created = create(&self.objects, image, &[spec], next).await;
        let new = created.pop().unwrap_or_else(|| Err("there is none".to_owned()));
        let new = new.map_err(|why| format!("a new pod does not start: {why}"))?;
        let pair = self.pair(&new, free, nonce).ok_or("a new pod has no address")?;
        let shut = pair.shut_or_open(datagrams).await;
        shut.still_open().map(|_| ()).ok_or_else(|| "a new pod is not open as well".to_owned())
    }

    fn pair<'a>(
        &'a self,
        shut: &'a Running,
        free: &'a Participant,
        nonce: &'a str,
    ) -> Option<Pair<'a>> {
        let client = &self.objects.cluster.client;
        let tool = Tool::Python;
        let at = Place { namespace: PROBE_NAMESPACE, pod: &shut.name, container: "probe" };
        Some(Pair {
            shut: Prober { client, place: at, tool, nonce },
            shut_address: shut.address?,
            free: Prober { client, place: place(free), tool, nonce },
            free_address: free.address()?,
        })
    }
}

impl Pair<'_> {
    /// Waits until everything gets through. Returns how long a connection took, and whether datagrams
    /// get through too.
    async fn open(&self) -> Result<(u64, bool), &'static str> {
        let started = Instant::now();
        let mut answered = false;
        loop {
            let round = self.ask().await;
            answered |= round.is_answered();
            let patient = started.elapsed() < DATAGRAMS;
            if let Some((_, milliseconds)) = round.out.tcp
                && round.is_open(false)
                && (round.is_open(true) || !patient)
            {
                return Ok((milliseconds, round.is_open(true)));
            }
            if !answered && started.elapsed() >= SILENCE {
                return Err("the probes in the pods of the proof give no answer");
            }
            if started.elapsed() >= WITHIN {
                return Err("the pods of the proof do not reach each other even without a policy");
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Asks until the policy has shut everything, or the time is over.
    async fn shut(&self, datagrams: bool) -> Shut {
        let started = Instant::now();
        let mut shut = Shut::new(datagrams);
        while !shut.is_shut() && started.elapsed() < WITHIN {
            shut.take(&self.ask().await, seconds(started.elapsed()));
        }
        shut
    }

    /// The same, and ends as soon as something is open again and again.
    async fn shut_or_open(&self, datagrams: bool) -> Shut {
        let started = Instant::now();
        let mut shut = Shut::new(datagrams);
        while !shut.is_shut() && shut.still_open().is_none() && started.elapsed() < WITHIN {
            shut.take(&self.ask().await, seconds(started.elapsed()));
        }
        shut
    }

    /// From the pod that is shut to the free one, and back.
    async fn ask(&self) -> Round {
        let requests = |host: IpAddr| {
            ["tcp", "dns-udp"].into_iter().enumerate().map(move |(number, kind)| Request {
                number,
                kind,
                host: host.to_string(),
                port: PORT,
                tries: 1,
                limit: TRY,
            })
        };
        let requests: [Vec<Request>; 2] =
            [self.free_address, self.shut_address].map(|host| requests(host).collect());
        let (out, into) = futures::join!(self.shut.ask(&requests[0]), self.free.ask(&requests[1]));
        let both = |answers: Answers| {
            let answer = |number| answers.get(&number).and_then(super::wire::answer);
            Both { tcp: answer(0), udp: answer(1) }
        };
        Round { out: both(out), into: both(into) }
    }
}
