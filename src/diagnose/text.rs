//! The cause of a finding in one sentence, without a full stop.

use super::finding::Subject;
use super::logs::LogCause;
use super::parse::{Answer, ConfigError, CreateError, MountError, Probe, PullError, StartError};
use super::symptom::{Component, Symptom};

/// The cause in one sentence.
pub(super) fn cause(symptom: &Symptom, subject: &Subject) -> String {
    match symptom {
        Symptom::InvalidImageName { image } => format!("{image} is no valid image reference"),
        Symptom::ImageNeverPulled { image } => {
            format!(
                "image {image} is not on the node, and imagePullPolicy Never forbids to pull it"
            )
        }
        Symptom::ImagePull { image, error, .. } => pull(image, *error),
        Symptom::CrashLoop { exit_code, times, log, killed_by } => {
            crash(subject, *exit_code, *times, log.as_ref(), killed_by.as_ref())
        }
        Symptom::OomKilled { times, limit } => {
            let limit = limit.as_ref().map(|l| format!(" of {l}")).unwrap_or_default();
            format!("{subject} needs more memory than its limit{limit} (killed{})", count(*times))
        }
        Symptom::Config { error } => config(error, subject),
        Symptom::Start { error } => start(error, subject),
        Symptom::Mount { error } => mount(error, subject),
        Symptom::Unschedulable { scheduling, scaling_up } => {
            let more = if *scaling_up { " (the autoscaler is making a node)" } else { "" };
            format!("no node can take {subject}: {scheduling}{more}")
        }
        Symptom::CreateRefused { error } => create(error),
        Symptom::ProbeFailing { probe, asks, answer } => {
            format!("{subject} is not ready: {} probe: {asks} → {}", probe.name(), said(answer))
        }
        Symptom::JobPodFailed { exit_code, log } => {
            let why = log.as_ref().map(|log| format!(": {log}")).unwrap_or_default();
            format!("{subject} failed with exit code {exit_code}{why}")
        }
        Symptom::PodRemoved { reason } => format!("{subject} was taken off its node: {reason}"),
        Symptom::JobFailed { reason } if reason == "DeadlineExceeded" => {
            "it ran longer than its activeDeadlineSeconds allow and was stopped".to_owned()
        }
        Symptom::JobFailed { reason } => format!("it failed: {reason}"),
        Symptom::JobSuspended => "it is suspended".to_owned(),
        Symptom::Paused => "its rollout is paused".to_owned(),
        Symptom::ClaimLost => "its volume is gone".to_owned(),
        Symptom::ClaimPending { provisioner, class } => {
            let class =
                class.as_ref().map(|c| format!(" of storage class {c}")).unwrap_or_default();
            let said = provisioner.as_ref().map(|p| format!(": {p}")).unwrap_or_default();
            format!("it gets no volume{class}{said}")
        }
        Symptom::NodeLost { node } => format!("node {node} does not answer"),
        Symptom::StuckTerminating { finalizers, node } => {
            let node = node.as_ref().map(|n| format!(" on node {n}")).unwrap_or_default();
            if finalizers.is_empty() {
                format!("{subject}{node} should be gone and is not")
            } else {
                format!("{subject}{node} should be gone, but is held by {}", finalizers.join(", "))
            }
        }
        Symptom::NothingMoves { component: Component::ControllerManager } => {
            "its controller does not act: kube-controller-manager may be down".to_owned()
        }
        Symptom::NothingMoves { component: Component::Scheduler } => {
            format!("nobody schedules {subject}: kube-scheduler may be down")
        }
        Symptom::NothingMoves { component: Component::Kubelet } => {
            format!("its node does nothing with {subject}: its kubelet may be down")
        }
        Symptom::Pulling { image } => format!("image {image} of {subject} is still being pulled"),
        Symptom::NotReady => format!("{subject} runs, but is not ready"),
        Symptom::DeadlineExceeded => {
            "the rollout has made no progress within its progressDeadlineSeconds".to_owned()
        }
    }
}

/// ` 3 times`, nothing for once.
fn count(times: i32) -> String {
    if times > 1 { format!(" {times} times") } else { String::new() }
}

fn pull(image: &str, error: PullError) -> String {
    match error {
        PullError::NotFound => format!("image {image} does not exist in its registry"),
        PullError::NoPlatform => {
            format!("image {image} is not made for the architecture of the node")
        }
        PullError::Unauthorized => {
            format!("the registry does not let this cluster pull image {image}")
        }
        PullError::TooManyRequests => {
            format!("the registry of image {image} limits the number of pulls (429)")
        }
        PullError::NameResolution => {
            format!("the registry's name in image {image} does not resolve on the node")
        }
        PullError::Certificate => {
            format!("the node does not trust the certificate of the registry of image {image}")
        }
        PullError::PlainHttp => {
            format!("the registry of image {image} speaks HTTP, the node expects HTTPS")
        }
        PullError::Timeout => {
            format!("the registry of image {image} does not answer the node (time-out)")
        }
        PullError::Unreachable => {
            format!("the node gets no connection to the registry of image {image}")
        }
        PullError::ServerError => format!("the registry of image {image} answers with an error"),
        PullError::NoSpace => format!("the node has no room left on its disk for image {image}"),
        PullError::Unrecognised => format!("image {image} cannot be pulled"),
    }
}

fn crash(
    subject: &Subject,
    exit_code: i32,
    times: i32,
    log: Option<&LogCause>,
    killed_by: Option<&(Probe, Answer)>,
) -> String {
    if let Some((probe, answer)) = killed_by {
        let name = probe.name();
        let times = count(times);
        return format!(
            "kubelet killed {subject}{times} because its {name} probe failed: {}",
            said(answer)
        );
    }
    let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
    let why = match (log, exit_code) {
        (Some(log), _) => format!(": {log}"),
        (None, 126) => ": its command may not be executed".to_owned(),
        (None, 127) => ": its command does not exist".to_owned(),
        (None, 137) => ": killed (SIGKILL)".to_owned(),
        (None, 139) => ": crashed (SIGSEGV)".to_owned(),
        (None, 143) => ": stopped (SIGTERM)".to_owned(),
        (None, _) => String::new(),
    };
    format!("{subject} exits with code {exit_code} at start{times}{why}")
}

fn config(error: &ConfigError, subject: &Subject) -> String {
    match error {
        ConfigError::SecretMissing { secret } => {
            format!("secret {secret}, which {subject} needs, does not exist in this namespace")
        }
        ConfigError::ConfigMapMissing { config_map } => format!(
            "config map {config_map}, which {subject} needs, does not exist in this namespace"
        ),
        ConfigError::KeyMissing { key, holder } => {
            format!("{holder} has no key {key}, which {subject} needs")
        }
        ConfigError::RunsAsRoot => {
            format!("the image of {subject} runs as root, which runAsNonRoot forbids")
        }
        ConfigError::UserIsAName { user } => format!(
            "the image of {subject} names its user ({user}): runAsNonRoot can only check a number"
        ),
        ConfigError::NotSynced => {
            format!("kubelet has not yet read what {subject} needs; this passes by itself")
        }
        ConfigError::Unrecognised => format!("the configuration of {subject} is incomplete"),
    }
}

fn start(error: &StartError, subject: &Subject) -> String {
    match error {
        StartError::NoProgram { program } => {
            format!("{subject} cannot start: its image has no program {program}")
        }
        StartError::NotExecutable { program } => {
            format!("{subject} cannot start: {program} may not be executed")
        }
        StartError::WrongArchitecture => format!(
            "{subject} cannot start: its program is made for another architecture than the node's"
        ),
        StartError::Unrecognised => format!("the container runtime cannot start {subject}"),
    }
}

fn mount(error: &MountError, subject: &Subject) -> String {
    match error {
        MountError::SecretMissing { secret } => {
            format!("secret {secret}, a volume of {subject}, does not exist in this namespace")
        }
        MountError::ConfigMapMissing { config_map } => format!(
            "config map {config_map}, a volume of {subject}, does not exist in this namespace"
        ),
        MountError::KeyMissing { key } => {
            format!("a volume of {subject} needs the key {key}, which its source does not have")
        }
        MountError::MultiAttach { volume } => {
            format!("volume {volume} of {subject} is still attached to another node")
        }
        MountError::NotSynced => {
            format!("kubelet has not yet read the volumes of {subject}; this passes by itself")
        }
        MountError::Volume { volume: Some(volume) } => {
            format!("volume {volume} of {subject} cannot be mounted")
        }
        MountError::Volume { volume: None } => format!("a volume of {subject} cannot be mounted"),
        MountError::Network { plugin: Some(plugin) } => {
            format!("the network of {subject} cannot be set up: CNI plugin {plugin} fails")
        }
        MountError::Network { plugin: None } => {
            format!("the network of {subject} cannot be set up")
        }
        MountError::Sandbox => format!("the sandbox of {subject} cannot be made"),
    }
}

fn create(error: &CreateError) -> String {
    match error {
        CreateError::Quota { quota, counts } => {
            format!("its pods do not fit into resource quota {quota}: {counts}")
        }
        CreateError::QuotaNeeds { quota, what } => {
            format!("resource quota {quota} refuses its pods: {what}")
        }
        CreateError::PodSecurity { level, violations } => {
            format!("Pod Security {level} refuses its pods: {violations}")
        }
        CreateError::ServiceAccountMissing { account } => {
            format!("its service account {account} does not exist")
        }
        CreateError::WebhookDenied { webhook, message } => {
            format!("admission webhook {webhook} refuses its pods: {message}")
        }
        CreateError::WebhookDown { webhook } => {
            format!("admission webhook {webhook} does not answer, so no pod can be made")
        }
        CreateError::PolicyDenied { policy } => {
            format!("validating admission policy {policy} refuses its pods")
        }
        CreateError::LimitRange { violations } => {
            format!("a limit range refuses its pods: {violations}")
        }
        CreateError::NamespaceTerminating => "its namespace is being deleted".to_owned(),
        CreateError::Unrecognised => "the API server does not accept its pods".to_owned(),
    }
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Status { status } => status.to_string(),
        Answer::Refused => "connection refused".to_owned(),
        Answer::Timeout => "no answer in time".to_owned(),
        Answer::Closed => "connection closed".to_owned(),
        Answer::Unrecognised => "failed".to_owned(),
    }
}
