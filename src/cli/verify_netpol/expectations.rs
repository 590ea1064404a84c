//! What is meant to be open in a cluster: by the values file, else by what is installed.

use serde_json::Value;

use super::cluster::Found;
use crate::cli::failure::cluster_failure;
use crate::cli::prepare::learn_secrets;
use crate::cluster::{Cluster, ClusterError, Retry, discover};
use crate::isolation::DatabaseAt;
use crate::render::{ClusterFacts, Profile};
use crate::ui::{Failure, Ui};
use crate::values::{Database, Values, parse_database_url};
use manifest::{Kind, ObjectRef};
use netpol::matrix::Platform;

/// What is meant, and by whom.
pub(super) struct Expectations {
    pub platform: Platform,
    /// `profile platform, values.env`.
    pub source: String,
    /// Parts of it that nobody but the policies says.
    pub notes: Vec<String>,
    /// What the policies depend on besides the values.
    pub facts: ClusterFacts,
    /// Where the database is, where that is known.
    pub database: Option<DatabaseAt>,
}

/// Reads what the expectations depend on.
///
/// # Errors
/// The cluster does not answer.
pub(super) async fn expectations(
    ui: &Ui,
    cluster: &Cluster,
    found: &Found,
    values: Option<(&Values, &str)>,
    profile: Profile,
) -> Result<Expectations, Failure> {
    let failed = |error: ClusterError| cluster_failure(&error);
    let (mut platform, facts, source, notes, database) = match values {
        Some((values, name)) => {
            let (facts, _) = discover(&cluster.rest, &values.database).await.map_err(failed)?;
            let facts = ClusterFacts::resolve(values, Some(facts));
            let platform = crate::isolation::platform(profile, values, &facts);
            (
                platform,
                facts,
                format!("profile {}, {name}", word(profile)),
                Vec::new(),
                Some(at(&values.database)),
            )
        }
        None => {
            let database = database(ui, cluster).await.map_err(failed)?;
            let facts = match &database {
                Some(database) => discover(&cluster.rest, database).await,
                // None has this name: so nothing is asked about it.
                None => discover(&cluster.rest, &nowhere()).await,
            };
            let facts = ClusterFacts::of_cluster(facts.map_err(failed)?.0);
            let policies = &found.reading.input.cluster.policies;
            let database = database.as_ref().map(at);
            let (platform, notes) =
                crate::isolation::of_installed(profile, &facts, policies, database.as_ref());
            let source = format!("profile {}, by what is installed", word(profile));
            (platform, facts, source, notes, database)
        }
    };
    platform.api_server_addresses = found.reading.api_server_addresses();
    platform.database_service = database.as_ref().and_then(|database| {
        let mut parts = database.host.split('.');
        let (name, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
        (svc == "svc").then(|| (namespace.to_owned(), name.to_owned()))
    });
    Ok(Expectations { platform, source, notes, facts, database })
}

/// The database's URL out of the installed Secret; `None` where it may not be read. The redactor
/// knows the Secret before anything of it is looked at, and only host and port are used of it.
async fn database(ui: &Ui, cluster: &Cluster) -> Result<Option<Database>, ClusterError> {
    use base64::Engine as _;
    let secret = ObjectRef::namespaced(Kind::Secret, "openhive", "openhive-platform-secrets");
    let object: Value = match cluster.rest.get(&secret, Retry::while_busy()).await {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(None),
        Err(error) if error.code() == Some(403) => return Ok(None),
        Err(error) => return Err(error),
    };
    learn_secrets(ui, [(&secret, &object)].into_iter());
    let url = object["data"]["database-url"].as_str().unwrap_or_default();
    let url = base64::engine::general_purpose::STANDARD.decode(url).ok();
    let url = url.and_then(|url| String::from_utf8(url).ok());
    Ok(url.and_then(|url| parse_database_url(&url).ok()))
}

fn at(database: &Database) -> DatabaseAt {
    DatabaseAt { host: database.host.clone(), port: database.port }
}

fn nowhere() -> Database {
    let (host, user, name) = Default::default();
    Database { url: String::new().into(), user, password: None, host, port: 0, name }
}

/// The word on the command line.
const fn word(profile: Profile) -> &'static str {
    match profile {
        Profile::Baseline => "baseline",
        Profile::Gateway => "gateway",
        Profile::Platform => "platform",
        Profile::Migration => "migration",
    }
}
