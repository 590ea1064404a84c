//! One verification, judged: what every format is written from.

use serde::Serialize;
use serde_json::Value;

use super::fingerprint::{fingerprint, numbered};
use crate::finding::{Finding, Kind, Severity};
use crate::input::Counts;
use crate::matrix::Matrix;
use crate::observe::Sent;

/// A verification and what it found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The version of the program.
    pub version: String,
    /// What was checked.
    pub source: Source,
    /// `profile platform`, `flows.yaml`.
    pub expectations: String,
    /// The first line of every report.
    pub head: String,
    /// `platform`.
    pub profile: String,
    /// How much was read.
    pub counts: Counts,
    /// What could not be read of a cluster, for JSON.
    pub gaps: Vec<Value>,
    /// Policies of the platform's namespaces that are not its own, as `namespace/name`.
    pub not_ours: Vec<String>,
    /// The cluster, where one was asked.
    pub cluster: Option<ClusterInfo>,
    /// Whether what is not proven fails.
    pub strict: Strict,
    /// Lint from here on fails; `None`: none does.
    pub fail_on: Option<Severity>,
    /// Every flow that was judged.
    pub checks: Vec<Check>,
    /// What somebody has to look at: the worst first.
    pub findings: Vec<Judged>,
    /// Entries of the baseline that match nothing, in its order.
    pub stale: Vec<String>,
}

/// What was checked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// `values`, `manifests`, or `cluster`.
    pub kind: &'static str,
    /// As the user named it.
    pub name: String,
    /// `sha256:…` over what was read, in the order of reading; never over Secrets.
    pub digest: String,
}

/// What is known of a cluster that was asked.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterInfo {
    /// Of the kubeconfig; absent inside a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The API server's URL.
    pub server: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The network plugin with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni: Option<String>,
    /// When it was asked, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The run that sent packets, with the proof that the plugin enforces policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Sent>,
}

/// Whether what is not proven fails, and why.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Strict {
    /// Whether.
    pub on: bool,
    /// Why: `stdout is no terminal`.
    pub why: &'static str,
}

/// One flow that was judged.
#[derive(Clone, Debug)]
pub struct Check {
    /// Who connects.
    pub from: End,
    /// To whom.
    pub to: End,
    /// Whether something is meant to be open.
    pub expected_open: bool,
    /// How many flows between endpoints it is the worst of.
    pub pairs: usize,
    /// Everything that is known of it, for JSON.
    pub evidence: Value,
    /// The finding about it, by its place in [`Report::findings`].
    pub finding: Option<usize>,
}

/// One end of a flow.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct End {
    /// The word in reports.
    pub name: String,
    /// The namespace that it is in, where it is in one.
    pub namespace: Option<String>,
}

/// A finding, and whether it fails the run.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was found.
    pub finding: Finding,
    /// The same for the same finding, wherever it is written.
    pub fingerprint: String,
    /// Whether somebody said that it is known.
    pub state: State,
    /// Whether it fails the run.
    pub fails: bool,
}

/// What the baseline says of a finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Nothing.
    New,
    /// It is known.
    Known {
        /// Why it is accepted.
        reason: String,
        /// The last day, as `2027-01-31`.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
    },
    /// It was known, until a day that is over.
    Expired {
        /// Why it was accepted.
        reason: String,
        /// The last day.
        expires: String,
    },
}

/// How a finding is told: as something that fails, or less.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// It fails the run.
    Error,
    /// It does not, and deserves a look.
    Warning,
    /// For the record.
    Note,
}

impl Level {
    /// The word of SARIF and of annotations but one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Judged {
    /// How it is told.
    #[must_use]
    pub fn level(&self) -> Level {
        match (self.fails, &self.state, self.finding.severity()) {
            (true, ..) => Level::Error,
            (_, State::Known { .. }, _) | (.., Severity::Note) => Level::Note,
            _ => Level::Warning,
        }
    }

    /// `bypass`, or `OHN003` of a lint.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.finding.code.map_or(self.finding.kind.name(), crate::lint::Code::id)
    }

    /// What decides and what to do, line by line.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let cause = |cause: &crate::finding::Cause| match &cause.place {
            Some(place) => format!("{}  {place}", cause.words()),
            None => cause.words(),
        };
        let mut lines: Vec<String> = self.finding.because.iter().map(cause).collect();
        lines.extend(self.finding.fix.iter().cloned());
        match &self.state {
            State::New => {}
            State::Known { reason, expires: None } => lines.push(format!("known: {reason}")),
            State::Known { reason, expires: Some(day) } => {
                lines.push(format!("known until {day}: {reason}"));
            }
            State::Expired { reason, expires } => {
                lines.push(format!("was known until {expires}, which is over: {reason}"));
            }
        }
        lines
    }

    /// `agent → external: expected closed, policies allow TCP 443`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let flow = self.finding.flow.as_ref();
        let flow = flow.map(|f| format!("{} → {}: ", f.from, f.to)).unwrap_or_default();
        format!("{flow}{}", self.finding.message)
    }
}

impl Report {
    /// Takes what was found and decides what fails.
    pub fn judge(&mut self, findings: Vec<Finding>, baseline: &super::baseline::Baseline) {
        let mut seen = std::collections::BTreeMap::new();
        let mut stale = baseline.unmatched();
        self.findings = findings
            .into_iter()
            .map(|finding| {
                let fingerprint = numbered(fingerprint(&finding), &mut seen);
                let state = baseline.state(&fingerprint, &mut stale);
                let fails = !matches!(state, State::Known { .. }) && self.may_fail(&finding);
                Judged { finding, fingerprint, state, fails }
            })
            .collect();
        self.stale = stale.into_iter().map(|(_, about)| about).collect();
        // Where policies have no effect, nothing is as intended, whatever they say.
        let nothing =
            self.findings.iter().position(|judged| judged.finding.kind == Kind::NotEnforcing);
        for check in &mut self.checks {
            check.finding = self.findings.iter().position(|judged| {
                let flow = judged.finding.flow.as_ref();
                flow.is_some_and(|f| f.from == check.from.name && f.to == check.to.name)
                    && judged.finding.kind != Kind::Lint
            });
            check.finding = check.finding.or(nothing);
        }
    }

    /// Whether a finding fails, as far as it is not known.
    fn may_fail(&self, finding: &Finding) -> bool {
        match finding.kind {
            Kind::NotEnforcing | Kind::Bypass | Kind::Overblock => true,
            Kind::UnreachableBaseline | Kind::CniDependent | Kind::Unknown => {
                self.strict.on && !finding.optional
            }
            Kind::Lint => self.fail_on.is_some_and(|from| finding.severity() <= from),
            Kind::Wide => false,
        }
    }

    /// The worst kind that fails the run: kinds are ordered.
    #[must_use]
    pub fn worst(&self) -> Option<Kind> {
        self.findings.iter().filter(|judged| judged.fails).map(|judged| judged.finding.kind).min()
    }

    /// Whether the network plugin enforces policies, where packets showed it:
    /// `CNI enforces NetworkPolicy: yes (open 4 ms → deny: egress time-out after 0.9 s → …)`.
    #[must_use]
    pub fn enforcement(&self) -> Option<String> {
        let proof = &self.cluster.as_ref()?.live.as_ref()?.proof;
        let answer = match () {
            () if proof.enforced => "yes",
            () if proof.is_refuted() => "NO",
            () => "not shown",
        };
        let seen = match proof.seen() {
            seen if seen.is_empty() => seen,
            seen => format!(" ({seen})"),
        };
        Some(format!("CNI enforces NetworkPolicy: {answer}{seen}"))
    }

    /// The findings of a level.
    pub fn of_level(&self, level: Level) -> impl Iterator<Item = &Judged> {
        self.findings.iter().filter(move |judged| judged.level() == level)
    }

    /// The finding about a check.
    #[must_use]
    pub fn about(&self, check: &Check) -> Option<&Judged> {
        self.findings.get(check.finding?)
    }

    /// How many checks there are, how many of them are as intended, and how many of each other kind.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { checks: self.checks.len(), ..Totals::default() };
        totals.flows = self.checks.iter().map(|check| check.pairs).sum();
        for check in &self.checks {
            match self.about(check).map(|judged| judged.finding.kind) {
                Some(Kind::Wide) => totals.wide += 1,
                Some(kind) => *totals.of(kind) += 1,
                None => {}
            }
        }
        let wrong = totals.bypass
            + totals.overblock
            + totals.unreachable_baseline
            + totals.cni_dependent
            + totals.unknown;
        totals.as_intended = totals.checks - wrong;
        let count = |f: &dyn Fn(&Judged) -> bool| self.findings.iter().filter(|j| f(j)).count();
        totals.lint = count(&|judged| judged.finding.kind == Kind::Lint);
        // What could not be read is about no flow.
        totals.unknown +=
            count(&|judged| judged.finding.kind == Kind::Unknown && judged.finding.flow.is_none());
        totals.known = count(&|judged| matches!(judged.state, State::Known { .. }));
        totals.failing = count(&|judged| judged.fails);
        totals
    }

    /// Passes everything that somebody else wrote through `clean`, before it is put into the syntax
    /// of a format, where a credential may no longer look like itself.
    pub fn clean(&mut self, clean: &dyn Fn(&str) -> String) {
        let apply = |text: &mut String| *text = clean(text);
        apply(&mut self.source.name);
        apply(&mut self.expectations);
        apply(&mut self.head);
        if let Some(cluster) = &mut self.cluster {
            let failed = cluster.live.as_mut().and_then(|sent| sent.proof.failed.as_mut());
            let known = [&mut cluster.context, &mut cluster.version, &mut cluster.cni];
            known.into_iter().flatten().chain(failed).for_each(apply);
            apply(&mut cluster.server);
        }
        self.not_ours.iter_mut().for_each(apply);
        self.stale.iter_mut().for_each(apply);
        for check in &mut self.checks {
            for end in [&mut check.from, &mut check.to] {
                apply(&mut end.name);
                end.namespace.iter_mut().for_each(apply);
            }
        }
        for judged in &mut self.findings {
            let finding = &mut judged.finding;
            apply(&mut finding.message);
            finding.fix.iter_mut().for_each(apply);
            if let Some(flow) = &mut finding.flow {
                [&mut flow.from, &mut flow.to, &mut flow.ports].into_iter().for_each(apply);
            }
            for cause in &mut finding.because {
                apply(&mut cause.object);
                cause.rule.iter_mut().for_each(apply);
                if let Some(place) = &mut cause.place {
                    apply(&mut place.file);
                }
            }
            if let State::Known { reason, .. } | State::Expired { reason, .. } = &mut judged.state {
                apply(reason);
            }
        }
    }
}

/// How many checks and findings there are of each kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Cells that were judged, or entries of expectations.
    pub checks: usize,
    /// Flows between endpoints of which they are the worst.
    pub flows: usize,
    /// Of these as they should be, the wide ones included.
    pub as_intended: usize,
    /// Open that must be closed.
    pub bypass: usize,
    /// Closed that must be open.
    pub overblock: usize,
    /// Not decidable, or not observed.
    pub unknown: usize,
    /// Left to the network plugin.
    pub cni_dependent: usize,
    /// Nobody reaches the target.
    pub unreachable_baseline: usize,
    /// As intended, though wider than needed.
    pub wide: usize,
    /// Findings that are lint.
    pub lint: usize,
    /// Findings that the baseline accepts.
    pub known: usize,
    /// Findings that fail the run.
    pub failing: usize,
}

impl Totals {
    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Bypass => &mut self.bypass,
            Kind::Overblock => &mut self.overblock,
            Kind::UnreachableBaseline => &mut self.unreachable_baseline,
            Kind::CniDependent => &mut self.cni_dependent,
            Kind::NotEnforcing | Kind::Unknown => &mut self.unknown,
            Kind::Wide => &mut self.wide,
            Kind::Lint => &mut self.lint,
        }
    }
}

/// The cells of the platform's matrix as checks.
#[must_use]
pub fn checks(matrix: &Matrix) -> Vec<Check> {
    let end = |party: crate::matrix::Party| End {
        name: party.name().to_owned(),
        namespace: party.namespace().map(str::to_owned),
    };
    matrix
        .cells
        .iter()
        .map(|cell| {
            let (from, to) = (end(cell.from), end(cell.to));
            let mut evidence = serde_json::to_value(cell).unwrap_or_default();
            // As in the findings, so that the two can be put together.
            evidence["from"] = from.name.clone().into();
            evidence["to"] = to.name.clone().into();
            let (expected_open, pairs) = (cell.expected_open, cell.pairs);
            Check { from, to, expected_open, pairs, evidence, finding: None }
        })
        .collect()
}
