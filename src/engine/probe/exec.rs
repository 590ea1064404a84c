//! A program in a running container: its text goes in, its lines come out.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Bytes of output that are read: a line for each flow.
const LIMIT: usize = 256 * 1024;

/// A container.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub namespace: &'a str,
    pub pod: &'a str,
    pub container: &'a str,
}

/// Runs a command and gives it `input`; returns what it printed until it ended or the time was
/// over. An exec that cannot be had prints nothing: what a pod did not say is not known.
pub(super) async fn exec(
    client: &kube::Client,
    place: Place<'_>,
    command: Vec<String>,
    input: &str,
    limit: Duration,
) -> String {
    let mut output = Vec::new();
    let deadline = Instant::now() + limit;
    let done = timeout_at(deadline, attach(client, place, command, input, &mut output)).await;
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(pod = place.pod, %error, "exec"),
        Err(_) => tracing::info!(pod = place.pod, "exec: out of time"),
    }
    String::from_utf8_lossy(&output).into_owned()
}

async fn attach(
    client: &kube::Client,
    place: Place<'_>,
    command: Vec<String>,
    input: &str,
    output: &mut Vec<u8>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), place.namespace);
    let params = AttachParams::default()
        .container(place.container)
        .stdin(true)
        .stdout(true)
        .stderr(false)
        .max_stdin_buf_size(64 * 1024);
    let mut process = pods.exec(place.pod, command, &params).await?;
    let mut stdin = process.stdin().ok_or("no stdin")?;
    let mut stdout = process.stdout().ok_or("no stdout")?;
    stdin.write_all(input.as_bytes()).await?;
    stdin.flush().await?;
    let mut chunk = vec![0; 8 * 1024];
    while output.len() < LIMIT {
        // Standard input stays open: it is read by length.
        let read = stdout.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        output.extend_from_slice(&chunk[..read]);
    }
    drop(stdin);
    process.abort();
    Ok(())
}
