//! HTTP to a pod over a port-forward, which no network policy touches.

use std::time::Duration;

use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

/// Bytes of a body that are read.
const LIMIT: usize = 64 * 1024;

/// An answer of a pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, sanitised, at most 64 KiB.
    pub body: String,
}

/// Why a pod did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The account may not open a port-forward.
    #[error("port-forward is forbidden: it needs get and create on pods/portforward")]
    Forbidden,
    /// The connection could not be made or broke.
    #[error("{0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer within {}s", .0.as_secs())]
    TimedOut(Duration),
    /// The answer is not HTTP.
    #[error("the answer is not HTTP")]
    NotHttp,
}

/// `GET path` on a pod's port.
///
/// # Errors
/// [`ForwardError`]; any HTTP status is an [`Answer`].
pub async fn get(
    client: &kube::Client,
    namespace: &str,
    pod: &str,
    port: u16,
    path: &str,
    limit: Duration,
) -> Result<Answer, ForwardError> {
    tokio::time::timeout(limit, exchange(client, namespace, pod, port, path))
        .await
        .unwrap_or(Err(ForwardError::TimedOut(limit)))
}

async fn exchange(
    client: &kube::Client,
    namespace: &str,
    pod: &str,
    port: u16,
    path: &str,
) -> Result<Answer, ForwardError> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let mut forward = pods.portforward(pod, &[port]).await.map_err(|error| match error {
        kube::Error::Api(status) if status.code == 403 => ForwardError::Forbidden,
        kube::Error::Api(status) => ForwardError::Broken(format!("HTTP {}", status.code)),
        _ => ForwardError::Broken("the port-forward could not be opened".to_owned()),
    })?;
    let failure = forward.take_error(port);
    let stream = forward
        .take_stream(port)
        .ok_or_else(|| ForwardError::Broken("the port-forward gave no stream".to_owned()))?;
    let error = match answer(stream, port, path).await {
        Ok(answer) => return Ok(answer),
        Err(error) if error.is_parse() => return Err(ForwardError::NotHttp),
        Err(error) => error.to_string(),
    };
    // The kubelet knows more than that the stream ended, and says so on a channel of its own.
    let message = match failure {
        Some(failure) => tokio::time::timeout(Duration::from_millis(200), failure).await.ok(),
        None => None,
    };
    let message = message.flatten().unwrap_or(error);
    Err(ForwardError::Broken(crate::redact::sanitize(message.trim()).into_owned()))
}

/// `GET path` on a stream to the pod's port.
async fn answer<S>(stream: S, port: u16, path: &str) -> Result<Answer, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Dropping the set ends the task, and with it the connection.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, format!("localhost:{port}"))
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "kubectl-openhive")
        .body(Empty::<Bytes>::new())
        .expect("the path and the headers are constants");
    let (head, mut body) = sender.send_request(request).await?.into_parts();
    let mut bytes = Vec::new();
    while bytes.len() < LIMIT
        && let Some(frame) = body.frame().await
    {
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    bytes.truncate(LIMIT);
    let body = crate::redact::sanitize(&String::from_utf8_lossy(&bytes)).into_owned();
    Ok(Answer { status: head.status.as_u16(), body })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::{Answer, LIMIT, answer};

    /// What comes of a server that sends these bytes. It keeps the connection open if `kept`.
    async fn of(bytes: &[u8], kept: bool) -> Result<Answer, hyper::Error> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let bytes = bytes.to_vec();
        let server = tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert_ne!(theirs.read_buf(&mut request).await.unwrap(), 0);
            }
            let request = String::from_utf8(request).unwrap();
            assert!(request.starts_with("GET /healthz HTTP/1.1\r\nhost: localhost:8080\r\n"));
            theirs.write_all(&bytes).await.unwrap();
            if kept {
                std::future::pending::<()>().await;
            }
        });
        let answer = answer(ours, 8080, "/healthz").await;
        server.abort();
        answer
    }

    fn ok(body: &str) -> Answer {
        Answer { status: 200, body: body.to_owned() }
    }

    #[tokio::test]
    async fn a_body_ends_where_its_length_says_in_bytes() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\xff\xfe";
        assert_eq!(of(bytes, true).await.unwrap(), ok("a\u{fffd}\u{fffd}"));
        assert!(of(&bytes[..bytes.len() - 1], false).await.is_err(), "the last byte is missing");
    }

    #[tokio::test]
    async fn a_body_in_chunks_is_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        // The first chunk ends within a character.
        let bytes = [head.as_bytes(), b"2\r\na\xc3\r\n1\r\n\xa4\r\n0\r\n\r\n"].concat();
        assert_eq!(of(&bytes, true).await.unwrap(), ok("aä"));
    }

    #[tokio::test]
    async fn without_a_length_the_connection_ends_the_body() {
        assert_eq!(of(b"HTTP/1.0 200 OK\r\n\r\nok", false).await.unwrap(), ok("ok"));
        let refused = of(b"HTTP/1.1 503 Service Unavailable\r\n\r\nno", false).await.unwrap();
        assert_eq!(refused, Answer { status: 503, body: "no".to_owned() });
    }

    #[tokio::test]
    async fn no_more_than_the_limit_is_read() {
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LIMIT + 1));
        assert_eq!(of(long.as_bytes(), true).await.unwrap().body.len(), LIMIT);
    }

    #[tokio::test]
    async fn what_is_not_http_is_told_apart_from_a_closed_connection() {
        assert!(of(b"SSH-2.0-OpenSSH_9.2\r\n", true).await.unwrap_err().is_parse());
        assert!(!of(b"", false).await.unwrap_err().is_parse());
    }
}
