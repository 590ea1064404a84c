//! What a probe was answered (event `Unhealthy`).

use serde::Serialize;

/// Which probe.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Probe {
    /// `startupProbe`
    Startup,
    /// `livenessProbe`
    Liveness,
    /// `readinessProbe`
    Readiness,
}

impl Probe {
    /// `startup`, `liveness`, `readiness`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
        }
    }
}

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// An HTTP status that is no success.
    Status {
        /// Such as 503.
        status: u16,
    },
    /// Nothing listens on the port.
    Refused,
    /// Nothing came back in time.
    Timeout,
    /// The connection was cut.
    Closed,
    /// Something else: the message is the evidence.
    Unrecognised,
}

/// Reads the message of an event `Unhealthy`.
#[must_use]
pub fn parse(message: &str) -> Option<(Probe, Answer)> {
    // What the event correlator writes before the newest of many.
    let message = message.trim_start_matches("(combined from similar events): ");
    let (probe, rest) = [
        (Probe::Startup, "Startup probe "),
        (Probe::Liveness, "Liveness probe "),
        (Probe::Readiness, "Readiness probe "),
    ]
    .into_iter()
    .find_map(|(probe, prefix)| message.strip_prefix(prefix).map(|rest| (probe, rest)))?;
    let status = rest
        .split_once("statuscode: ")
        .map(|(_, code)| code.trim_start().chars().take_while(char::is_ascii_digit).collect())
        .and_then(|code: String| code.parse().ok());
    let answer = if let Some(status) = status {
        Answer::Status { status }
    } else if rest.contains("connection refused") {
        Answer::Refused
    } else if rest.contains("context deadline exceeded")
        || rest.contains("timeout")
        || rest.contains("timed out")
    {
        Answer::Timeout
    } else if rest.contains("connection reset") || rest.contains("EOF") {
        Answer::Closed
    } else {
        Answer::Unrecognised
    };
    Some((probe, answer))
}

#[cfg(test)]
mod tests {
    use super::{Answer, Probe, parse};

    #[test]
    fn each_message_has_its_answer() {
        assert_eq!(
            parse("Readiness probe failed: HTTP probe failed with statuscode: 503"),
            Some((Probe::Readiness, Answer::Status { status: 503 }))
        );
        assert_eq!(
            parse(
                "Startup probe failed: Get \"http://10.244.0.5:8080/healthz\": dial tcp 10.244.0.5:8080: connect: connection refused"
            ),
            Some((Probe::Startup, Answer::Refused))
        );
        assert_eq!(
            parse(
                "Liveness probe failed: Get \"http://10.244.0.5:8080/healthz\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            ),
            Some((Probe::Liveness, Answer::Timeout))
        );
        assert_eq!(
            parse(
                "Readiness probe failed: Get \"http://10.244.0.5:8080/healthz\": read tcp 10.244.0.1:1->10.244.0.5:8080: read: connection reset by peer"
            ),
            Some((Probe::Readiness, Answer::Closed))
        );
        assert_eq!(
            parse(
                "(combined from similar events): Readiness probe failed: HTTP probe failed with statuscode: 500"
            ),
            Some((Probe::Readiness, Answer::Status { status: 500 }))
        );
        assert_eq!(parse("Pulled image"), None);
    }
}
