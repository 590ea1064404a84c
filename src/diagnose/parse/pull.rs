//! Why an image does not come: kubelet's `ErrImagePull` message, which is the runtime's (containerd,
//! CRI-O, docker) around the registry's.

use serde::Serialize;

use super::unquoted;

/// What a pull failed of.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PullError {
    /// No such repository, tag or digest.
    NotFound,
    /// The image is not made for the node's architecture.
    NoPlatform,
    /// The registry wants credentials, or others.
    Unauthorized,
    /// The registry limits the rate.
    TooManyRequests,
    /// The registry's name does not resolve on the node.
    NameResolution,
    /// The node does not trust the registry's certificate.
    Certificate,
    /// The registry speaks HTTP, the node HTTPS.
    PlainHttp,
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// The registry answered with a 5xx.
    ServerError,
    /// The node's disk is full.
    NoSpace,
    /// Something else: the message is the evidence.
    Unrecognised,
}

/// Patterns by rank: a platform that does not match also says `not found`, and the hosts of a
/// token service fail in the same words as those of a registry.
const PATTERNS: [(PullError, &[&str]); 11] = [
    (
        PullError::NoPlatform,
        &["no match for platform", "no matching manifest for", "no image found in"],
    ),
    (PullError::TooManyRequests, &["429 too many", "toomanyrequests", "pull rate limit"]),
    (PullError::PlainHttp, &["server gave http response to https client"]),
    (PullError::Certificate, &["x509:", "certificate verify failed", "tls: handshake failure"]),
    (
        PullError::NameResolution,
        &["no such host", "server misbehaving", "temporary failure in name resolution"],
    ),
    (
        PullError::Unauthorized,
        &[
            "unauthorized",
            "403 forbidden",
            "pull access denied",
            "authorization failed",
            "authentication required",
            "no basic auth credentials",
            "requested access to the resource is denied",
            "denied: ",
        ],
    ),
    (PullError::NoSpace, &["no space left on device"]),
    (PullError::Timeout, &["i/o timeout", "deadline exceeded", "timeout"]),
    (
        PullError::Unreachable,
        &[
            "connection refused",
            "no route to host",
            "network is unreachable",
            "connection reset",
            ": eof",
        ],
    ),
    (
        PullError::ServerError,
        &["500 internal server error", "502 bad gateway", "503 service unavailable", "504 gateway"],
    ),
    (PullError::NotFound, &["not found", "manifest unknown", "name unknown", "404"]),
];

impl PullError {
    /// Reads the message of `ErrImagePull`, of `ImagePullBackOff`, or of an event `Failed`.
    #[must_use]
    pub fn parse(message: &str) -> Self {
        let message = unquoted(message).to_lowercase();
        PATTERNS
            .iter()
            .find(|(_, patterns)| patterns.iter().any(|pattern| message.contains(pattern)))
            .map_or(Self::Unrecognised, |(error, _)| *error)
    }
}

#[cfg(test)]
mod tests {
    use super::PullError;

    /// Messages of containerd 2.2 under kubelet, the last ones of CRI-O and docker.
    #[test]
    fn each_message_has_its_error() {
        let of = |m: &str| PullError::parse(m);
        assert_eq!(
            of(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.test:5000/openhive-gateway:v9\": failed to resolve reference \"registry.test:5000/openhive-gateway:v9\": registry.test:5000/openhive-gateway:v9: not found"
            ),
            PullError::NotFound
        );
        assert_eq!(
            of(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.test/x:v1\": no match for platform in manifest: not found"
            ),
            PullError::NoPlatform
        );
        assert_eq!(
            of(
                "failed to pull and unpack image \"r/x:1\": no match for platform in manifest sha256:a75a: not found"
            ),
            PullError::NoPlatform
        );
        assert_eq!(
            of(
                "failed to pull and unpack image \"ghcr.io/a/b:1\": failed to resolve reference \"ghcr.io/a/b:1\": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aa%2Fb%3Apull&service=ghcr.io: 401 Unauthorized"
            ),
            PullError::Unauthorized
        );
        assert_eq!(
            of(
                "failed to pull and unpack image \"docker.io/a/b:1\": failed to resolve reference \"docker.io/a/b:1\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
            ),
            PullError::Unauthorized
        );
        assert_eq!(
            of(
                "failed to resolve reference \"ghcr.io/a/b:1\": failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://ghcr.io/token: 403 Forbidden"
            ),
            PullError::Unauthorized
        );
        assert_eq!(
            of(
                "failed to resolve reference \"docker.io/a/b:1\": unexpected status from HEAD request to https://registry-1.docker.io/v2/a/b/manifests/1: 429 Too Many Requests"
            ),
            PullError::TooManyRequests
        );
        assert_eq!(
            of(
                "failed to resolve reference \"nowhere.invalid/a:1\": failed to do request: Head \"https://nowhere.invalid/v2/a/manifests/1\": dial tcp: lookup nowhere.invalid on 10.96.0.10:53: no such host"
            ),
            PullError::NameResolution
        );
        assert_eq!(
            of(
                "failed to resolve reference \"docker.io/a/b:1\": failed to authorize: failed to fetch anonymous token: Get \"https://auth.docker.io/token\": dial tcp: lookup auth.docker.io on 10.0.0.2:53: server misbehaving"
            ),
            PullError::NameResolution
        );
        assert_eq!(
            of(
                "failed to do request: Head \"https://r.test/v2/a/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority"
            ),
            PullError::Certificate
        );
        assert_eq!(
            of(
                "failed to do request: Head \"https://r.test:5000/v2/a/manifests/1\": http: server gave HTTP response to HTTPS client"
            ),
            PullError::PlainHttp
        );
        assert_eq!(
            of(
                "failed to do request: Head \"https://r.test/v2/a/manifests/1\": dial tcp 203.0.113.9:443: i/o timeout"
            ),
            PullError::Timeout
        );
        assert_eq!(
            of(
                "failed to do request: Head \"https://r.test/v2/a/manifests/1\": net/http: TLS handshake timeout"
            ),
            PullError::Timeout
        );
        assert_eq!(
            of(
                "failed to do request: Head \"https://r.test/v2/a/manifests/1\": dial tcp 203.0.113.9:443: connect: connection refused"
            ),
            PullError::Unreachable
        );
        assert_eq!(
            of(
                "unexpected status from HEAD request to https://r.test/v2/a/manifests/1: 503 Service Unavailable"
            ),
            PullError::ServerError
        );
        assert_eq!(
            of(
                "failed to extract layer sha256:aa: write /var/lib/containerd/x: no space left on device"
            ),
            PullError::NoSpace
        );
        assert_eq!(
            of("reading manifest v9 in r.test/a: manifest unknown: manifest unknown"),
            PullError::NotFound
        );
        assert_eq!(
            of(
                "no image found in image index for architecture \"arm64\", variant \"v8\", OS \"linux\""
            ),
            PullError::NoPlatform
        );
        assert_eq!(
            of(
                "Error response from daemon: manifest for a/b:1 not found: manifest unknown: manifest unknown"
            ),
            PullError::NotFound
        );
    }

    #[test]
    fn words_in_an_image_name_are_not_an_error() {
        assert_eq!(
            PullError::parse("Back-off pulling image \"r.test/unauthorized/not found:429\""),
            PullError::Unrecognised
        );
    }

    #[test]
    fn the_back_off_message_carries_the_cause() {
        assert_eq!(
            PullError::parse(
                "Back-off pulling image \"r/x:v9\": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image \"r/x:v9\": failed to resolve reference \"r/x:v9\": r/x:v9: not found"
            ),
            PullError::NotFound
        );
    }
}
