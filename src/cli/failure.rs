//! Errors of the cluster as blocks for people.

use super::Exit;
use crate::cluster::{ApiStatus, ClusterError, KubeconfigProblem, Unreachable};
use crate::ui::Failure;

/// The block for an error before anything was written.
pub(crate) fn cluster_failure(error: &ClusterError) -> Failure {
    match error {
        ClusterError::Kubeconfig(problem) => kubeconfig(problem),
        ClusterError::Unreachable { server, reason } => unreachable(server, reason),
        ClusterError::Api(status) => refused(status),
        ClusterError::Nonsense { .. } => Failure::new(Exit::Preflight, "this is no Kubernetes API")
            .cause(error.to_string())
            .fix("see where the kubeconfig points to:  kubectl config view --minify"),
    }
    .now("nothing was changed")
}

fn kubeconfig(problem: &KubeconfigProblem) -> Failure {
    let failure = Failure::new(Exit::Preflight, "no cluster to talk to").cause(problem.to_string());
    let list = |known: &[String]| match known {
        [] => "it has none".to_owned(),
        known => format!("it has: {}", known.join(", ")),
    };
    match problem {
        KubeconfigProblem::Missing { .. } => {
            failure.fix("name one with --kubeconfig FILE, or set KUBECONFIG")
        }
        KubeconfigProblem::NoContext { known, .. } => {
            failure.seen(list(known)).fix("name one of them with --context")
        }
        KubeconfigProblem::NoCurrentContext { known } => failure
            .seen(list(known))
            .fix("name one with --context, or choose one:  kubectl config use-context NAME"),
        KubeconfigProblem::NoEntry { .. }
        | KubeconfigProblem::Invalid { .. }
        | KubeconfigProblem::Unreadable { .. } => {
            failure.fix("see what it says:  kubectl config view --minify")
        }
    }
}

fn unreachable(server: &str, reason: &Unreachable) -> Failure {
    let headline = match reason {
        Unreachable::Auth(_) => format!("no credentials for the API server {server}"),
        _ => format!("the API server {server} does not answer"),
    };
    let failure = Failure::new(Exit::Preflight, headline).cause(reason.to_string());
    match reason {
        Unreachable::Refused => failure.fix(
            "nothing listens there: is the cluster up, and is the kubeconfig's address right?",
        ),
        Unreachable::Dns => failure.fix("correct the server's name in the kubeconfig, or the DNS"),
        Unreachable::Tls(_) => failure.fix(
            "use the cluster's own certificate authority in the kubeconfig, or --certificate-authority",
        ),
        Unreachable::Auth(_) => {
            failure.fix("log in again with the command that made the kubeconfig")
        }
        Unreachable::Reset | Unreachable::TimedOut(_) | Unreachable::Network(_) => failure.fix(
            "check the way there (VPN, proxy, firewall):  kubectl version",
        ),
    }
}

fn refused(status: &ApiStatus) -> Failure {
    let failure = match status.code {
        401 => Failure::new(Exit::Preflight, "the API server does not know who you are")
            .fix("log in again with the command that made the kubeconfig"),
        403 => Failure::new(Exit::Preflight, "the account lacks a right")
            .fix("see what it may do:  kubectl auth can-i --list -n openhive"),
        _ => Failure::new(Exit::Error, format!("the API server refuses {}", status.request)),
    };
    failure.cause(status.message.clone())
}
