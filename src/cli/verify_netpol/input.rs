//! Where the objects come from: files, standard input, what a values file renders to, or a cluster.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::load::{Broken, add_all};
use super::texts::texts;
use crate::cli::Exit;
use crate::cli::connection::ConnectionArgs;
use crate::cli::values_args::ValuesArgs;
use crate::cluster::netpol::Settings;
use crate::netpol::findings;
use crate::netpol::matrix::Platform;
use crate::netpol::read::{Ends, Reader};
use crate::netpol::{Cni, Input, Invalid, Policy};
use crate::object::Kind;
use crate::render::yaml::skim::needed;
use crate::render::{ClusterFacts, Profile, RenderOptions, render};
use crate::ui::{Failure, Ui};
use crate::values::{Checked, Values};

/// Problems that are shown of an input; the rest is counted.
const SHOWN: usize = 50;

/// What to read, and how.
#[derive(Debug, clap::Args)]
pub(super) struct InputArgs {
    /// Folder or file with manifests, or - for standard input; repeat for several
    #[arg(long, value_name = "DIR|FILE|-")]
    manifests: Vec<PathBuf>,
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
    #[arg(long, value_name = "CIDR")]
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

/// What was read for a report.
pub(super) struct Taken {
    pub(super) input: Input,
    pub(super) source: findings::Source,
    /// As the user named it.
    pub(super) name: String,
    /// `sha256:…` over what was read.
    pub(super) digest: String,
    texts: Vec<(String, String)>,
}

impl Taken {
    /// What was read of a cluster.
    pub(super) fn cluster(input: Input, name: String) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{:?}{:?}", input.cluster, input.members));
        let digest = hex(&hash.finalize());
        Self { input, source: findings::Source::Cluster, name, digest, texts: Vec::new() }
    }

    /// The text of a file that was read.
    pub(super) fn text(&self, file: &str) -> Option<&str> {
        self.texts.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_str())
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The texts that were read, where somebody needs them again.
pub(super) enum Texts {
    /// They are not.
    Dropped,
    /// With a digest of them.
    Kept { texts: Vec<(String, String)>, hash: Sha256 },
}

impl Texts {
    fn keep(&mut self, file: String, text: String) {
        self.hash(text.as_bytes());
        if let Self::Kept { texts, .. } = self {
            texts.push((file, text));
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        if let Self::Kept { hash, .. } = self {
            // With the length, so that no two inputs run into the same bytes.
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
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

impl InputArgs {
    /// `--manifests`, else `-f`, else the cluster. A cluster that is named beside `-f` is checked
    /// against the values. `OPENHIVE_VALUES` never decides what is checked.
    ///
    /// # Errors
    /// Manifests and a cluster are both named.
    pub(super) fn source(&self) -> Result<Source<'_>, Failure> {
        let named = self.connection.named();
        match (self.manifests.is_empty(), named.first()) {
            (false, Some((flag, _))) => {
                Err(Failure::new(Exit::Usage, format!("--manifests and {flag} exclude each other"))
                    .cause("manifests are checked without a cluster")
                    .fix(format!("leave one of the two out: --manifests, or {flag}")))
            }
            (false, None) => Ok(Source::Manifests),
            (true, None) if !self.values.files.is_empty() => Ok(Source::Rendered),
            (true, _) => Ok(Source::Cluster(&self.connection)),
        }
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
        names(&self.values.files)
    }

    /// Whether an answer about nothing is wanted.
    pub(super) const fn allow_empty(&self) -> bool {
        self.allow_empty
    }

    /// Reads everything, and tells on stderr what it was.
    ///
    /// # Errors
    /// Nothing is named; something cannot be read; an object is not valid.
    pub(super) fn read(&self, ui: &Ui) -> Result<Input, Failure> {
        match self.source()? {
            Source::Manifests => self.read_and_tell(ui, None),
            Source::Rendered => {
                let checked = self.checked(ui)?;
                self.read_and_tell(ui, checked.as_ref().map(|checked| &checked.values))
            }
            Source::Cluster(connection) => {
                let found = super::cluster::found(ui, connection, &self.settings())?;
                found.tell(ui);
                found.checked(self.allow_empty)
            }
        }
    }

    /// As [`InputArgs::read`], for one flow: what cannot matter for it is passed over, where that
    /// is certain. Whatever is wrong then, everything is read, so that it is told in full.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn read_flow(
        &self,
        ui: &Ui,
        source: &str,
        destination: &str,
    ) -> Result<Input, Failure> {
        let found = Ends::of(source, destination).and_then(|ends| self.skimmed(&ends));
        let enough = |input: &Input| {
            let both = [source, destination].iter().all(|end| input.pick(end).is_ok());
            both && input.invalid.is_empty() && input.counts.policies > 0
        };
        let Some((input, passed)) = found.filter(|(input, _)| enough(input)) else {
            return self.read(ui);
        };
        let name = names(&self.manifests);
        self.check(ui, &name, &input)?;
        let passed = match passed {
            0 => String::new(),
            1 => "; 1 more object cannot matter for this flow".to_owned(),
            passed => format!("; {passed} more objects cannot matter for this flow"),
        };
        ui.notice(&format!("{name}: {}{passed}", input.counts));
        Ok(input)
    }

    /// What can matter between two ends of the files, and how many objects were passed over.
    fn skimmed(&self, ends: &Ends) -> Option<(Input, usize)> {
        // Standard input cannot be read again.
        if self.manifests.is_empty() || self.manifests.iter().any(|path| path.as_os_str() == "-") {
            return None;
        }
        let texts = texts(&self.manifests).ok()?;
        let mut passed = 0;
        let left: Vec<_> = texts
            .iter()
            .map(|(name, text)| {
                let (left, emptied) = needed(text, |head| ends.need(head));
                passed += emptied;
                (name.as_str(), left)
            })
            .collect();
        let mut reader = self.reader();
        add_all(&mut reader, &left).ok()?;
        Some((reader.finish(), passed))
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

    /// The policies that the values render to.
    ///
    /// # Errors
    /// Nothing can be rendered.
    pub(super) fn own_policies(&self, values: &Values) -> Result<Vec<Policy>, Failure> {
        let mut reader = Reader::new(&self.default_namespace);
        self.rendered(values, &mut reader, &mut Texts::Dropped)?;
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
        Platform::new(self.profile(), values, &ClusterFacts::resolve(values, None))
    }

    fn read_and_tell(&self, ui: &Ui, values: Option<&Values>) -> Result<Input, Failure> {
        let (name, input) = self.read_with(ui, values, &mut Texts::Dropped)?;
        ui.notice(&format!("{name}: {}", input.counts));
        Ok(input)
    }

    /// Reads files or what the values render to, and keeps what a report needs: the texts, for the
    /// lines of rules, and a digest.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn take(&self, ui: &Ui, values: Option<&Values>) -> Result<Taken, Failure> {
        let mut kept = Texts::Kept { texts: Vec::new(), hash: Sha256::new() };
        let (name, input) = self.read_with(ui, values, &mut kept)?;
        let (texts, hash) = match kept {
            Texts::Kept { texts, hash } => (texts, hash),
            Texts::Dropped => (Vec::new(), Sha256::new()),
        };
        let source = if self.manifests.is_empty() {
            findings::Source::Rendered
        } else {
            findings::Source::Manifests
        };
        Ok(Taken { input, source, name, digest: hex(&hash.finalize()), texts })
    }

    /// What was read, and its name.
    fn read_with(
        &self,
        ui: &Ui,
        values: Option<&Values>,
        texts: &mut Texts,
    ) -> Result<(String, Input), Failure> {
        let mut reader = self.reader();
        let source = if !self.manifests.is_empty() {
            files(&mut reader, &self.manifests, texts)?;
            names(&self.manifests)
        } else if let Some(values) = values {
            self.rendered(values, &mut reader, texts)?;
            format!("{}, rendered", names(&self.values.files))
        } else {
            return Err(Failure::new(Exit::Usage, "nothing to check"));
        };
        let input = reader.finish();
        self.check(ui, &source, &input)?;
        Ok((source, input))
    }

    /// What the input is compared with, read alike.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn against(&self, ui: &Ui, path: &Path) -> Result<Input, Failure> {
        let paths = [path.to_owned()];
        let mut reader = self.reader();
        files(&mut reader, &paths, &mut Texts::Dropped)?;
        let input = reader.finish();
        self.check(ui, &format!("against {}", names(&paths)), &input)?;
        Ok(input)
    }

    fn reader(&self) -> Reader {
        let mut reader = Reader::new(&self.default_namespace);
        reader.network().cni = self.cni.map(Cni::from);
        if !self.pod_cidr.is_empty() {
            reader.network().pod_cidrs.clone_from(&self.pod_cidr);
        }
        reader
    }

    pub(super) fn rendered(
        &self,
        values: &Values,
        reader: &mut Reader,
        texts: &mut Texts,
    ) -> Result<(), Failure> {
        let facts = ClusterFacts::resolve(values, None);
        let migration_job = self.profile() != Profile::Baseline;
        let options = RenderOptions { migration_job, ..RenderOptions::default() };
        let rendered = render(values, &facts, self.profile(), &options)
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

    fn check(&self, ui: &Ui, source: &str, input: &Input) -> Result<(), Failure> {
        if !input.invalid.is_empty() && !self.skip_invalid {
            let number = crate::ui::count(input.invalid.len(), "problem");
            let failure = Failure::new(Exit::Input, format!("{source}: {number}"));
            return Err(with_problems(failure, &input.invalid)
                .fix("correct them; the API server would refuse these objects")
                .fix("or go on without them:  --skip-invalid"));
        }
        for problem in &input.invalid {
            ui.warn(&format!("left out: {}", line(problem)));
        }
        if !input.skipped.is_empty() {
            let kinds = input.skipped.iter().map(|s| {
                let kind = if s.kind.is_empty() { "no Kubernetes object" } else { &s.kind };
                format!("{} {kind}", s.count)
            });
            ui.notice(&format!("without bearing: {}", kinds.collect::<Vec<_>>().join(", ")));
        }
        let missing = if input.members.is_empty() {
            "pods and workloads"
        } else if input.counts.policies == 0 {
            "policies"
        } else {
            return Ok(());
        };
        if self.allow_empty {
            return Ok(());
        }
        Err(Failure::new(Exit::Input, format!("{source} holds no {missing}"))
            .cause("an answer about nothing would read as if everything were well")
            .fix("if this is meant:  --allow-empty"))
    }
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" + ")
}

fn files(reader: &mut Reader, paths: &[PathBuf], kept: &mut Texts) -> Result<(), Failure> {
    let texts = texts(paths)?;
    let borrowed: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.into())).collect();
    add_all(reader, &borrowed).map_err(not_yaml)?;
    texts.into_iter().for_each(|(name, text)| kept.keep(name, text));
    Ok(())
}

fn not_yaml(Broken { file, error }: Broken) -> Failure {
    let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
    Failure::new(Exit::Input, format!("{file}{line} is not valid YAML")).cause(error.reason)
}

fn with_problems(failure: Failure, problems: &[Invalid]) -> Failure {
    let shown = problems.iter().take(SHOWN).fold(failure, |f, problem| f.seen(line(problem)));
    match problems.len().saturating_sub(SHOWN) {
        0 => shown,
        more => shown.seen(format!("and {more} more")),
    }
}

fn line(problem: &Invalid) -> String {
    let place = problem.place.as_ref().map(|p| format!("{p}  ")).unwrap_or_default();
    format!("{place}{problem}")
}
