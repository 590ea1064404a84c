//! From connection flags to a client.

use std::collections::HashMap;
use std::path::Path;

use http::{HeaderName, HeaderValue};
use kube::config::{
    AuthInfo, Cluster as ClusterEntry, Config, Context, KubeConfigOptions, Kubeconfig,
    KubeconfigError, NamedAuthInfo, NamedCluster, NamedContext,
};
use secrecy::ExposeSecret;

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
    config.connect_timeout = Some(std::time::Duration::from_secs(5));
    impersonation_headers(&mut config).map_err(ClusterError::Kubeconfig)?;
    config.headers.push((http::header::USER_AGENT, HeaderValue::from_static(USER_AGENT)));
    let credentials = credentials(&config.auth_info);
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = kube::Client::try_from(config).map_err(|error| {
        ClusterError::Kubeconfig(KubeconfigProblem::Invalid { what: first_line(&error) })
    })?;
    let rest = Rest::new(client.clone(), server.clone(), args.request_timeout.0);
    Ok(Cluster { rest, client, context, server, credentials })
}

async fn config(args: &ConnectionArgs) -> Result<(Config, Option<String>), KubeconfigProblem> {
    let kubeconfig = match read(args.kubeconfig.as_deref()) {
        Ok(kubeconfig) => kubeconfig,
        Err(KubeconfigProblem::Missing { .. }) if args.server.is_some() => Kubeconfig::default(),
        Err(KubeconfigProblem::Missing { path }) => {
            return match Config::incluster() {
                Ok(config) => Ok((config, None)),
                Err(_) => Err(KubeconfigProblem::Missing { path }),
            };
        }
        Err(problem) => return Err(problem),
    };
    let context = args.context.clone().or_else(|| kubeconfig.current_context.clone());
    let merged = with_flags(kubeconfig, args, context.as_deref())?;
    let options = KubeConfigOptions { context: Some(FLAGS.to_owned()), ..Default::default() };
    let config = Config::from_custom_kubeconfig(merged, &options).await.map_err(invalid)?;
    Ok((config, context))
}

fn read(path: Option<&Path>) -> Result<Kubeconfig, KubeconfigProblem> {
    let result = match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    result.map_err(|error| match error {
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
    })
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
    let user_name = args.user.clone().or(entry.user);
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
        user.token_file = None;
        user.exec = None;
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

/// The client parses `as-uid` and `as-user-extra`, but sends user and groups only.
fn impersonation_headers(config: &mut Config) -> Result<(), KubeconfigProblem> {
    let auth = &config.auth_info;
    let mut headers = Vec::new();
    if let Some(uid) = &auth.impersonate_uid {
        headers.push(("impersonate-uid".to_owned(), uid.clone()));
    }
    for (key, values) in auth.impersonate_user_extra.iter().flatten() {
        let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
        for value in values {
            headers.push((format!("impersonate-extra-{key}"), value.clone()));
        }
    }
    for (name, value) in headers {
        let bad = || KubeconfigProblem::Invalid {
            what: format!("{name}: its value cannot be sent as a header"),
        };
        let value = HeaderValue::from_str(&value).map_err(|_| bad())?;
        config.headers.push((HeaderName::try_from(&name).map_err(|_| bad())?, value));
    }
    Ok(())
}

fn credentials(auth: &AuthInfo) -> Vec<String> {
    [&auth.token, &auth.password, &auth.client_key_data]
        .into_iter()
        .flatten()
        .map(|secret| secret.expose_secret().to_owned())
        .collect()
}

fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
