//! What to do about a symptom.

use super::finding::Subject;
use super::logs::{DatabaseError, LogCause};
use super::parse::{
    Blocker, ConfigError, CreateError, MountError, PullError, Scheduling, StartError,
};
use super::symptom::{Component, Symptom};
use manifest::ObjectRef;

/// The Secret that the installer writes.
const OUR_SECRET: &str = "openhive-platform-secrets";

/// What to do, without a full stop.
pub(super) fn advice(symptom: &Symptom, subject: &Subject, object: &ObjectRef) -> String {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let pod = subject.pod.as_deref().unwrap_or_default();
    match symptom {
        Symptom::InvalidImageName { .. } => {
            format!("correct {} and install again", image_key(object))
        }
        Symptom::ImageNeverPulled { .. } => {
            "load the image onto every node, or let it be pulled".to_owned()
        }
        Symptom::ImagePull { error, pull_secrets, .. } => pull(*error, pull_secrets, object),
        Symptom::CrashLoop { log: Some(log), .. }
        | Symptom::JobPodFailed { log: Some(log), .. } => for_log(log),
        Symptom::CrashLoop { killed_by: Some((probe, _)), .. } => format!(
            "see why it does not answer its {} probe: kubectl logs -n {namespace} {pod} --previous",
            probe.name()
        ),
        Symptom::CrashLoop { .. } => {
            format!("read its log: {} --previous", logs(subject, namespace))
        }
        Symptom::JobPodFailed { .. } => format!("read its log: {}", logs(subject, namespace)),
        Symptom::OomKilled { .. } => "raise its memory limit, or find what fills it".to_owned(),
        Symptom::Config { error } => config(error, namespace, object),
        Symptom::Start { error } => match error {
            StartError::Unrecognised => {
                format!("see what the runtime says: kubectl describe pod -n {namespace} {pod}")
            }
            _ => {
                format!("check that {} names an image of OpenHive for this role", image_key(object))
            }
        },
        Symptom::Mount { error } => mount(error, namespace, pod),
        Symptom::Unschedulable { scheduling, .. } => schedule(scheduling, namespace, pod),
        Symptom::CreateRefused { error } => create(error, namespace),
        Symptom::Pulling { .. } => {
            "wait; if it takes too long, check the way from the nodes to the registry".to_owned()
        }
        Symptom::NotReady | Symptom::ProbeFailing { .. } => {
            format!("read its log: {}", logs(subject, namespace))
        }
        Symptom::PodRemoved { .. } => {
            format!("see what the node lacked: kubectl describe pod -n {namespace} {pod}")
        }
        Symptom::JobFailed { .. } => {
            format!("read its log: kubectl logs -n {namespace} job/{}", object.name)
        }
        Symptom::JobSuspended => {
            format!(
                "find out who suspended it: kubectl get job -n {namespace} {} -o yaml",
                object.name
            )
        }
        Symptom::Paused => {
            format!("kubectl rollout resume -n {namespace} deployment/{}", object.name)
        }
        Symptom::ClaimLost => {
            "restore the volume, or delete the claim if its data may go, and install again"
                .to_owned()
        }
        Symptom::ClaimPending { class: Some(class), .. } => format!(
            "see whether storage class {class} exists and its provisioner runs: kubectl describe pvc -n {namespace} {}",
            object.name
        ),
        Symptom::ClaimPending { class: None, .. } => {
            "set OPENHIVE_AGENT_CONFIG_STORAGE_CLASS, or make a storage class the cluster's default"
                .to_owned()
        }
        Symptom::NodeLost { node } => {
            format!("repair the node, or drain it: kubectl drain {node} --ignore-daemonsets")
        }
        Symptom::StuckTerminating { finalizers, .. } if !finalizers.is_empty() => {
            "find out why the owner of the finalizer does not release it".to_owned()
        }
        Symptom::StuckTerminating { node, .. } => format!(
            "see whether its node works: kubectl get node {}",
            node.as_deref().unwrap_or_default()
        ),
        Symptom::NothingMoves { component: Component::Kubelet } => {
            "see whether the node works: kubectl get nodes".to_owned()
        }
        Symptom::NothingMoves { component } => {
            format!("see whether {} runs: kubectl get pods -n kube-system", component.name())
        }
        Symptom::DeadlineExceeded => {
            format!("kubectl describe -n {namespace} {}", object.short())
        }
    }
}

/// The key of the values file that an object's image comes from.
fn image_key(object: &ObjectRef) -> &'static str {
    match object.name.as_str() {
        "hive-gateway" | "openhive-db-migrate" => "OPENHIVE_GATEWAY_IMAGE",
        "hive-dashboard" => "OPENHIVE_DASHBOARD_IMAGE",
        "hive-agent" => "OPENHIVE_AGENT_IMAGE",
        "hive-sandbox" => "OPENHIVE_SANDBOX_IMAGE",
        _ => "its image",
    }
}

fn logs(subject: &Subject, namespace: &str) -> String {
    let pod = subject.pod.as_deref().unwrap_or_default();
    match &subject.container {
        Some(container) => format!("kubectl logs -n {namespace} {pod} -c {container}"),
        None => format!("kubectl logs -n {namespace} {pod}"),
    }
}

fn pull(error: PullError, pull_secrets: &[String], object: &ObjectRef) -> String {
    let key = image_key(object);
    let namespace = object.namespace.as_deref().unwrap_or_default();
    match error {
        PullError::NotFound => format!("check repository and tag in {key}"),
        PullError::NoPlatform => {
            format!(
                "put an image for the nodes' architecture into {key}: kubectl get nodes -L kubernetes.io/arch"
            )
        }
        PullError::Unauthorized if pull_secrets.is_empty() => {
            format!(
                "the pod names no pull secret: set OPENHIVE_IMAGE_PULL_SECRET, or correct {key}"
            )
        }
        PullError::Unauthorized => format!(
            "check that secret {} exists in {namespace} and is valid for this registry",
            pull_secrets.join(", ")
        ),
        PullError::TooManyRequests => {
            "wait, pull with an account (OPENHIVE_IMAGE_PULL_SECRET), or use a mirror".to_owned()
        }
        PullError::NameResolution => {
            format!("check the registry's name in {key}, and the DNS of the node")
        }
        PullError::Certificate => "give the node's container runtime the registry's CA".to_owned(),
        PullError::PlainHttp => {
            "tell the node's container runtime that this registry is plain HTTP".to_owned()
        }
        PullError::Timeout | PullError::Unreachable => {
            "check firewall and proxy between the node and the registry".to_owned()
        }
        PullError::ServerError => "see whether the registry works".to_owned(),
        PullError::NoSpace => "make room on the node's disk".to_owned(),
        PullError::Unrecognised => format!("check {key} and the registry"),
    }
}

fn config(error: &ConfigError, namespace: &str, object: &ObjectRef) -> String {
    match error {
        ConfigError::SecretMissing { secret } if secret == OUR_SECRET => {
            format!("install again: it writes secret/{secret} -n {namespace}")
        }
        ConfigError::SecretMissing { secret } => format!("create secret/{secret} -n {namespace}"),
        ConfigError::ConfigMapMissing { config_map } => {
            format!("create configmap/{config_map} -n {namespace}")
        }
        ConfigError::KeyMissing { key, holder } if holder.contains(OUR_SECRET) => {
            format!("install again: it writes the key {key} of {holder}")
        }
        ConfigError::KeyMissing { key, holder } => format!("add the key {key} to {holder}"),
        ConfigError::RunsAsRoot | ConfigError::UserIsAName { .. } => {
            format!(
                "set OPENHIVE_RUN_AS_USER to the image's numeric user, or correct {}",
                image_key(object)
            )
        }
        ConfigError::NotSynced => "wait".to_owned(),
        ConfigError::Unrecognised => format!("kubectl describe -n {namespace} {}", object.short()),
    }
}

fn mount(error: &MountError, namespace: &str, pod: &str) -> String {
    match error {
        MountError::SecretMissing { secret } => format!("create secret/{secret} -n {namespace}"),
        MountError::ConfigMapMissing { config_map } => {
            format!("create configmap/{config_map} -n {namespace}")
        }
        MountError::KeyMissing { key } => format!("add the key {key} to the volume's source"),
        MountError::MultiAttach { .. } => {
            "wait until the other pod is gone, or see whether its node is lost".to_owned()
        }
        MountError::NotSynced => "wait".to_owned(),
        MountError::Volume { .. } | MountError::Sandbox => {
            format!("see what the node says: kubectl describe pod -n {namespace} {pod}")
        }
        MountError::Network { .. } => {
            "see whether the CNI's pods run on the node: kubectl get pods -n kube-system -o wide"
                .to_owned()
        }
    }
}

fn schedule(scheduling: &Scheduling, namespace: &str, pod: &str) -> String {
    let has = |pick: fn(&Blocker) -> bool| scheduling.blockers.iter().any(|(_, b)| pick(b));
    if scheduling.nodes == 0 && scheduling.blockers.is_empty() {
        "add a node".to_owned()
    } else if has(|b| {
        matches!(b, Blocker::UnboundClaim | Blocker::ClaimMissing { .. } | Blocker::NoVolume)
    }) {
        format!("see what the claim waits for: kubectl describe pvc -n {namespace}")
    } else if has(|b| matches!(b, Blocker::Insufficient { .. } | Blocker::TooManyPods)) {
        "add a node, or free resources: kubectl describe nodes".to_owned()
    } else if has(|b| matches!(b, Blocker::Cordoned)) {
        "kubectl uncordon the node, or add one".to_owned()
    } else if has(|b| matches!(b, Blocker::Taint { .. })) {
        "remove the taint, or add a node without it: kubectl describe nodes".to_owned()
    } else {
        format!("kubectl describe pod -n {namespace} {pod}")
    }
}

fn create(error: &CreateError, namespace: &str) -> String {
    match error {
        CreateError::Quota { quota, .. } | CreateError::QuotaNeeds { quota, .. } => {
            format!("raise the quota: kubectl edit resourcequota -n {namespace} {quota}")
        }
        CreateError::PodSecurity { .. } => format!(
            "see who set the label: kubectl get namespace {namespace} --show-labels --show-managed-fields -o yaml"
        ),
        CreateError::ServiceAccountMissing { .. } => {
            "install again: it writes the service account".to_owned()
        }
        CreateError::WebhookDenied { .. } | CreateError::PolicyDenied { .. } => {
            "ask those who run this policy for an exception, or satisfy it".to_owned()
        }
        CreateError::WebhookDown { webhook } => format!(
            "repair the service behind webhook {webhook}: kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"
        ),
        CreateError::LimitRange { .. } => {
            format!("raise the limits: kubectl get limitrange -n {namespace}")
        }
        CreateError::NamespaceTerminating => {
            format!("wait until namespace {namespace} is gone, then install again")
        }
        CreateError::Unrecognised => {
            format!("see the events: kubectl get events -n {namespace}")
        }
    }
}

fn for_log(log: &LogCause) -> String {
    match log {
        LogCause::UnknownRevision { .. } => {
            "install the image that made this schema or a newer one, or restore the database from the backup before it".to_owned()
        }
        LogCause::MultipleHeads => "this image cannot migrate: use a released one".to_owned(),
        LogCause::SchemaNotAtHead { .. } => {
            "use one tag for all images, and install again: the migration runs first".to_owned()
        }
        LogCause::PlaceholderSecrets { .. } => {
            "put a real value into the values file, and install again".to_owned()
        }
        LogCause::Database { error, .. } => database(error).to_owned(),
        LogCause::WrongArchitecture => {
            "use an image for the nodes' architecture: kubectl get nodes -L kubernetes.io/arch"
                .to_owned()
        }
        LogCause::Exception { .. } => {
            "see the last lines of its log; the exception names the place".to_owned()
        }
    }
}

const fn database(error: &DatabaseError) -> &'static str {
    match error {
        DatabaseError::Refused => {
            "check host and port in DATABASE_URL, and that PostgreSQL listens there"
        }
        DatabaseError::NameResolution => {
            "check the host in DATABASE_URL, and that the cluster's DNS knows it"
        }
        DatabaseError::Timeout | DatabaseError::Unreachable => {
            "check host and port in DATABASE_URL, and firewalls between the nodes and the database"
        }
        DatabaseError::Closed | DatabaseError::NotReady => {
            "see whether PostgreSQL runs, then install again"
        }
        DatabaseError::Password { .. } => "correct the password in DATABASE_URL",
        DatabaseError::NotAdmitted => "admit the cluster's addresses in the server's pg_hba.conf",
        DatabaseError::NoUser { .. } => {
            "create the user on the server, or correct it in DATABASE_URL"
        }
        DatabaseError::NoDatabase { .. } => {
            "create the database on the server, or correct its name in DATABASE_URL"
        }
        DatabaseError::Permission => "make the user of DATABASE_URL the owner of its database",
        DatabaseError::TooManyConnections => "raise max_connections, or close other connections",
        DatabaseError::Tls => "check the TLS settings of DATABASE_URL and the server's certificate",
    }
}
