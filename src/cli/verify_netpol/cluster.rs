//! The cluster as what is checked.

use futures::future::join;

use super::expectations::{Expectations, expectations};
use super::problems::tell_skipped;
use crate::cli::Exit;
use crate::cli::block_on;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::cluster_failure;
use crate::cli::prepare::open;
use crate::cluster::netpol::{Gap, Reading, Settings, read};
use crate::cluster::snapshot::NAMESPACES;
use crate::cluster::{Cluster, Raw, Retry};
use crate::render::Profile;
use crate::ui::{Failure, Ui};
use crate::values::Values;
use ::netpol::finding::Origin;
use ::netpol::findings::origin;
use ::netpol::{Input, Policy};

/// What was read, and of which cluster.
pub(super) struct Found {
    pub reading: Reading,
    /// `context prod-eu`, or the API server's URL.
    pub name: String,
    /// The cluster's version, where it tells.
    pub version: Option<String>,
}

/// Reads a cluster.
///
/// # Errors
/// There is no cluster, or it does not answer.
pub(super) fn found(
    ui: &Ui,
    connection: &ConnectionArgs,
    settings: &Settings,
) -> Result<Found, Failure> {
    block_on(async { Ok(find(ui, connection, settings).await?.0) })
}

/// As [`found`], and goes on asking it what is meant to be open.
///
/// # Errors
/// As [`found`]; nothing of the platform is installed there.
pub(super) async fn find_with_expectations(
    ui: &Ui,
    connection: &ConnectionArgs,
    settings: &Settings,
    values: Option<(&Values, &str)>,
    profile: Option<Profile>,
) -> Result<(Cluster, Found, Expectations), Failure> {
    let (found, cluster) = find(ui, connection, settings).await?;
    found.tell(ui);
    let installed = match values {
        Some(_) => Some(profile.unwrap_or_default()),
        None => profile.or_else(|| found.reading.profile()),
    };
    let Some(profile) = installed else { return Err(found.nothing_installed()) };
    let expectations = expectations(ui, &cluster, &found, values, profile).await?;
    Ok((cluster, found, expectations))
}

/// Reads a cluster, and holds it.
///
/// # Errors
/// As [`found`].
pub(super) async fn find(
    ui: &Ui,
    connection: &ConnectionArgs,
    settings: &Settings,
) -> Result<(Found, Cluster), Failure> {
    let cluster = open(ui, connection).await?;
    let version = cluster.rest.raw("/version", Raw::Get, Retry::while_busy());
    let (reading, version) = join(read(&cluster.rest, settings), version).await;
    let reading = reading.map_err(|e| cluster_failure(&e))?;
    let version = version.ok().and_then(|v| Some(v["gitVersion"].as_str()?.to_owned()));
    let name = match &cluster.context {
        Some(context) => format!("context {context}"),
        None => cluster.server.clone(),
    };
    Ok((Found { reading, name, version }, cluster))
}

impl Found {
    /// Tells on stderr what was read and what was not.
    pub(super) fn tell(&self, ui: &Ui) {
        ui.notice(&format!("{}: {}", self.name, self.reading.input.counts));
        ui.notice(&format!("network plugin: {}", self.plugin()));
        tell_skipped(ui, &self.reading.input);
        self.reading.gaps.iter().for_each(|gap| ui.warn(&gap.to_string()));
        if !self.reading.gaps.is_empty() {
            ui.notice(
                "the rights that this needs:  kubectl openhive verify-netpol --print-rbac static",
            );
        }
    }

    /// Whether nothing that may change an answer was left unread.
    pub(super) fn is_whole(&self) -> bool {
        self.reading.decisive_gaps().next().is_none()
    }

    /// Tells the platform's policies from others by what the values render to, where they are known,
    /// and not by labels that anybody can set.
    pub(super) fn compare_policies(&mut self, ours: &[Policy]) {
        let policies = self.reading.input.cluster.policies.iter();
        let policies = policies.filter(|p| NAMESPACES.contains(&p.namespace.as_str()));
        let unmarked = std::mem::take(&mut self.reading.not_ours);
        let theirs = policies.filter(|policy| match origin(policy, ours) {
            Origin::Foreign => true,
            Origin::Changed => unmarked.contains(&policy.id()),
            Origin::Platform => false,
        });
        self.reading.not_ours = theirs.map(Policy::id).collect();
    }

    /// The first line of a report about the platform.
    pub(super) fn headline(&self, expectations: &Expectations) -> String {
        let ours = |namespace: &str| NAMESPACES.contains(&namespace);
        let input = &self.reading.input;
        let count = |number: usize, one: &str| crate::ui::count(number, one);
        let policies = input.cluster.policies.iter().filter(|p| ours(&p.namespace)).count();
        let noun = if policies == 1 { "policy" } else { "policies" };
        let not_ours = match self.reading.not_ours.len() {
            0 => String::new(),
            number => format!(" ({number} not ours)"),
        };
        format!(
            "platform, revision -, {}: {}, {}, {policies} {noun}{not_ours}; expectations: {}",
            self.name,
            count(input.cluster.namespaces().filter(|(name, _)| ours(name)).count(), "namespace"),
            count(input.members.iter().filter(|m| m.is_pod && ours(&m.namespace)).count(), "pod"),
            expectations.source,
        )
    }

    fn nothing_installed(&self) -> Failure {
        let gaps: Vec<String> = self.reading.decisive_gaps().map(ToString::to_string).collect();
        let headline = format!("{} shows nothing of the platform", self.name);
        let exit = if gaps.is_empty() { Exit::Input } else { Exit::Incomplete };
        let failure = gaps.into_iter().fold(Failure::new(exit, headline), Failure::seen);
        failure
            .cause("there is no deployment/hive-gateway -n openhive")
            .fix("install it:  kubectl openhive install -f values.env")
            .fix("or list what is open without judging it:  verify-netpol connections")
    }

    /// What was recognised, and what is made of it.
    pub(super) fn plugin(&self) -> String {
        let plugins: Vec<String> = self.reading.plugins.iter().map(ToString::to_string).collect();
        let by = if plugins.is_empty() { "not recognised".to_owned() } else { plugins.join(", ") };
        match self.reading.input.cluster.network.cni {
            Some(_) => by,
            None => format!("{by}; what depends on it is uncertain, unless --cni names one"),
        }
    }

    /// The input with what could not be read and may change an answer, to be compared with another
    /// one. A cluster without policies is one of which everything is known.
    ///
    /// # Errors
    /// It shows no pods, and the account may not see them.
    pub(super) fn compared(self) -> Result<(Input, Vec<Gap>), Failure> {
        let gaps: Vec<Gap> = self.reading.decisive_gaps().cloned().collect();
        if self.reading.input.members.is_empty() && !gaps.is_empty() {
            return Ok((self.checked(false)?, gaps));
        }
        Ok((self.reading.input, gaps))
    }

    /// The input, unless an answer about it would be one about nothing.
    ///
    /// # Errors
    /// It holds no pods, or no policies.
    pub(super) fn checked(self, allow_empty: bool) -> Result<Input, Failure> {
        let input = self.reading.input;
        let missing = match (input.members.is_empty(), input.counts.policies) {
            (true, _) => "pods and workloads",
            (_, 0) => "policies",
            _ => return Ok(input),
        };
        let gaps: Vec<String> = self.reading.gaps.iter().map(ToString::to_string).collect();
        if allow_empty && gaps.is_empty() {
            return Ok(input);
        }
        let failure = Failure::new(
            if gaps.is_empty() { Exit::Input } else { Exit::Incomplete },
            format!("{} shows no {missing}", self.name),
        );
        Err(match gaps.as_slice() {
            [] => failure
                .cause("an answer about nothing would read as if everything were well")
                .fix("if this is meant:  --allow-empty"),
            gaps => gaps
                .iter()
                .fold(failure.cause("the account may not see it"), |f, gap| f.seen(gap.clone()))
                .fix("give it these rights:  kubectl openhive verify-netpol --print-rbac static"),
        })
    }
}
