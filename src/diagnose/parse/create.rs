//! Why the API server refuses a controller's pods (`ReplicaFailure`, event `FailedCreate`). The
//! same words come back from a write of our own.

use serde::Serialize;

use super::between;

/// What a pod was refused for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CreateError {
    /// A ResourceQuota is used up.
    Quota {
        /// The quota.
        quota: String,
        /// `requested: limits.cpu=1, used: limits.cpu=4, limited: limits.cpu=4`.
        counts: String,
    },
    /// A ResourceQuota demands requests or limits that the pod does not have.
    QuotaNeeds {
        /// The quota.
        quota: String,
        /// What to specify, as the API server says it.
        what: String,
    },
    /// Pod Security admission refuses the pod.
    PodSecurity {
        /// `restricted` or `baseline`, with its version.
        level: String,
        /// The violations, as the API server says them.
        violations: String,
    },
    /// The pod's ServiceAccount does not exist (yet).
    ServiceAccountMissing {
        /// `NAMESPACE/NAME`.
        account: String,
    },
    /// An admission webhook refuses the pod.
    WebhookDenied {
        /// The webhook.
        webhook: String,
        /// Its words.
        message: String,
    },
    /// An admission webhook does not answer.
    WebhookDown {
        /// The webhook.
        webhook: String,
    },
    /// A ValidatingAdmissionPolicy refuses the pod.
    PolicyDenied {
        /// The policy.
        policy: String,
    },
    /// A LimitRange refuses the pod.
    LimitRange {
        /// The violations, as the API server says them.
        violations: String,
    },
    /// The namespace is going away.
    NamespaceTerminating,
    /// Something else: the message is the evidence.
    Unrecognised,
}

impl CreateError {
    /// Reads the condition's or the event's message.
    #[must_use]
    pub fn parse(message: &str) -> Self {
        let text = ToOwned::to_owned;
        if let Some(webhook) = between(message, "failed calling webhook \"", "\"") {
            return Self::WebhookDown { webhook: text(webhook) };
        }
        if let Some((_, rest)) = message.split_once("admission webhook \"")
            && let Some((webhook, said)) = rest.split_once("\" denied the request")
        {
            let message = said.trim_start_matches([':', ' ']).to_owned();
            return Self::WebhookDenied { webhook: text(webhook), message };
        }
        if let Some(policy) = between(message, "ValidatingAdmissionPolicy '", "'") {
            return Self::PolicyDenied { policy: text(policy) };
        }
        if let Some((_, rest)) = message.split_once("violates PodSecurity \"")
            && let Some((level, violations)) = rest.split_once("\": ")
        {
            return Self::PodSecurity { level: text(level), violations: text(violations) };
        }
        if let Some((_, rest)) = message.split_once("exceeded quota: ") {
            let (quota, counts) = rest.split_once(", ").unwrap_or((rest, ""));
            return Self::Quota { quota: text(quota), counts: text(counts) };
        }
        if let Some((_, rest)) = message.split_once("failed quota: ") {
            let (quota, what) = rest.split_once(": ").unwrap_or((rest, ""));
            return Self::QuotaNeeds { quota: text(quota), what: text(what) };
        }
        if let Some(account) = between(message, "error looking up service account ", ": ") {
            return Self::ServiceAccountMissing { account: text(account) };
        }
        if message.contains("because it is being terminated") {
            return Self::NamespaceTerminating;
        }
        if let Some((_, rest)) = message.split_once("is forbidden: ")
            && ["maximum ", "minimum ", "max limit"].iter().any(|word| rest.contains(word))
            && rest.contains(" per ")
        {
            return Self::LimitRange { violations: text(rest) };
        }
        Self::Unrecognised
    }
}

#[cfg(test)]
mod tests {
    use super::CreateError;

    #[test]
    fn each_message_has_its_error() {
        let of = CreateError::parse;
        assert_eq!(
            of(
                "pods \"hive-sandbox-6d\" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4"
            ),
            CreateError::Quota {
                quota: "compute".into(),
                counts: "requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4".into()
            }
        );
        assert_eq!(
            of(
                "pods \"x\" is forbidden: failed quota: compute: must specify limits.cpu for: gateway"
            ),
            CreateError::QuotaNeeds {
                quota: "compute".into(),
                what: "must specify limits.cpu for: gateway".into()
            }
        );
        assert_eq!(
            of(
                "Error creating: pods \"openhive-db-migrate-x\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true (pod or container \"migrate\" must set securityContext.runAsNonRoot=true)"
            ),
            CreateError::PodSecurity {
                level: "restricted:latest".into(),
                violations: "runAsNonRoot != true (pod or container \"migrate\" must set securityContext.runAsNonRoot=true)".into()
            }
        );
        assert_eq!(
            of(
                "pods \"hive-gateway-1-\" is forbidden: error looking up service account openhive/hive-gateway-runtime: serviceaccount \"hive-gateway-runtime\" not found"
            ),
            CreateError::ServiceAccountMissing { account: "openhive/hive-gateway-runtime".into() }
        );
        assert_eq!(
            of(
                "admission webhook \"validate.kyverno.svc-fail\" denied the request: images must be signed"
            ),
            CreateError::WebhookDenied {
                webhook: "validate.kyverno.svc-fail".into(),
                message: "images must be signed".into()
            }
        );
        assert_eq!(
            of(
                "Internal error occurred: failed calling webhook \"inject.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/inject?timeout=10s\": dial tcp 10.96.1.1:443: connect: connection refused"
            ),
            CreateError::WebhookDown { webhook: "inject.istio.io".into() }
        );
        assert_eq!(
            of(
                "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: failed expression: x"
            ),
            CreateError::PolicyDenied { policy: "no-latest".into() }
        );
        assert_eq!(
            of(
                "pods \"x\" is forbidden: [maximum cpu usage per Container is 500m, but limit is 1, maximum memory usage per Container is 256Mi, but limit is 1Gi]"
            ),
            CreateError::LimitRange {
                violations: "[maximum cpu usage per Container is 500m, but limit is 1, maximum memory usage per Container is 256Mi, but limit is 1Gi]".into()
            }
        );
        assert_eq!(
            of(
                "pods \"x\" is forbidden: unable to create new content in namespace openhive because it is being terminated"
            ),
            CreateError::NamespaceTerminating
        );
        assert_eq!(of("etcdserver: request timed out"), CreateError::Unrecognised);
    }
}
