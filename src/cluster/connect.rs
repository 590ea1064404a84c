//! From connection flags to a client.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use kube::config::{
    AuthInfo, Cluster as ClusterEntry, Config, Context, KubeConfigOptions, Kubeconfig,
    KubeconfigError, NamedAuthInfo, NamedCluster, NamedContext,
};
use secrecy::ExposeSecret;

use super::error::CONNECT_TIMEOUT;
use super::rest::Rest;
use super::{ClusterError, KubeconfigProblem};
use crate::cli::connection::ConnectionArgs;

/// A cluster that can be asked.
pub struct Cluster {
    /// Plain requests.
    pub rest: Rest,
    /// For watches, logs and port-forwards.
    pub client: kube::Client,
    /// The context's name; absent inside a cluster.
    pub context: Option<String>,
    /// The API server's URL.
    pub server: String,
    /// What must never be printed: tokens, keys, passwords of the kubeconfig.
    pub credentials: Vec<String>,
}

/// The name of the context that is put together from flags.
const FLAGS: &str = "command line";

/// By what an audit log tells our requests from others: the client sends nothing by itself.
const USER_AGENT: &str = concat!("kubectl-openhive/", env!("CARGO_PKG_VERSION"));

/// Reads the kubeconfig and prepares a client. Asks the cluster nothing.
///
/// # Errors
/// [`ClusterError::Kubeconfig`].
pub async fn connect(args: &ConnectionArgs) -> Result<Cluster, ClusterError> {
    let (mut config, context) = config(args).await.map_err(ClusterError::Kubeconfig)?;
    // One visible retry layer (`Rest`): the client's own re-sends POSTs for minutes without a word.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.headers.push((http::header::USER_AGENT, HeaderValue::from_static(USER_AGENT)));
    let credentials = credentials(&config.auth_info);
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = kube::Client::try_from(config).map_err(|error| match error {
        kube::Error::Auth(_) => ClusterError::from_client(&server, &error),
        error => ClusterError::Kubeconfig(KubeconfigProblem::Invalid { what: first_line(&error) }),
    })?;
    let rest = Rest::new(client.clone(), server.clone(), args.request_timeout.0);
    Ok(Cluster { rest, client, context, server, credentials })
}

async fn config(args: &ConnectionArgs) -> Result<(Config, Option<String>), KubeconfigProblem> {
    let kubeconfig = match read(args.kubeconfig.as_deref()) {
        Ok(kubeconfig) => kubeconfig,
        // A file that is named has to be there.
        Err(KubeconfigProblem::Missing { path }) if args.kubeconfig.is_none() => {
            if args.server.is_some() {
                Kubeconfig::default()
            } else {
                return Ok((in_cluster(args, path)?, None));
            }
        }
        Err(problem) => return Err(problem),
    };
    let current = || kubeconfig.current_context.clone().filter(|name| !name.is_empty());
    let context = args.context.clone().or_else(current);
    let merged = with_flags(kubeconfig, args, context.as_deref())?;
    let options = KubeConfigOptions { context: Some(FLAGS.to_owned()), ..Default::default() };
    let config = Config::from_custom_kubeconfig(merged, &options).await.map_err(invalid)?;
    Ok((config, context))
}

/// The account of the pod, where there is one and no flag names another cluster.
fn in_cluster(args: &ConnectionArgs, path: String) -> Result<Config, KubeconfigProblem> {
    let elsewhere = [&args.context, &args.cluster, &args.user];
    let config = Config::incluster().ok().filter(|_| elsewhere.iter().all(|flag| flag.is_none()));
    let mut config = config.ok_or(KubeconfigProblem::Missing { path })?;
    override_user(&mut config.auth_info, args)?;
    if let Some(name) = &args.tls_server_name {
        config.tls_server_name = Some(name.clone());
    }
    config.accept_invalid_certs |= args.insecure_skip_tls_verify;
    Ok(config)
}

fn read(path: Option<&Path>) -> Result<Kubeconfig, KubeconfigProblem> {
    if let Some(path) = path {
        return read_file(path);
    }
    let list = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let paths: Vec<_> =
        std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()).collect();
    if paths.is_empty() {
        return Kubeconfig::read().map_err(problem);
    }
    read_list(&paths)
}

/// Merges the files of `KUBECONFIG` as kubectl does: a missing one counts as empty, and an empty
/// current context as none.
fn read_list(paths: &[PathBuf]) -> Result<Kubeconfig, KubeconfigProblem> {
    let mut merged: Option<Kubeconfig> = None;
    let mut missing = None;
    for path in paths {
        let mut next = match read_file(path) {
            Ok(next) => next,
            Err(problem @ KubeconfigProblem::Missing { .. }) => {
                missing = missing.or(Some(problem));
                continue;
            }
            Err(problem) => return Err(problem),
        };
        next.current_context = next.current_context.filter(|name| !name.is_empty());
        merged = Some(match merged {
            None => next,
            Some(before) => before.merge(next).map_err(invalid)?,
        });
    }
    merged.ok_or_else(|| {
        missing.unwrap_or_else(|| KubeconfigProblem::Missing { path: String::new() })
    })
}

fn read_file(path: &Path) -> Result<Kubeconfig, KubeconfigProblem> {
    Kubeconfig::read_from(path).map_err(problem)
}

fn problem(error: KubeconfigError) -> KubeconfigProblem {
    match error {
        KubeconfigError::ReadConfig(error, path) => {
            let path = path.display().to_string();
            if error.kind() == std::io::ErrorKind::NotFound {
                KubeconfigProblem::Missing { path }
            } else {
                KubeconfigProblem::Unreadable { path, error }
            }
        }
        KubeconfigError::FindPath => {
            KubeconfigProblem::Missing { path: "~/.kube/config".to_owned() }
        }
        other => invalid(other),
    }
}

/// The parser's own text can hold a line of the file, and with it a token.
fn invalid(error: KubeconfigError) -> KubeconfigProblem {
    let what = match &error {
        KubeconfigError::Parse(_) => "it is not YAML of a kubeconfig's shape".to_owned(),
        other => first_line(other),
    };
    KubeconfigProblem::Invalid { what }
}

/// A context of its own, made of what the file says and what the flags say over it.
fn with_flags(
    mut kubeconfig: Kubeconfig,
    args: &ConnectionArgs,
    context: Option<&str>,
) -> Result<Kubeconfig, KubeconfigProblem> {
    let known = || kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let entry = match context {
        Some(name) => match kubeconfig.contexts.iter().find(|entry| entry.name == name) {
            Some(entry) => entry.context.clone().unwrap_or_default(),
            None => {
                return Err(KubeconfigProblem::NoContext { name: name.to_owned(), known: known() });
            }
        },
        None if args.server.is_some() || args.cluster.is_some() => Context::default(),
        None => return Err(KubeconfigProblem::NoCurrentContext { known: known() }),
    };
    let cluster_name = args.cluster.clone().or(Some(entry.cluster).filter(|n| !n.is_empty()));
    let mut cluster = match &cluster_name {
        Some(name) => kubeconfig
            .clusters
            .iter()
            .find(|cluster| cluster.name == *name)
            .and_then(|cluster| cluster.cluster.clone())
            .ok_or_else(|| KubeconfigProblem::NoEntry { what: "cluster", name: name.clone() })?,
        None => ClusterEntry::default(),
    };
    let user_name = args.user.clone().or(entry.user).filter(|name| !name.is_empty());
    let mut user = match &user_name {
        Some(name) => kubeconfig
            .auth_infos
            .iter()
            .find(|user| user.name == *name)
            .and_then(|user| user.auth_info.clone())
            .ok_or_else(|| KubeconfigProblem::NoEntry { what: "user", name: name.clone() })?,
        None => AuthInfo::default(),
    };
    override_cluster(&mut cluster, args);
    override_user(&mut user, args)?;
    kubeconfig.clusters =
        vec![NamedCluster { name: FLAGS.to_owned(), cluster: Some(cluster), ..Default::default() }];
    kubeconfig.auth_infos =
        vec![NamedAuthInfo { name: FLAGS.to_owned(), auth_info: Some(user), ..Default::default() }];
    let context =
        Context { cluster: FLAGS.to_owned(), user: Some(FLAGS.to_owned()), ..Default::default() };
    kubeconfig.contexts =
        vec![NamedContext { name: FLAGS.to_owned(), context: Some(context), ..Default::default() }];
    Ok(kubeconfig)
}

fn override_cluster(cluster: &mut ClusterEntry, args: &ConnectionArgs) {
    if let Some(server) = &args.server {
        cluster.server = Some(server.clone());
    }
    if let Some(name) = &args.tls_server_name {
        cluster.tls_server_name = Some(name.clone());
    }
    if let Some(path) = &args.certificate_authority {
        cluster.certificate_authority = Some(path.display().to_string());
        cluster.certificate_authority_data = None;
    }
    if args.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
    }
}

fn override_user(user: &mut AuthInfo, args: &ConnectionArgs) -> Result<(), KubeconfigProblem> {
    if let Some(path) = &args.client_certificate {
        user.client_certificate = Some(path.display().to_string());
        user.client_certificate_data = None;
    }
    if let Some(path) = &args.client_key {
        user.client_key = Some(path.display().to_string());
        user.client_key_data = None;
    }
    if let Some(token) = &args.token {
        user.token = Some(token.secret().clone());
        // The client would take any of these before the token.
        user.token_file = None;
        user.exec = None;
        user.auth_provider = None;
        user.username = None;
        user.password = None;
    }
    if let Some(name) = &args.as_user {
        user.impersonate = Some(name.clone());
    }
    if let Some(uid) = &args.as_uid {
        user.impersonate_uid = Some(uid.clone());
    }
    if !args.as_group.is_empty() {
        user.impersonate_groups = Some(args.as_group.clone());
    }
    if !args.as_user_extra.is_empty() {
        let mut extra: HashMap<String, Vec<String>> = HashMap::new();
        for pair in &args.as_user_extra {
            let (key, value) = pair.split_once('=').ok_or_else(|| KubeconfigProblem::Invalid {
                what: format!("--as-user-extra {pair:?} is not KEY=VALUE"),
            })?;
            extra.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        user.impersonate_user_extra = Some(extra);
    }
    Ok(())
}

/// Everything of an account that must not be printed, also what stands in files of their own.
fn credentials(auth: &AuthInfo) -> Vec<String> {
    use base64::Engine as _;
    let mut credentials: Vec<String> = [&auth.token, &auth.password, &auth.client_key_data]
        .into_iter()
        .flatten()
        .map(|secret| secret.expose_secret().to_owned())
        .collect();
    let keys = auth.client_key_data.iter().filter_map(|data| {
        let key = base64::engine::general_purpose::STANDARD.decode(data.expose_secret()).ok()?;
        String::from_utf8(key).ok()
    });
    credentials.extend(keys);
    for path in [&auth.token_file, &auth.client_key].into_iter().flatten() {
        // One that cannot be read fails the connection, with its own words.
        credentials.extend(std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned()));
    }
    let secret = ["id-token", "refresh-token", "access-token", "client-secret"];
    let provider = auth.auth_provider.iter().flat_map(|provider| &provider.config);
    credentials.extend(
        provider.filter(|(key, _)| secret.contains(&key.as_str())).map(|(_, value)| value.clone()),
    );
    credentials
}

fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kube::config::{AuthInfo, AuthProviderConfig, Context, Kubeconfig, NamedContext};

    use super::{connect, credentials, override_user, read_list, with_flags};
    use crate::cli::connection::{ConnectionArgs, Token};
    use crate::cluster::KubeconfigProblem;

    /// Connects with the auth provider `gcp`, whose command answers with a credential.
    async fn with_gcp(token_key: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let answer = r#"{"credential":{"access_token":"canary"}}"#;
        let config =
            serde_json::json!({ "cmd-path": "echo", "cmd-args": answer, "token-key": token_key });
        let kubeconfig = serde_json::json!({
            "current-context": "x",
            "contexts": [{ "name": "x", "context": { "cluster": "x", "user": "x" } }],
            "clusters": [{ "name": "x", "cluster": { "server": "http://localhost" } }],
            "users": [{ "name": "x", "user": {
                "auth-provider": { "name": "gcp", "config": config },
            } }],
        });
        std::fs::write(&path, kubeconfig.to_string()).unwrap();
        let args = ConnectionArgs { kubeconfig: Some(path), ..ConnectionArgs::default() };
        connect(&args).await.map(|_| ()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_provider_gcp_finds_its_token_at_its_path() {
        assert!(with_gcp("'{.credential.access_token}'").await.is_err(), "quotes are no path");
        assert!(with_gcp("{.credential.access_token}").await.is_ok());
        let error = with_gcp("{.credential.id_token}").await.unwrap_err();
        assert!(error.contains("not found") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn a_list_of_kubeconfigs_may_name_files_that_are_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("a"), "current-context: ''\ncontexts: []\n").unwrap();
        std::fs::write(file("b"), "current-context: prod\ncontexts: []\n").unwrap();
        let merged = read_list(&[file("none"), file("a"), file("b")]).unwrap();
        assert_eq!(merged.current_context.as_deref(), Some("prod"));
        let all_missing = read_list(&[file("none")]);
        assert!(matches!(all_missing, Err(KubeconfigProblem::Missing { .. })));
    }

    #[test]
    fn a_context_may_leave_its_user_empty() {
        let context =
            Context { cluster: String::new(), user: Some(String::new()), ..Default::default() };
        let named = NamedContext { name: "x".into(), context: Some(context), ..Default::default() };
        let kubeconfig = Kubeconfig { contexts: vec![named], ..Default::default() };
        assert!(with_flags(kubeconfig, &ConnectionArgs::default(), Some("x")).is_ok());
    }

    #[test]
    fn a_token_of_the_command_line_wins() {
        let mut user = AuthInfo {
            username: Some("me".into()),
            password: Some("of the file".to_owned().into()),
            auth_provider: Some(AuthProviderConfig { name: "oidc".into(), ..Default::default() }),
            ..AuthInfo::default()
        };
        let args = ConnectionArgs { token: Some(Token::from("t")), ..ConnectionArgs::default() };
        override_user(&mut user, &args).unwrap();
        assert!(user.token.is_some() && user.auth_provider.is_none() && user.password.is_none());
    }

    #[test]
    fn what_stands_in_files_of_their_own_is_a_credential_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "canary-token\n").unwrap();
        let user = AuthInfo {
            token_file: Some(path.display().to_string()),
            client_key_data: Some("Y2FuYXJ5LWtleQ==".to_owned().into()),
            ..AuthInfo::default()
        };
        let known = credentials(&user);
        assert!(known.iter().any(|known| known == "canary-token"));
        assert!(known.iter().any(|known| known == "canary-key"));
    }
}
