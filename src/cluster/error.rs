//! What can go wrong between the program and an API server, classified by structure.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use http::StatusCode;
use kube::client::AuthError;
use serde_json::Value;

/// How long a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig does not lead to a cluster.
    #[error("{0}")]
    Kubeconfig(KubeconfigProblem),
    /// No answer came.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Whom we asked.
        server: String,
        /// Why not.
        reason: Unreachable,
    },
    /// The API server said no.
    #[error("{0}")]
    Api(Box<ApiStatus>),
    /// The answer is not what the API promises.
    #[error("{server} gave an answer that is no Kubernetes API's: {what}")]
    Nonsense {
        /// Whom we asked.
        server: String,
        /// What was wrong with it; never the body.
        what: &'static str,
    },
}

/// Why the kubeconfig cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigProblem {
    /// There is none.
    #[error("there is no kubeconfig at {path}")]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// It is not readable.
    #[error("the kubeconfig {path} cannot be read: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// It is not a kubeconfig.
    #[error("the kubeconfig is not valid: {what}")]
    Invalid {
        /// What is wrong; never a line of it.
        what: String,
    },
    /// It has no context of that name.
    #[error("the kubeconfig has no context {name:?}")]
    NoContext {
        /// As asked for.
        name: String,
        /// Which there are.
        known: Vec<String>,
    },
    /// No context is current and none is named.
    #[error("the kubeconfig has no current context")]
    NoCurrentContext {
        /// Which there are.
        known: Vec<String>,
    },
    /// A flag or the file names an unknown cluster or user.
    #[error("the kubeconfig has no {what} {name:?}")]
    NoEntry {
        /// `cluster` or `user`.
        what: &'static str,
        /// As asked for.
        name: String,
    },
}

/// Why no answer came.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreachable {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// The name has no address.
    #[error("its name cannot be resolved")]
    Dns,
    /// The connection broke.
    #[error("the connection was reset")]
    Reset,
    /// The certificates do not match.
    #[error("TLS: {0}")]
    Tls(String),
    /// It took too long.
    #[error("no answer within {}s", .0.as_secs())]
    TimedOut(Duration),
    /// A credential plugin or token refresh failed.
    #[error("cannot authenticate: {0}")]
    Auth(String),
    /// Anything else that the network stack reports.
    #[error("{0}")]
    Network(String),
}

/// The API server's refusal.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{request}: {message}")]
pub struct ApiStatus {
    /// What was asked, such as `PATCH deployments/hive-gateway -n openhive`.
    pub request: String,
    /// HTTP status.
    pub code: u16,
    /// `Status.reason`, such as `Forbidden`.
    pub reason: String,
    /// `Status.message`.
    pub message: String,
    /// `Status.details.causes`.
    pub causes: Vec<Cause>,
    /// `Retry-After`, where the server sent one.
    pub retry_after: Option<Duration>,
}

/// One entry of `Status.details.causes`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    /// `FieldManagerConflict`, `FieldValueInvalid`, …
    pub reason: String,
    /// The field's path.
    pub field: String,
    /// In words.
    pub message: String,
}

/// What to do about an error (`docs/apply.md`, "Errors").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// It may pass: ask again until the phase's deadline.
    Transient,
    /// It may pass, but rarely does: three tries.
    Doubtful,
    /// It will not pass.
    Final,
}

impl ApiStatus {
    /// Reads a `Status` out of an answer's body; a body that is none still gives one.
    #[must_use]
    pub fn read(request: String, code: StatusCode, body: &[u8], retry_after: Option<u64>) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let causes = status["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut message = text(&status, "message");
        if message.is_empty() {
            message = code.canonical_reason().unwrap_or("no reason given").to_owned();
        }
        Self {
            request,
            code: code.as_u16(),
            reason: text(&status, "reason"),
            message,
            causes: causes
                .iter()
                .map(|cause| Cause {
                    reason: text(cause, "reason"),
                    field: text(cause, "field"),
                    message: text(cause, "message"),
                })
                .collect(),
            retry_after: retry_after
                .or_else(|| status["details"]["retryAfterSeconds"].as_u64())
                .map(Duration::from_secs),
        }
    }

    /// Whether asking again can help.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.code {
            429 | 503 | 504 => Class::Transient,
            // The two transient kinds of 500 have no reason of their own in the API.
            500 if self.message.contains("etcdserver: leader changed")
                || self.message.contains("etcdserver: request timed out")
                || self.is_webhook_failure() =>
            {
                Class::Transient
            }
            500 | 502 => Class::Doubtful,
            // A quota that another writer just changed; other 409s will not pass by waiting.
            409 if self.reason == "Conflict" && self.causes.is_empty() && self.is_quota() => {
                Class::Transient
            }
            _ => Class::Final,
        }
    }

    /// The API server asks for patience: nothing is wrong with the request.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.code, 429 | 503 | 504)
            || (self.code == 500 && self.message.contains("etcdserver: "))
    }

    /// An admission webhook could not be called: the API has no structure for it.
    #[must_use]
    pub fn is_webhook_failure(&self) -> bool {
        self.code == 500 && self.message.contains("failed calling webhook")
    }

    fn is_quota(&self) -> bool {
        self.message.contains("resourcequotas")
    }

    /// Field manager conflicts, as (field, manager).
    #[must_use]
    pub fn field_conflicts(&self) -> Vec<crate::plan::FieldConflict> {
        self.causes
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .map(|cause| crate::plan::FieldConflict {
                field: cause.field.clone(),
                manager: manager_of(&cause.message).to_owned(),
            })
            .collect()
    }
}

/// The manager's name stands in the cause's text alone: `conflict with "NAME" using apps/v1`.
fn manager_of(message: &str) -> &str {
    message.split('"').nth(1).unwrap_or("an unknown manager")
}

impl ClusterError {
    /// The refusal, where the API server gave one.
    #[must_use]
    pub fn status(&self) -> Option<&ApiStatus> {
        if let Self::Api(status) = self { Some(status) } else { None }
    }

    /// The HTTP status, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.status().map(|status| status.code)
    }

    /// Whether asking again can help.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Api(status) => status.class(),
            Self::Unreachable { reason: Unreachable::Auth(_) | Unreachable::Tls(_), .. }
            | Self::Kubeconfig(_) => Class::Final,
            Self::Unreachable { .. } => Class::Transient,
            Self::Nonsense { .. } => Class::Doubtful,
        }
    }

    /// Whether a write that ended so may have been carried out all the same.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::Api(status) => status.code == 504,
            Self::Unreachable { reason, .. } => matches!(
                reason,
                Unreachable::Reset | Unreachable::TimedOut(_) | Unreachable::Network(_)
            ),
            Self::Nonsense { .. } => true,
            Self::Kubeconfig(_) => false,
        }
    }

    /// Classifies what the client reports when no answer came.
    #[must_use]
    pub fn from_client(server: &str, error: &kube::Error) -> Self {
        Self::Unreachable { server: server.to_owned(), reason: unreachable(error) }
    }
}

/// Why there are no credentials. The plugin's command line, its environment and its output hold
/// them, and the client's own text prints all three.
fn authentication(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let told = String::from_utf8_lossy(&out.stderr);
            let told = told.lines().map(str::trim).rfind(|line| !line.is_empty());
            let status = out.status;
            match told {
                Some(told) => format!("the credential plugin failed ({status}): {told}"),
                None => format!("the credential plugin failed ({status})"),
            }
        }
        AuthError::AuthExecParse(_) => {
            "the credential plugin's answer is no ExecCredential".to_owned()
        }
        AuthError::ParseTokenKey(_) => "the credential plugin's answer is not JSON".to_owned(),
        AuthError::OAuth(_) => "the OAuth token could not be had".to_owned(),
        AuthError::Oidc(_) => "the OIDC token could not be had or refreshed".to_owned(),
        AuthError::AuthExec(text) if text.starts_with("Executing ") => {
            "the credential plugin could not be run".to_owned()
        }
        other => first_line(&other.to_string()),
    }
}

fn unreachable(error: &kube::Error) -> Unreachable {
    if let kube::Error::Auth(auth) = error {
        return Unreachable::Auth(authentication(auth));
    }
    let mut deepest = first_line(&error.to_string());
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            match innermost(error).kind() {
                io::ErrorKind::ConnectionRefused => return Unreachable::Refused,
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => return Unreachable::Reset,
                io::ErrorKind::TimedOut => {
                    return Unreachable::TimedOut(CONNECT_TIMEOUT);
                }
                // What rustls reports comes as `InvalidData`.
                io::ErrorKind::InvalidData => {
                    return Unreachable::Tls(first_line(&error.to_string()));
                }
                _ => {}
            }
        }
        // A plugin that refreshes a token is asked in the middle of a request.
        if let Some(auth) = error.downcast_ref::<AuthError>() {
            return Unreachable::Auth(authentication(auth));
        }
        deepest = first_line(&error.to_string());
        // `getaddrinfo` has no `ErrorKind` of its own.
        if deepest.contains("failed to lookup address information") {
            return Unreachable::Dns;
        }
        source = error.source();
    }
    Unreachable::Network(deepest)
}

/// The TLS layer wraps an I/O error into another one, which `source` steps over.
fn innermost(mut error: &io::Error) -> &io::Error {
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        error = inner;
    }
    error
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::{ApiStatus, Class};

    fn status(code: u16, body: &serde_json::Value) -> ApiStatus {
        let code = StatusCode::from_u16(code).expect("a status");
        ApiStatus::read("GET x".into(), code, body.to_string().as_bytes(), None)
    }

    #[test]
    fn conflicts_name_field_and_manager() {
        let status = status(
            409,
            &json!({"reason": "Conflict", "message": "Apply failed with 1 conflict", "details": {"causes": [
                {"reason": "FieldManagerConflict", "field": ".spec.replicas",
                 "message": "conflict with \"kubectl-scale\" using apps/v1"}]}}),
        );
        let conflicts = status.field_conflicts();
        assert_eq!(conflicts[0].field, ".spec.replicas");
        assert_eq!(conflicts[0].manager, "kubectl-scale");
        assert_eq!(status.class(), Class::Final);
    }

    #[test]
    fn classes_follow_the_table() {
        for (code, message, class) in [
            (429, "", Class::Transient),
            (503, "", Class::Transient),
            (500, "etcdserver: leader changed", Class::Transient),
            (500, "failed calling webhook \"a.b\"", Class::Transient),
            (500, "boom", Class::Doubtful),
            (403, "", Class::Final),
            (422, "", Class::Final),
        ] {
            assert_eq!(status(code, &json!({"message": message})).class(), class, "{code}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_credential_plugin_that_fails_shows_what_it_says_to_people_alone() {
        use std::os::unix::process::ExitStatusExt;
        let out = std::process::Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: b"{\"token\": \"canary-token\"}".to_vec(),
            stderr: b"the session has expired\n".to_vec(),
        };
        let cmd = "SECRET=canary-env \"plugin\" \"--password=canary-argv\"".to_owned();
        let error = kube::client::AuthError::AuthExecRun { cmd, out: Box::new(out) };
        let told = super::authentication(&error);
        assert!(told.ends_with("the session has expired"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }

    #[test]
    fn a_body_that_is_no_status_still_gives_one() {
        let code = StatusCode::BAD_GATEWAY;
        let status = ApiStatus::read("GET x".into(), code, b"<html>", Some(3));
        assert_eq!(status.message, "Bad Gateway");
        assert_eq!(status.retry_after, Some(std::time::Duration::from_secs(3)));
    }
}
