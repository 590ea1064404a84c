//! kubectl's own connection flags, with kubectl's names and meanings.

use std::path::PathBuf;

use super::Exit;
use crate::ui::Failure;

/// How to reach the cluster.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig cluster to use
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The kubeconfig user to use
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Address and port of the API server
    #[arg(short, long, value_name = "URL")]
    pub server: Option<String>,
    /// Server name to check the server's certificate against
    #[arg(long, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Path to a certificate file of the certificate authority
    #[arg(long, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,
    /// Do not check the server's certificate
    #[arg(long)]
    pub insecure_skip_tls_verify: bool,
    /// Path to a client certificate file for TLS
    #[arg(long, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,
    /// Path to a client key file for TLS
    #[arg(long, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Bearer token for authentication to the API server
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<Token>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,
    /// UID to impersonate
    #[arg(long, value_name = "UID")]
    pub as_uid: Option<String>,
    /// Group to impersonate; repeat for several
    #[arg(long, value_name = "GROUP")]
    pub as_group: Vec<String>,
    /// Extra KEY=VALUE to impersonate; repeat for several
    #[arg(long, value_name = "KEY=VALUE")]
    pub as_user_extra: Vec<String>,
    /// Time for one request, such as 15s or 1m; 0 for no limit
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub request_timeout: Duration,
}

/// [`ConnectionArgs`] of the verbs that install and watch the platform.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PlatformConnectionArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Refused: the three namespaces are fixed
    #[arg(short, long, hide = true, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

impl PlatformConnectionArgs {
    /// The flags, without kubectl's `-n`.
    ///
    /// # Errors
    /// It was given.
    pub(crate) fn checked(&self) -> Result<&ConnectionArgs, Failure> {
        if self.namespace.is_none() {
            return Ok(&self.connection);
        }
        Err(Failure::new(Exit::Usage, "-n/--namespace cannot be given")
            .cause("OpenHive lives in three fixed namespaces: openhive, hive-agents, hive-sandbox")
            .fix("leave the flag out")
            .now("nothing was changed"))
    }
}

impl ConnectionArgs {
    /// The flags that say which cluster, and as whom, with their values; never the token.
    pub(crate) fn named(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let single = [
            ("--kubeconfig", path(&self.kubeconfig)),
            ("--context", self.context.clone()),
            ("--cluster", self.cluster.clone()),
            ("--user", self.user.clone()),
            ("--server", self.server.clone()),
            ("--tls-server-name", self.tls_server_name.clone()),
            ("--certificate-authority", path(&self.certificate_authority)),
            ("--client-certificate", path(&self.client_certificate)),
            ("--client-key", path(&self.client_key)),
            ("--as", self.as_user.clone()),
            ("--as-uid", self.as_uid.clone()),
        ];
        let single = single.into_iter().filter_map(|(flag, value)| Some((flag, value?)));
        let groups = self.as_group.iter().map(|group| ("--as-group", group.clone()));
        let extra = self.as_user_extra.iter().map(|pair| ("--as-user-extra", pair.clone()));
        single.chain(groups).chain(extra).collect()
    }
}

/// A time-out; zero means none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Duration(pub std::time::Duration);

/// A bearer token, which is never printed.
#[derive(Clone)]
pub struct Token(secrecy::SecretString);

impl Token {
    /// The token itself.
    #[must_use]
    pub const fn secret(&self) -> &secrecy::SecretString {
        &self.0
    }
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self(token.into())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Reads kubectl's durations: a number of seconds, or numbers with the units `ms`, `s`, `m`, `h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let good = || format!("{text:?} is no duration: write 30s, 5m, 1h, or 0 for no limit");
    let mut total = std::time::Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return Err(good());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| good())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let millis = match &rest[..letters] {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(good()),
        };
        rest = &rest[letters..];
        let part = number.checked_mul(millis).ok_or_else(good)?;
        total = total.checked_add(std::time::Duration::from_millis(part)).ok_or_else(good)?;
    }
    Ok(Duration(total))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Token, duration};

    #[test]
    fn durations_are_read_as_kubectl_reads_them() {
        for (text, millis) in
            [("15", 15_000), ("15s", 15_000), ("1m30s", 90_000), ("0", 0), ("250ms", 250)]
        {
            assert_eq!(duration(text).unwrap().0.as_millis(), millis, "{text}");
        }
        for text in ["", "s", "5d", "-1s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_never_shows() {
        assert_eq!(format!("{:?}", Token::from("canary-token")), "[redacted]");
    }
}
