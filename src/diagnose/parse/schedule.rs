//! Why no node takes a pod: the scheduler's `0/N nodes are available` sentence.

use std::fmt;

use serde::Serialize;

use super::between;

/// The scheduler's sentence, taken apart.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scheduling {
    /// The nodes of the cluster.
    pub nodes: u32,
    /// What is in the way, and on how many nodes; `None` where it is the pod's own.
    pub blockers: Vec<(Option<u32>, Blocker)>,
}

/// What keeps a pod off a node.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Blocker {
    /// Not enough of a resource.
    Insufficient {
        /// `cpu`, `memory`, `ephemeral-storage`, …
        resource: String,
    },
    /// The node is full.
    TooManyPods,
    /// A taint without toleration.
    Taint {
        /// The taint's key; `None` where the scheduler does not name it (1.34 and later) and the
        /// nodes may not be read.
        key: Option<String>,
    },
    /// Node selector or node affinity.
    Selector,
    /// Affinity or anti-affinity to other pods, or topology spread.
    PodAffinity,
    /// A node that is cordoned.
    Cordoned,
    /// A claim that no volume is bound to, and that should be bound at once.
    UnboundClaim,
    /// A claim that does not exist.
    ClaimMissing {
        /// Its name.
        claim: String,
    },
    /// The claim's volume is on other nodes.
    VolumeElsewhere,
    /// No volume fits the claim, or its provisioner cannot make one here.
    NoVolume,
    /// Something else, in the scheduler's words.
    Unrecognised {
        /// Its words.
        text: String,
    },
}

impl Scheduling {
    /// Reads the message of `PodScheduled=False` or of an event `FailedScheduling`.
    #[must_use]
    pub fn parse(message: &str) -> Self {
        if message.starts_with("no nodes available") {
            return Self { nodes: 0, blockers: Vec::new() };
        }
        let (nodes, list) = match message.split_once(" nodes are available: ") {
            Some((head, list)) => {
                let nodes = head.rsplit('/').next().and_then(|n| n.trim().parse().ok());
                (nodes.unwrap_or_default(), list)
            }
            None => (0, message),
        };
        // What follows is about preemption and resource claims.
        let list = list.split(". ").next().unwrap_or(list);
        let blockers = split(list.trim().trim_end_matches('.')).map(blocker).collect();
        Self { nodes, blockers }
    }

    /// Puts the nodes' own taints in place of one that the scheduler does not name.
    pub fn name_taints(&mut self, taints: &[&str]) {
        for (_, blocker) in &mut self.blockers {
            if *blocker == (Blocker::Taint { key: None }) && !taints.is_empty() {
                // One that passes decides how long to wait.
                let key = taints.iter().find(|key| passes(key)).or(taints.first());
                *blocker = Blocker::Taint { key: key.map(|key| (*key).to_owned()) };
            }
        }
    }

    /// Whether time may help: resources get free, and a node that is not ready gets ready.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.blockers.iter().any(|(_, blocker)| match blocker {
            Blocker::Insufficient { .. } | Blocker::TooManyPods => true,
            // An unknown one may be one of these.
            Blocker::Taint { key } => key.as_deref().is_none_or(passes),
            _ => false,
        })
    }
}

/// Whether the cluster itself sets a taint while a node comes up or is under pressure. That of a
/// cordon is a person's.
fn passes(key: &str) -> bool {
    key != "node.kubernetes.io/unschedulable"
        && (key.starts_with("node.kubernetes.io/")
            || key.starts_with("node.cloudprovider.kubernetes.io/"))
}

/// `,` separates, but not inside `{key: value}`.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    list.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

fn blocker(part: &str) -> (Option<u32>, Blocker) {
    let (count, words) = match part.split_once(' ') {
        Some((first, rest)) => match first.parse() {
            Ok(count) => (Some(count), rest),
            Err(_) => (None, part),
        },
        None => (None, part),
    };
    let blocker = if let Some(resource) = words.strip_prefix("Insufficient ") {
        Blocker::Insufficient { resource: resource.to_owned() }
    } else if words.starts_with("Too many pods") {
        Blocker::TooManyPods
    } else if words.contains("untolerated taint") {
        Blocker::Taint { key: between(words, "{", ":").map(ToOwned::to_owned) }
    } else if words.contains("node affinity/selector") || words.contains("node selector") {
        Blocker::Selector
    } else if words.contains("volume node affinity conflict")
        || words.contains("PersistentVolume's node affinity")
        || words.contains("no available volume zone")
    {
        Blocker::VolumeElsewhere
    } else if words.contains("pod affinity")
        || words.contains("anti-affinity")
        || words.contains("topology spread")
    {
        Blocker::PodAffinity
    } else if words.contains("were unschedulable") {
        Blocker::Cordoned
    } else if words.contains("unbound immediate PersistentVolumeClaims") {
        Blocker::UnboundClaim
    } else if let Some(claim) = between(words, "persistentvolumeclaim \"", "\" not found") {
        Blocker::ClaimMissing { claim: claim.to_owned() }
    } else if words.contains("available persistent volumes to bind")
        || words.contains("did not have enough free storage")
        || words.contains("non-existent pv")
    {
        Blocker::NoVolume
    } else {
        Blocker::Unrecognised { text: words.to_owned() }
    };
    (count, blocker)
}

/// `2 of 3 lack cpu, 1 of 3 has the untolerated taint …`.
impl fmt::Display for Scheduling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 && self.blockers.is_empty() {
            return f.write_str("the cluster has no node");
        }
        for (i, (count, blocker)) in self.blockers.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if let Some(count) = count {
                write!(f, "{count} of {} nodes: ", self.nodes)?;
            }
            blocker.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insufficient { resource } => write!(f, "not enough {resource}"),
            Self::TooManyPods => f.write_str("too many pods"),
            Self::Taint { key: None } => f.write_str("a taint that is not tolerated"),
            Self::Taint { key: Some(key) } => write!(f, "taint {key} is not tolerated"),
            Self::Selector => f.write_str("node selector or affinity does not match"),
            Self::PodAffinity => f.write_str("pod affinity or topology spread does not fit"),
            Self::Cordoned => f.write_str("cordoned"),
            Self::UnboundClaim => f.write_str("a volume claim is not bound"),
            Self::ClaimMissing { claim } => write!(f, "volume claim {claim} does not exist"),
            Self::VolumeElsewhere => f.write_str("the volume is on another node or zone"),
            Self::NoVolume => f.write_str("no volume for the claim"),
            Self::Unrecognised { text } => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blocker, Scheduling};

    #[test]
    fn the_counts_are_read() {
        let parsed = Scheduling::parse(
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
        );
        assert_eq!(
            parsed,
            Scheduling {
                nodes: 3,
                blockers: vec![
                    (Some(1), Blocker::Insufficient { resource: "cpu".into() }),
                    (
                        Some(2),
                        Blocker::Taint {
                            key: Some("node-role.kubernetes.io/control-plane".into())
                        }
                    ),
                ]
            }
        );
        assert!(parsed.may_pass());
        assert_eq!(
            parsed.to_string(),
            "1 of 3 nodes: not enough cpu, 2 of 3 nodes: taint node-role.kubernetes.io/control-plane is not tolerated"
        );
    }

    #[test]
    fn what_time_does_not_heal() {
        for (message, blocker) in [
            (
                "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
                Blocker::Selector,
            ),
            (
                "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
                Blocker::UnboundClaim,
            ),
            (
                "0/1 nodes are available: persistentvolumeclaim \"agent-config-pvc\" not found.",
                Blocker::ClaimMissing { claim: "agent-config-pvc".into() },
            ),
            (
                "0/1 nodes are available: 1 node(s) had volume node affinity conflict.",
                Blocker::VolumeElsewhere,
            ),
            (
                "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
                Blocker::VolumeElsewhere,
            ),
            (
                "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
                Blocker::NoVolume,
            ),
            (
                "0/2 nodes are available: 2 node(s) had untolerated taint {gpu: true}.",
                Blocker::Taint { key: Some("gpu".into()) },
            ),
            ("0/2 nodes are available: 2 node(s) were unschedulable.", Blocker::Cordoned),
        ] {
            let parsed = Scheduling::parse(message);
            assert_eq!(parsed.blockers.first().map(|(_, b)| b), Some(&blocker), "{message}");
            assert!(!parsed.may_pass(), "{message}");
        }
    }

    #[test]
    fn a_node_that_is_not_ready_may_get_ready() {
        assert!(
            Scheduling::parse(
                "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }."
            )
            .may_pass()
        );
    }

    /// Since 1.34 the scheduler does not say which taint.
    #[test]
    fn taints_without_a_name() {
        let mut parsed = Scheduling::parse(
            "0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        );
        assert_eq!(parsed.blockers, [(Some(1), Blocker::Taint { key: None })]);
        assert!(parsed.may_pass(), "it may be a node that is not ready");
        parsed.name_taints(&["gpu"]);
        assert_eq!(parsed.to_string(), "1 of 1 nodes: taint gpu is not tolerated");
        assert!(!parsed.may_pass());
    }

    #[test]
    fn no_node_at_all() {
        let parsed = Scheduling::parse("no nodes available to schedule pods");
        assert_eq!(parsed.to_string(), "the cluster has no node");
    }
}
