//! Where the objects come from: files, standard input, what a values file renders to, or a cluster.

use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::files;
use super::problems::Accept;
use super::taken::{Taken, Texts};
use crate::cli::Exit;
use crate::cli::connection::ConnectionArgs;
use crate::cli::texts::Passed;
use crate::cli::values_args::ValuesArgs;
use crate::cluster::netpol::Settings;
use crate::render::{ClusterFacts, Profile, RenderOptions, render};
use crate::ui::{Failure, Ui};
use crate::values::{Checked, Values};
use ::netpol::address::parse_network;
use ::netpol::findings;
use ::netpol::matrix::Platform;
use ::netpol::read::Reader;
use ::netpol::{Cni, Input, Policy};
use manifest::Kind;

/// What to read, and how.
#[derive(Debug, clap::Args)]
pub(super) struct InputArgs {
    /// Folder or file with manifests, or - for standard input; repeat for several
    #[arg(long, value_name = "DIR|FILE|-")]
    pub(super) manifests: Vec<PathBuf>,
    #[command(flatten)]
    values: ValuesArgs,
    /// How much of the platform [default: platform; of a cluster without -f what is installed]
    #[arg(long, value_enum, value_name = "PROFILE")]
    profile: Option<Profile>,
    /// Namespace of objects that name none
    #[arg(short = 'n', long, default_value = "default", value_name = "NAMESPACE")]
    default_namespace: String,
    /// Network plugin that decides what the API leaves open
    #[arg(long, value_enum, value_name = "CNI")]
    cni: Option<CniArg>,
    /// Where the addresses of pods are; repeat for several [default: the private ranges]
    #[arg(long, value_parser = network, value_name = "CIDR")]
    pod_cidr: Vec<IpNet>,
    /// Go on without policies that the API server would refuse
    #[arg(long)]
    skip_invalid: bool,
    /// Accept an input without pods or without policies
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What is checked. Only a cluster has connection flags: without it no kubeconfig is read.
pub(super) enum Source<'a> {
    /// The files of `--manifests`.
    Manifests,
    /// What the values render to.
    Rendered,
    /// What is there; the values, if any, say what is meant.
    Cluster(&'a ConnectionArgs),
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CniArg {
    Cilium,
    Calico,
    None,
}

impl From<CniArg> for Cni {
    fn from(cni: CniArg) -> Self {
        match cni {
            CniArg::Cilium => Self::Cilium,
            CniArg::Calico => Self::Calico,
            CniArg::None => Self::None,
        }
    }
}

/// A network as an argument.
///
/// # Errors
/// It is not written as one.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    parse_network(text).ok_or_else(|| "not a network such as 10.0.0.0/8 or fd00::/8".to_owned())
}

impl InputArgs {
    /// `--manifests`, else `-f`, else the cluster. A cluster that is named beside `-f` is checked
    /// against the values. `OPENHIVE_VALUES` never decides what is checked.
    ///
    /// # Errors
    /// Manifests and a cluster are both named.
    pub(super) fn source(&self) -> Result<Source<'_>, Failure> {
        let named = self.connection.named();
        match (self.files(), named.first()) {
            (Some(Source::Manifests), Some((flag, _))) => {
                Err(Failure::new(Exit::Usage, format!("--manifests and {flag} exclude each other"))
                    .cause("manifests are checked without a cluster")
                    .fix(format!("leave one of the two out: --manifests, or {flag}")))
            }
            (Some(files), None) => Ok(files),
            (_, _) => Ok(Source::Cluster(&self.connection)),
        }
    }

    /// What is named on the line besides a cluster: `--manifests`, else `-f`.
    pub(super) fn files(&self) -> Option<Source<'_>> {
        match (self.manifests.is_empty(), self.values.files.is_empty()) {
            (false, _) => Some(Source::Manifests),
            (true, false) => Some(Source::Rendered),
            (true, true) => None,
        }
    }

    /// How to reach the cluster that is compared with.
    pub(super) const fn connection(&self) -> &ConnectionArgs {
        &self.connection
    }

    /// The cluster, whatever else is named: packets are sent nowhere else.
    ///
    /// # Errors
    /// Manifests are named.
    pub(super) fn cluster(&self) -> Result<&ConnectionArgs, Failure> {
        if self.manifests.is_empty() {
            return Ok(&self.connection);
        }
        Err(Failure::new(Exit::Usage, "--manifests and --live exclude each other")
            .cause("manifests are no pods that packets could be sent from")
            .fix("leave one of the two out"))
    }

    /// What the flags say over the cluster.
    pub(super) fn settings(&self) -> Settings {
        Settings { cni: self.cni.map(Cni::from), pod_cidrs: self.pod_cidr.clone() }
    }

    /// How much of the platform is meant.
    pub(super) fn profile(&self) -> Profile {
        self.profile.unwrap_or_default()
    }

    /// As it is named on the line.
    pub(super) const fn named_profile(&self) -> Option<Profile> {
        self.profile
    }

    /// The values files, as they are named.
    pub(super) fn values_names(&self) -> String {
        files::names(&self.values.files)
    }

    /// Whether an answer about nothing is wanted.
    pub(super) const fn allow_empty(&self) -> bool {
        self.allow_empty
    }

    /// Reads everything, and tells on stderr what it was. Also whether it is everything that there
    /// is, as a cluster without gaps is.
    ///
    /// # Errors
    /// Nothing is named; something cannot be read; an object is not valid.
    pub(super) fn read(&self, ui: &Ui) -> Result<(Input, bool), Failure> {
        match self.source()? {
            Source::Cluster(connection) => {
                let found = super::cluster::found(ui, connection, &self.settings())?;
                found.tell(ui);
                let whole = found.is_whole();
                Ok((found.checked(self.allow_empty)?, whole))
            }
            Source::Manifests | Source::Rendered => Ok((self.read_files(ui)?.1, false)),
        }
    }

    /// Reads what [`InputArgs::files`] is, and tells on stderr what it was; with its name.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn read_files(&self, ui: &Ui) -> Result<(String, Input), Failure> {
        // Manifests are read without values, which need not be complete then.
        match if self.manifests.is_empty() { self.checked(ui)? } else { None } {
            Some(Checked { values, .. }) => {
                self.read_told(ui, Some((&values, &ClusterFacts::resolve(&values, None))))
            }
            None => self.read_told(ui, None),
        }
    }

    /// The same of values that are checked, with what is known of a cluster.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn read_told(
        &self,
        ui: &Ui,
        values: Option<(&Values, &ClusterFacts)>,
    ) -> Result<(String, Input), Failure> {
        let (name, input, _) = self.read_with(ui, values, &mut Texts::Dropped)?;
        ui.notice(&format!("{name}: {}", input.counts));
        Ok((name, input))
    }

    /// The values that are named on the line. `OPENHIVE_VALUES` never decides what is checked.
    ///
    /// # Errors
    /// They cannot be read, or are not valid.
    pub(super) fn checked(&self, ui: &Ui) -> Result<Option<Checked>, Failure> {
        if self.values.files.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.values.load(ui, self.profile())?))
    }

    /// The policies that the values render to, with what is known of a cluster.
    ///
    /// # Errors
    /// Nothing can be rendered.
    pub(super) fn own_policies(
        &self,
        values: &Values,
        facts: &ClusterFacts,
    ) -> Result<Vec<Policy>, Failure> {
        let mut reader = Reader::new(&self.default_namespace);
        self.rendered((values, facts), &mut reader, &mut Texts::Dropped)?;
        Ok(reader.finish().cluster.policies)
    }

    /// The values file that others are laid over.
    pub(super) fn first_values_file(&self) -> String {
        self.values.files.first().map(|p| p.display().to_string()).unwrap_or_default()
    }

    /// The namespace of objects that name none.
    pub(super) fn default_namespace(&self) -> &str {
        &self.default_namespace
    }

    /// What the platform's table depends on.
    pub(super) fn platform(&self, values: &Values) -> Platform {
        crate::isolation::platform(self.profile(), values, &ClusterFacts::resolve(values, None))
    }

    /// Reads files or what the values render to, and keeps what a report needs: the texts, for the
    /// lines of rules, and a digest.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn take(&self, ui: &Ui, values: Option<&Values>) -> Result<Taken, Failure> {
        let mut kept = Texts::kept();
        let facts = values.map(|values| ClusterFacts::resolve(values, None));
        let (name, input, passed) = self.read_with(ui, values.zip(facts.as_ref()), &mut kept)?;
        let source = if self.manifests.is_empty() {
            findings::Source::Rendered
        } else {
            findings::Source::Manifests
        };
        Ok(Taken::kept(input, source, name, kept, passed))
    }

    /// What was read, its name, and what of the folders was not read.
    fn read_with(
        &self,
        ui: &Ui,
        values: Option<(&Values, &ClusterFacts)>,
        texts: &mut Texts,
    ) -> Result<(String, Input, Vec<Passed>), Failure> {
        let mut reader = self.reader();
        let mut passed = Vec::new();
        let source = if !self.manifests.is_empty() {
            passed = files::read(ui, &mut reader, &self.manifests, self.skip_invalid, texts)?;
            files::names(&self.manifests)
        } else if let Some(values) = values {
            self.rendered(values, &mut reader, texts)?;
            format!("{}, rendered", files::names(&self.values.files))
        } else {
            return Err(Failure::new(Exit::Usage, "nothing to check"));
        };
        let input = reader.finish();
        self.accept().check(ui, &source, &input)?;
        Ok((source, input, passed))
    }

    /// The file or folder that the input is compared with, read alike.
    ///
    /// # Errors
    /// As [`InputArgs::read`]; both are standard input.
    pub(super) fn read_against(&self, ui: &Ui, path: &Path) -> Result<Input, Failure> {
        if path == Path::new("-") && self.manifests.iter().any(|p| p == path) {
            return Err(Failure::new(Exit::Usage, "standard input can be read only once")
                .fix("name a file or folder for one of the two:  --against DIR"));
        }
        let paths = [path.to_owned()];
        let mut reader = self.reader();
        files::read(ui, &mut reader, &paths, self.skip_invalid, &mut Texts::Dropped)?;
        let input = reader.finish();
        self.accept().check(ui, &format!("against {}", files::names(&paths)), &input)?;
        Ok(input)
    }

    const fn accept(&self) -> Accept {
        Accept { invalid: self.skip_invalid, empty: self.allow_empty }
    }

    fn reader(&self) -> Reader {
        let mut reader = Reader::new(&self.default_namespace);
        reader.network().cni = self.cni.map(Cni::from);
        if !self.pod_cidr.is_empty() {
            reader.network().pod_cidrs.clone_from(&self.pod_cidr);
        }
        reader
    }

    fn rendered(
        &self,
        (values, facts): (&Values, &ClusterFacts),
        reader: &mut Reader,
        texts: &mut Texts,
    ) -> Result<(), Failure> {
        let migration_job = self.profile() != Profile::Baseline;
        let options = RenderOptions { migration_job, ..RenderOptions::default() };
        let rendered = render(values, facts, self.profile(), &options)
            .map_err(|error| Failure::new(Exit::Values, error.to_string()).fix(error.hint()))?;
        for object in &rendered.objects {
            reader.add(&object.manifest, None);
            // A digest that anybody may see must not allow to guess a weak password.
            if object.reference.kind != Kind::Secret {
                texts.hash(object.manifest.to_string().as_bytes());
            }
        }
        Ok(())
    }
}
