//! Plain requests on untyped JSON, with one retry layer.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::error::Class;
use super::{ApiStatus, ClusterError, FIELD_MANAGER, Unreachable};
use crate::object::{Kind, ObjectRef};

/// Asks the API server.
#[derive(Clone)]
pub struct Rest {
    client: kube::Client,
    server: Arc<str>,
    request_timeout: Duration,
    notify: Option<RetryNotice>,
}

/// Who is told that a request is tried again: the error, and for how long it was tried by now.
type RetryNotice = Arc<dyn Fn(&ClusterError, Duration) + Send + Sync>;

/// How long a request is tried.
#[derive(Clone, Copy, Debug)]
pub enum Retry {
    /// Once.
    Never,
    /// While the error may pass, until then.
    Until(Instant),
}

/// Whether a write is only tried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DryRunMode {
    /// It is a write.
    No,
    /// `dryRun=All`.
    All,
}

/// A patch that is no server-side apply.
#[derive(Clone, Debug)]
pub enum Patch {
    /// RFC 6902.
    Json(Value),
    /// RFC 7386.
    Merge(Value),
}

/// A retry is told to people once it lasts longer than this.
const SILENT: Duration = Duration::from_secs(2);

impl Rest {
    pub(super) fn new(client: kube::Client, server: String, request_timeout: Duration) -> Self {
        Self { client, server: server.into(), request_timeout, notify: None }
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

    /// The API server's URL.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Reads any path.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn get_path(&self, path: &str, retry: Retry) -> Result<Value, ClusterError> {
        self.call(Method::GET, path, None, retry).await
    }

    /// Lists the metadata of objects, without what they hold.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn list_metadata(&self, path: &str) -> Result<Value, ClusterError> {
        const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
        self.send(&Method::GET, path, None, METADATA).await
    }

    /// Posts to any path. Sent once: nobody knows whether a lost answer was a success.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn post_path(&self, path: &str, body: &Value) -> Result<Value, ClusterError> {
        self.call(Method::POST, path, Some(("application/json", body)), Retry::Never).await
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
        match self.get_path(&path(object), retry).await {
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

    /// Patches an object.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn patch(
        &self,
        object: &ObjectRef,
        patch: &Patch,
        dry_run: DryRunMode,
        retry: Retry,
    ) -> Result<Value, ClusterError> {
        let path = format!("{}?fieldManager={FIELD_MANAGER}{}", path(object), dry_run.query());
        let (content_type, body) = match patch {
            Patch::Json(body) => ("application/json-patch+json", body),
            Patch::Merge(body) => ("application/merge-patch+json", body),
        };
        self.call(Method::PATCH, &path, Some((content_type, body)), retry).await
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
        self.call(Method::POST, &path, body, Retry::Never).await
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
        let started = Instant::now();
        let mut tries = 0_u32;
        loop {
            let error = match self.send(&method, path, body, "application/json").await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tries += 1;
            let Retry::Until(deadline) = retry else { return Err(error) };
            let pause = pause(&error, tries);
            let hopeless = match error.class() {
                Class::Transient => false,
                Class::Doubtful => tries >= 3,
                Class::Final => true,
            };
            if hopeless || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::info!(%error, tries, "trying again");
            if let Some(notify) = &self.notify
                && started.elapsed() >= SILENT
            {
                notify(&error, started.elapsed());
            }
            tokio::time::sleep(pause).await;
        }
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

/// Full jitter from 0.2 s, doubled each time up to 10 s; a `Retry-After` is honoured.
fn pause(error: &ClusterError, tries: u32) -> Duration {
    if let Some(after) = error.status().and_then(|status| status.retry_after) {
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
    use super::path;
    use crate::object::{Kind, ObjectRef};

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
