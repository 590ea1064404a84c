//! Plain requests on untyped JSON, with one retry layer.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::error::Class;
use super::{ApiStatus, ClusterError, Unreachable};
use crate::plan::FIELD_MANAGER;
use manifest::{Kind, ObjectRef};

/// Asks the API server.
#[derive(Clone)]
pub struct Rest {
    client: kube::Client,
    server: Arc<str>,
    request_timeout: Duration,
    notify: Option<RetryNotice>,
    stopped: Option<Stopped>,
}

/// Tells whether the run is to stop, so that nothing is tried again.
type Stopped = Arc<dyn Fn() -> bool + Send + Sync>;

/// Who is told that a request is tried again: the error, and for how long it was tried by now.
type RetryNotice = Arc<dyn Fn(&ClusterError, Duration) + Send + Sync>;

/// How long a request is tried.
#[derive(Clone, Copy, Debug)]
pub enum Retry {
    /// Once.
    Never,
    /// While the error may pass, until then.
    Until(Instant),
    /// While the API server answers that it is busy, until then. A server that does not answer at
    /// all fails at once: before anything is written that is the answer.
    WhileBusy(Instant),
}

impl Retry {
    /// For what is read, or tried out, before anything is written.
    #[must_use]
    pub fn while_busy() -> Self {
        Self::WhileBusy(Instant::now() + BUSY)
    }

    /// Until when an error is worth another try, if it is.
    fn deadline(self, error: &ClusterError, tries: u32) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::WhileBusy(deadline) => {
                error.status().is_some_and(ApiStatus::is_busy).then_some(deadline)
            }
            Self::Until(deadline) => match error.class() {
                Class::Transient => Some(deadline),
                Class::Doubtful => (tries < 3).then_some(deadline),
                Class::Final => None,
            },
        }
    }
}

/// How long a busy API server is asked again before anything is written.
const BUSY: Duration = Duration::from_secs(20);

/// Whether a write is only tried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DryRunMode {
    /// It is a write.
    No,
    /// `dryRun=All`.
    All,
}

/// A request on a path, for what is no object of the platform: lists, reviews, discovery, and what a run with packets
/// makes.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// Reads.
    Get,
    /// Lists the metadata of objects, without what they hold.
    Metadata,
    /// Reads which resources an API server has, as an `APIGroupDiscoveryList`.
    Discovery,
    /// Posts a question that creates nothing, such as an access review: so it may be repeated.
    Review(&'a Value),
    /// Creates an object whose name is the caller's alone, so that it may be tried again: a 409 then is the answer to a
    /// try that got through.
    Create(&'a Value),
    /// Changes fields (RFC 7386).
    Merge(&'a Value),
    /// Deletes the version with this uid and resourceVersion; what it owns is deleted after it. The answer is 404 where
    /// it is gone, 409 where it is another object or was changed.
    Delete {
        /// `metadata.uid`.
        uid: &'a str,
        /// `metadata.resourceVersion`.
        resource_version: &'a str,
    },
}

/// A retry is told to people once it lasts longer than this.
const SILENT: Duration = Duration::from_secs(2);
/// Every resource of the server in one answer (KEP-3352), stable since Kubernetes 1.30.
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
/// Metadata of a list's items alone.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

impl Rest {
    pub(super) fn new(client: kube::Client, server: String, request_timeout: Duration) -> Self {
        Self { client, server: server.into(), request_timeout, notify: None, stopped: None }
    }

    /// Tells `notify` of every retry of more than two seconds.
    #[must_use]
    pub fn on_retry(
        mut self,
        notify: impl Fn(&ClusterError, Duration) + Send + Sync + 'static,
    ) -> Self {
        self.notify = Some(Arc::new(notify));
        self
    }

    /// Tries nothing again once `stopped` says so.
    #[must_use]
    pub fn until(mut self, stopped: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.stopped = Some(Arc::new(stopped));
        self
    }

    /// The API server's URL.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Asks a path, as it stands or with our field manager where something is written.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn raw(
        &self,
        path: &str,
        what: Raw<'_>,
        retry: Retry,
    ) -> Result<Value, ClusterError> {
        const JSON: &str = "application/json";
        let options;
        let manager = format!("?fieldManager={FIELD_MANAGER}");
        let strict = format!("{manager}&fieldValidation=Strict");
        let (method, query, body, accept) = match what {
            Raw::Get => (Method::GET, "", None, JSON),
            Raw::Metadata => (Method::GET, "", None, METADATA),
            Raw::Discovery => (Method::GET, "", None, DISCOVERY),
            Raw::Review(body) => (Method::POST, "", Some((JSON, body)), JSON),
            Raw::Create(body) => (Method::POST, strict.as_str(), Some((JSON, body)), JSON),
            Raw::Merge(body) => {
                let body = Some(("application/merge-patch+json", body));
                (Method::PATCH, manager.as_str(), body, JSON)
            }
            Raw::Delete { uid, resource_version } => {
                options = serde_json::json!({
                    "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
                    "preconditions": {"uid": uid, "resourceVersion": resource_version},
                });
                (Method::DELETE, "", Some((JSON, &options)), JSON)
            }
        };
        self.call_for(method, &format!("{path}{query}"), body, accept, retry).await
    }

    /// Reads an object; `None` where it, or its namespace, does not exist.
    ///
    /// # Errors
    /// [`ClusterError`], 404 excepted.
    pub async fn get(
        &self,
        object: &ObjectRef,
        retry: Retry,
    ) -> Result<Option<Value>, ClusterError> {
        match self.raw(&path(object), Raw::Get, retry).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Server-side apply with our field manager and strict field validation (KEP-555, KEP-2885).
    ///
    /// # Errors
    /// [`ClusterError`]; a conflict is a 409 with [`ApiStatus::field_conflicts`].
    pub async fn apply(
        &self,
        object: &ObjectRef,
        manifest: &Value,
        force: bool,
        dry_run: DryRunMode,
        retry: Retry,
    ) -> Result<Value, ClusterError> {
        let path = format!(
            "{}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict&force={force}{}",
            path(object),
            dry_run.query(),
        );
        let body = Some(("application/apply-patch+yaml", manifest));
        self.call(Method::PATCH, &path, body, retry).await
    }

    /// Changes an object by the operations of a JSON patch (RFC 6902).
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn patch(
        &self,
        object: &ObjectRef,
        operations: &Value,
        retry: Retry,
    ) -> Result<Value, ClusterError> {
        let path = format!("{}?fieldManager={FIELD_MANAGER}", path(object));
        let body = Some(("application/json-patch+json", operations));
        self.call(Method::PATCH, &path, body, retry).await
    }

    /// Creates an object. Sent once: after a lost answer the caller has to look.
    ///
    /// # Errors
    /// [`ClusterError`]; 409 `AlreadyExists` where it exists.
    pub async fn create(
        &self,
        object: &ObjectRef,
        manifest: &Value,
        dry_run: DryRunMode,
    ) -> Result<Value, ClusterError> {
        let path = format!(
            "{}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict{}",
            collection(object.kind, object.namespace.as_deref()),
            dry_run.query(),
        );
        let body = Some(("application/json", manifest));
        let retry = match dry_run {
            DryRunMode::No => Retry::Never,
            // It creates nothing.
            DryRunMode::All => Retry::while_busy(),
        };
        self.call(Method::POST, &path, body, retry).await
    }

    /// Deletes an object with all that it owns, if it still is the one with that uid. Gone is good.
    ///
    /// # Errors
    /// [`ClusterError`]; 409 where another object has taken its name.
    pub async fn delete(
        &self,
        object: &ObjectRef,
        uid: &str,
        retry: Retry,
    ) -> Result<(), ClusterError> {
        let options = serde_json::json!({
            "apiVersion": "v1", "kind": "DeleteOptions",
            "propagationPolicy": "Foreground", "preconditions": {"uid": uid},
        });
        let body = Some(("application/json", &options));
        match self.call(Method::DELETE, &path(object), body, retry).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(404) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, &Value)>,
        retry: Retry,
    ) -> Result<Value, ClusterError> {
        self.call_for(method, path, body, "application/json", retry).await
    }

    async fn call_for(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, &Value)>,
        accept: &'static str,
        retry: Retry,
    ) -> Result<Value, ClusterError> {
        let started = Instant::now();
        let mut tries = 0_u32;
        loop {
            let error = match self.send(&method, path, body, accept).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tries += 1;
            let Some(deadline) = retry.deadline(&error, tries) else { return Err(error) };
            let pause = pause(&error, tries);
            if self.is_stopped() || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::info!(%error, tries, "trying again");
            if let Some(notify) = &self.notify
                && started.elapsed() >= SILENT
            {
                notify(&error, started.elapsed());
            }
            tokio::time::sleep(pause).await;
            if self.is_stopped() {
                return Err(error);
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.as_ref().is_some_and(|stopped| stopped())
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<(&'static str, &Value)>,
        accept: &'static str,
    ) -> Result<Value, ClusterError> {
        tracing::debug!(%method, path, "request");
        let mut request = Request::builder().method(method).uri(path);
        let body = match body {
            Some((content_type, body)) => {
                request = request.header(header::CONTENT_TYPE, content_type);
                body.to_string().into_bytes()
            }
            None => Vec::new(),
        };
        let request = request
            .header(header::ACCEPT, accept)
            .body(Body::from(body))
            .expect("paths are built from names that were checked");
        let exchange = async {
            let answer = self
                .client
                .send(request)
                .await
                .map_err(|error| ClusterError::from_client(&self.server, &error))?;
            let (head, body) = answer.into_parts();
            let bytes = body
                .collect()
                .await
                .map_err(|error| ClusterError::from_client(&self.server, &error))?
                .to_bytes();
            if !head.status.is_success() {
                let retry_after = head
                    .headers
                    .get(header::RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.parse().ok());
                let (path, _) = path.split_once('?').unwrap_or((path, ""));
                let request = format!("{method} {path}");
                return Err(ClusterError::Api(Box::new(ApiStatus::read(
                    request,
                    head.status,
                    &bytes,
                    retry_after,
                ))));
            }
            serde_json::from_slice(&bytes).map_err(|_| ClusterError::Nonsense {
                server: self.server.to_string(),
                what: "the body is not JSON",
            })
        };
        if self.request_timeout.is_zero() {
            return exchange.await;
        }
        timeout(self.request_timeout, exchange).await.unwrap_or_else(|_| {
            Err(ClusterError::Unreachable {
                server: self.server.to_string(),
                reason: Unreachable::TimedOut(self.request_timeout),
            })
        })
    }
}

impl DryRunMode {
    const fn query(self) -> &'static str {
        match self {
            Self::No => "",
            Self::All => "&dryRun=All",
        }
    }
}

/// Full jitter from 0.2 s, doubled each time up to 10 s; a `Retry-After` is honoured, but one of
/// zero is no leave to ask without a pause.
fn pause(error: &ClusterError, tries: u32) -> Duration {
    let after = error.status().and_then(|status| status.retry_after);
    if let Some(after) = after.filter(|after| !after.is_zero()) {
        return after.min(Duration::from_secs(10));
    }
    let ceiling = (200_u64 << tries.min(6)).min(10_000);
    let random = getrandom::u32().unwrap_or(u32::MAX);
    Duration::from_millis(50 + ceiling * u64::from(random) / u64::from(u32::MAX))
}

/// The path of a collection.
pub(super) fn collection(kind: Kind, namespace: Option<&str>) -> String {
    let root = if kind.group().is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{}", kind.api_version())
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{}", kind.plural()),
        None => format!("{root}/{}", kind.plural()),
    }
}

/// The path of an object.
pub(super) fn path(object: &ObjectRef) -> String {
    format!("{}/{}", collection(object.kind, object.namespace.as_deref()), object.name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;
    use tokio::time::Instant;

    use super::{Retry, path, pause};
    use crate::cluster::{ApiStatus, ClusterError, Unreachable};
    use manifest::{Kind, ObjectRef};

    fn refused(code: u16, retry_after: Option<u64>) -> ClusterError {
        let code = StatusCode::from_u16(code).expect("a status");
        ClusterError::Api(Box::new(ApiStatus::read("GET x".into(), code, b"{}", retry_after)))
    }

    #[test]
    fn a_server_that_names_no_pause_is_given_one() {
        assert_eq!(pause(&refused(429, Some(3)), 1), Duration::from_secs(3));
        assert!(pause(&refused(429, Some(0)), 1) >= Duration::from_millis(50));
    }

    #[test]
    fn before_any_write_only_a_busy_server_is_asked_again() {
        let gone = || ClusterError::Unreachable {
            server: "https://x".into(),
            reason: Unreachable::Refused,
        };
        let (busy, until) = (Retry::while_busy(), Retry::Until(Instant::now()));
        assert!(busy.deadline(&refused(429, None), 1).is_some());
        assert!(busy.deadline(&gone(), 1).is_none());
        assert!(busy.deadline(&refused(403, None), 1).is_none());
        assert!(until.deadline(&gone(), 1).is_some());
        assert!(until.deadline(&refused(500, None), 3).is_none());
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let object = ObjectRef::namespaced(Kind::NetworkPolicy, "openhive", "default-deny");
        assert_eq!(
            path(&object),
            "/apis/networking.k8s.io/v1/namespaces/openhive/networkpolicies/default-deny"
        );
        let object = ObjectRef::cluster(Kind::Namespace, "openhive");
        assert_eq!(path(&object), "/api/v1/namespaces/openhive");
    }
}
