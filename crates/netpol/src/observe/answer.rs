//! What a probe says, and what that means on this cluster.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::run_object::{POD_SECURITY, PROBE_NAMESPACE};
use crate::ports::Protocol;

/// Prepares the namespace for probe pods.
pub const PREPARE: &str =
    "kubectl openhive verify-netpol --print-rbac probing | kubectl apply -f -";

/// The word of a probe.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A connection, or an answer to a query.
    Open,
    /// ECONNREFUSED: a closed port, a Service without endpoints, or a plugin that rejects.
    Refused,
    /// ECONNRESET.
    Reset,
    /// ICMP: EHOSTUNREACH, ENETUNREACH, EACCES.
    Unreachable,
    /// Nothing came back, in any of the tries.
    TimedOut,
    /// A connection, but no answer to the query.
    Silent,
    /// The name does not resolve.
    NameNotFound,
    /// The probe itself failed.
    Failed,
}

impl Answer {
    /// The answer that a probe's word stands for.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "open" => Self::Open,
            "refused" => Self::Refused,
            "reset" => Self::Reset,
            "unreachable" => Self::Unreachable,
            "timeout" => Self::TimedOut,
            "silent" => Self::Silent,
            "dns-failure" => Self::NameNotFound,
            "error" => Self::Failed,
            _ => return None,
        })
    }

    /// How a flow is blocked that gives this answer, if a denial may look so.
    #[must_use]
    pub const fn how(self) -> Option<How> {
        match self {
            Self::Refused => Some(How::Refused),
            Self::Reset => Some(How::Reset),
            Self::Unreachable => Some(How::Unreachable),
            Self::TimedOut => Some(How::TimeOut),
            Self::Open | Self::Silent | Self::NameNotFound | Self::Failed => None,
        }
    }
}

/// What a denial looks like.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Packets vanish.
    TimeOut,
    /// Refused.
    Refused,
    /// Reset.
    Reset,
    /// An ICMP message.
    Unreachable,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimeOut => "time-out",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Unreachable => "unreachable (ICMP)",
        })
    }
}

/// What denials were seen to look like in the proof that policies are enforced.
pub type Looks = BTreeSet<How>;

/// The same by protocol: a plugin may answer for one what it drops for another.
#[derive(Clone, Debug, Default)]
pub struct Denials {
    /// Of connections.
    pub tcp: Looks,
    /// Of datagrams.
    pub udp: Looks,
}

impl Denials {
    /// Those of a protocol; none were seen of any other.
    #[must_use]
    pub const fn of(&self, protocol: Protocol) -> &Looks {
        static NONE: Looks = Looks::new();
        match protocol {
            Protocol::Tcp => &self.tcp,
            Protocol::Udp => &self.udp,
            Protocol::Sctp => &NONE,
        }
    }
}

/// What kind of address was probed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Address {
    /// A pod's own.
    Pod,
    /// A Service's with ready endpoints.
    Service,
    /// A Service's without any: kube-proxy refuses by itself.
    EmptyService,
    /// Neither.
    Outside,
}

/// Whether somebody reached the target in the same observation, whom policies do not keep from it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Control {
    /// Yes.
    Passed {
        /// Who.
        by: String,
    },
    /// It was tried, and nobody did.
    Failed {
        /// Who tried.
        by: String,
    },
    /// There was nobody to try.
    Missing,
}

/// What was observed of a flow.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Observed {
    /// A packet got through.
    Open,
    /// None did.
    Blocked {
        /// What it looked like.
        how: How,
    },
    /// Nothing can be said.
    Unknown {
        /// Why.
        #[serde(flatten)]
        reason: Reason,
    },
}

/// Why nothing is known. Never a reason to call a flow as intended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "reason", content = "what", rename_all = "kebab-case")]
pub enum Reason {
    /// The probe ended without a word on this flow.
    NoWord,
    /// This answer is none of a denial here, and none of success.
    Ambiguous(Answer),
    /// A connection, but no answer to the query.
    Silent,
    /// A name that has to be resolved is not known to the cluster's DNS.
    NameNotFound(String),
    /// The probe failed in the pod.
    ProbeFailed,
    /// The pod takes every connection for one that was made, whoever listens: a proxy of a service
    /// mesh answers beside it.
    ProxyAnswers,
    /// The policies judge it, and no packet was sent.
    NothingSent,
    /// Blocked, but nobody else tried the target in the same observation.
    NoControl,
    /// The answers changed until the time was over.
    Unsettled,
    /// A packet got through that the policies deny, though it is meant to.
    Contradiction,
    /// The network plugin was not shown to enforce policies.
    NotEnforced,
    /// The account lacks a right.
    MissingRight(String),
    /// Nobody has prepared a namespace for probe pods.
    NoProbeNamespace,
    /// The namespace for probe pods admits pods that can do harm.
    UnpreparedProbeNamespace,
    /// There is no pod to probe from, and none could be created.
    NoSource(String),
    /// There is nothing to probe.
    NoTarget(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWord => f.write_str("the probe ended without a word on it"),
            Self::Ambiguous(answer) => write!(
                f,
                "the answer ({}) is neither a denial nor a success here",
                answer.how().map_or_else(|| "none".to_owned(), |how| how.to_string())
            ),
            Self::Silent => f.write_str("a connection, but no answer to the query"),
            Self::NameNotFound(name) => write!(f, "{name} does not resolve in the cluster"),
            Self::ProbeFailed => f.write_str("the probe failed in the pod"),
            Self::ProxyAnswers => f.write_str(
                "a proxy beside it (Istio, Linkerd) takes every connection, so that one says nothing",
            ),
            Self::NothingSent => f.write_str("no packet was sent"),
            Self::NoControl => {
                f.write_str("blocked, but nobody without policies tried the same target")
            }
            Self::Unsettled => f.write_str("the answers kept changing"),
            Self::Contradiction => f.write_str("a packet got through that the policies deny"),
            Self::NotEnforced => f.write_str("policies were not shown to be enforced"),
            Self::MissingRight(right) => write!(f, "no right to {right}"),
            Self::NoProbeNamespace => write!(
                f,
                "there is no namespace {PROBE_NAMESPACE}; an administrator creates it:  {PREPARE}"
            ),
            Self::UnpreparedProbeNamespace => write!(
                f,
                "namespace {PROBE_NAMESPACE} does not enforce the Pod Security level {}; an administrator prepares it:  {PREPARE}",
                POD_SECURITY.1
            ),
            Self::NoSource(what) | Self::NoTarget(what) => f.write_str(what),
        }
    }
}

/// What an answer means for a flow, where denials look like `looks`.
#[must_use]
pub fn observed(
    answer: Option<Answer>,
    address: Address,
    control: &Control,
    looks: &Looks,
) -> Observed {
    let unknown = |reason| Observed::Unknown { reason };
    let Some(answer) = answer else { return unknown(Reason::NoWord) };
    let passed = matches!(control, Control::Passed { .. });
    match answer {
        Answer::Open => Observed::Open,
        Answer::Silent => unknown(Reason::Silent),
        Answer::NameNotFound => unknown(Reason::NameNotFound("the target".to_owned())),
        Answer::Failed => unknown(Reason::ProbeFailed),
        Answer::TimedOut | Answer::Refused | Answer::Reset | Answer::Unreachable => {
            let Some(how) = answer.how() else { return unknown(Reason::ProbeFailed) };
            if looks.contains(&how) || !passed {
                // As denials look here; or nobody gets another answer, which the control tells.
                Observed::Blocked { how }
            } else if answer == Answer::Refused && address == Address::Pod {
                // The pod itself answered, beside a control that it listens to.
                Observed::Open
            } else {
                unknown(Reason::Ambiguous(answer))
            }
        }
    }
}
