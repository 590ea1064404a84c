//! What the platform's matrix is asked about: what was read, what is meant, and what was observed.

use jiff::Timestamp;

use super::cluster::find_with_expectations;
use super::input::Source;
use super::live;
use super::matrix::MatrixArgs;
use super::seen::Seen;
use super::taken::Taken;
use crate::cli::connection::ConnectionArgs;
use crate::cli::{Exit, block_on};
use crate::render::ClusterFacts;
use crate::ui::{Failure, Ui};
use crate::values::Checked;
use netpol::findings;
use netpol::matrix::{Matrix, Platform};
use netpol::observe::run_object::is_probe_pod;
use netpol::{Input, Policy};

/// What the matrix is about.
pub(super) struct Asked {
    pub(super) taken: Taken,
    pub(super) platform: Platform,
    pub(super) matrix: Matrix,
    /// `profile platform, values.env`.
    pub(super) expectations: String,
    pub(super) seen: Seen,
    /// The first line of the report.
    pub(super) head: String,
    pub(super) not_ours: Vec<String>,
    /// The platform's own policies.
    pub(super) ours: Vec<Policy>,
    pub(super) checked: Option<Checked>,
}

impl Asked {
    /// Reads what is named; with `--live` it sends packets, too.
    ///
    /// # Errors
    /// Something cannot be read, is not valid, or does not say what is meant.
    pub(super) fn of(
        args: &MatrixArgs,
        ui: &Ui,
        checked: Option<Checked>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if args.live.live {
            return block_on(of_cluster(args, ui, args.input.cluster()?, checked, now));
        }
        match args.input.source()? {
            Source::Cluster(connection) => block_on(of_cluster(args, ui, connection, checked, now)),
            Source::Manifests | Source::Rendered => of_files(args, ui, checked),
        }
    }
}

fn of_files(args: &MatrixArgs, ui: &Ui, checked: Option<Checked>) -> Result<Asked, Failure> {
    let Some(checked) = checked else { return Err(no_values()) };
    let mut taken = args.input.take(ui, Some(&checked.values))?;
    let platform = args.input.platform(&checked.values);
    let expectations =
        format!("profile {}{}", args.input.profile(), declare(&mut taken.input, &platform));
    Ok(Asked {
        head: format!("{}: {}; expectations: {expectations}", taken.name, taken.input.counts),
        matrix: Matrix::new(&taken.input, &platform),
        taken,
        platform,
        expectations,
        seen: Seen::default(),
        not_ours: Vec::new(),
        ours: args
            .input
            .own_policies(&checked.values, &ClusterFacts::resolve(&checked.values, None))?,
        checked: Some(checked),
    })
}

async fn of_cluster(
    args: &MatrixArgs,
    ui: &Ui,
    connection: &ConnectionArgs,
    checked: Option<Checked>,
    now: Timestamp,
) -> Result<Asked, Failure> {
    let files = args.input.values_names();
    let values = checked.as_ref().map(|checked| (&checked.values, files.as_str()));
    let profile = args.input.named_profile();
    let (cluster, mut found, meant) =
        find_with_expectations(ui, connection, &args.input.settings(), values, profile).await?;
    let own = |checked: &Checked| args.input.own_policies(&checked.values, &meant.facts);
    let rendered = checked.as_ref().map(own).transpose()?;
    if let Some(ours) = &rendered {
        found.compare_policies(ours);
    }
    let mut seen = Seen::of(&found, &cluster, now);
    seen.beside.extend(meant.notes.iter().map(|note| findings::of_assumption(note)));
    let not_ours = found.reading.not_ours.clone();
    let head = found.headline(&meant);
    let name = found.name.clone();
    let mut input = found.checked(args.input.allow_empty())?;
    // What other runs created to send packets is none of the platform's.
    input.members.retain(|member| !is_probe_pod(member));
    let declared = declare(&mut input, &meant.platform);
    let mut matrix = Matrix::new(&input, &meant.platform);
    if args.live.live {
        let sent = live::send(&cluster, &input, &meant, &mut matrix, &args.live, ui).await?;
        seen.beside.extend(findings::of_proof(&sent.proof));
        if let Some(info) = &mut seen.cluster {
            info.live = Some(sent);
        }
    }
    let ours = match rendered {
        Some(ours) => ours,
        // Without values, what carries the platform's mark is taken for its own.
        None => {
            let theirs = |policy: &Policy| not_ours.iter().any(|name| *name == policy.id());
            input.cluster.policies.iter().filter(|p| !theirs(p)).cloned().collect()
        }
    };
    Ok(Asked {
        taken: Taken::cluster(input, name),
        platform: meant.platform,
        matrix,
        expectations: meant.source + &declared,
        seen,
        head,
        not_ours,
        ours,
        checked,
    })
}

/// Takes the blocks that the values declare for addresses outside of the cluster, and says so.
fn declare(input: &mut Input, platform: &Platform) -> String {
    input.cluster.network.declared_outside = platform.declared_outside();
    let declared = &input.cluster.network.declared_outside;
    if declared.is_empty() {
        return String::new();
    }
    let blocks: Vec<String> = declared.iter().map(ToString::to_string).collect();
    format!(
        ", by which {} {} outside of the cluster",
        blocks.join(" and "),
        if blocks.len() == 1 { "is" } else { "are" }
    )
}

fn no_values() -> Failure {
    Failure::new(Exit::Usage, "no values file")
        .cause("what is meant to be open depends on it: the database's port, for one")
        .fix("name it:  -f values.env")
        .fix("or say what is meant:  --expect flows.yaml")
        .fix("or list what is open without judging it:  verify-netpol connections --manifests DIR")
}
