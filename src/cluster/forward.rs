//! HTTP to a pod over a port-forward, which no network policy touches.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of an answer that are read.
const LIMIT: u64 = 64 * 1024;

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
    let mut stream = forward
        .take_stream(port)
        .ok_or_else(|| ForwardError::Broken("the port-forward gave no stream".to_owned()))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: application/json\r\nUser-Agent: kubectl-openhive\r\nConnection: close\r\n\r\n"
    );
    let broken = |error: std::io::Error| ForwardError::Broken(error.to_string());
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut bytes = Vec::new();
    let mut stream = stream.take(LIMIT);
    // Not to the end of the stream: who keeps the connection open has answered all the same.
    while !complete(&bytes) && stream.read_buf(&mut bytes).await.map_err(broken)? > 0 {}
    if bytes.is_empty() {
        let message = match failure {
            Some(failure) => tokio::time::timeout(Duration::from_millis(200), failure).await.ok(),
            None => None,
        };
        let message = message.flatten().unwrap_or_else(|| "the connection was closed".to_owned());
        return Err(ForwardError::Broken(crate::redact::sanitize(message.trim()).into_owned()));
    }
    parse(&bytes).ok_or(ForwardError::NotHttp)
}

/// Whether the answer has as many bytes as its head announces; without a length its end is the
/// connection's.
fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    head.split("\r\n").filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("content-length")
            && value.trim().parse().is_ok_and(|length: usize| body.len() >= length)
    })
}

/// Status and body of an HTTP/1.1 answer that was read to its end.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let chunked = lines.any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("transfer-encoding") && value.trim() == "chunked"
        })
    });
    let body = if chunked { unchunk(body) } else { body.to_owned() };
    Some(Answer { status, body: crate::redact::sanitize(&body).into_owned() })
}

fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
        let Ok(size @ 1..) = size else { break };
        let Some(chunk) = after.get(..size) else {
            body.push_str(after);
            break;
        };
        body.push_str(chunk);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::{Answer, complete, parse};

    #[test]
    fn an_answer_ends_where_its_head_says() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert!(!complete(head.as_bytes()));
        assert!(!complete(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"));
        assert!(complete(format!("{head}ok").as_bytes()));
        assert!(!complete(b"HTTP/1.1 200 OK\r\n\r\nok"), "only the end of the connection tells");
    }

    #[test]
    fn answers_are_read_plain_and_chunked() {
        let plain = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\nno";
        assert_eq!(parse(plain), Some(Answer { status: 503, body: "no".into() }));
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked), Some(Answer { status: 200, body: "abcde".into() }));
        assert_eq!(parse(b"hello"), None);
    }
}
