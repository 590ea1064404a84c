//! Inputs that cannot be used.

use crate::cli::Exit;
use crate::ui::{Failure, Ui};
use netpol::{Input, Invalid, Problem};

/// Problems that are shown of an input; the rest is counted.
const SHOWN: usize = 50;

/// Kinds that are named which nothing is known of; the rest is counted.
const NAMED: usize = 20;

/// What of an input is put up with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accept {
    /// Policies that the API server would refuse.
    pub(super) invalid: bool,
    /// No pods, or no policies.
    pub(super) empty: bool,
}

impl Accept {
    /// Whether a `source` can be used; tells on stderr what is left out of it.
    ///
    /// # Errors
    /// Objects in it are not valid, or there are none to be asked about.
    pub(super) fn check(self, ui: &Ui, source: &str, input: &Input) -> Result<(), Failure> {
        if !input.invalid.is_empty() && !self.invalid {
            let number = crate::ui::count(input.invalid.len(), "problem");
            let failure = Failure::new(Exit::Input, format!("{source}: {number}"));
            let failure = with_problems(failure, &input.invalid)
                .fix("correct them; the API server would refuse these objects")
                .fix("or go on without them:  --skip-invalid");
            return Err(if input.invalid.iter().any(may_be_a_patch) {
                failure.fix("of a kustomization read what it becomes:  kubectl kustomize DIR")
            } else {
                failure
            });
        }
        for problem in &input.invalid {
            ui.warn(&format!("left out: {}", line(problem)));
        }
        tell_skipped(ui, input);
        let missing = if input.members.is_empty() {
            "pods and workloads"
        } else if input.counts.policies == 0 {
            "policies"
        } else {
            return Ok(());
        };
        if self.empty {
            return Ok(());
        }
        Err(Failure::new(Exit::Input, format!("{source} holds no {missing}"))
            .cause("an answer about nothing would read as if everything were well")
            .fix("if this is meant:  --allow-empty"))
    }
}

/// Tells on stderr which kinds are passed over, and which of them only because nothing about them
/// speaks of connections.
pub(super) fn tell_skipped(ui: &Ui, input: &Input) {
    let known = input.skipped.iter().filter(|s| s.known).map(|s| {
        let kind = if s.kind.is_empty() { "no Kubernetes object" } else { &s.kind };
        format!("{} {kind}", s.count)
    });
    let known = known.collect::<Vec<_>>();
    if !known.is_empty() {
        ui.notice(&format!("without bearing: {}", known.join(", ")));
    }
    let kinds: Vec<String> = input.unknown_kinds().collect();
    if !kinds.is_empty() {
        let more = match kinds.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = kinds.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        ui.notice(&format!("not known, taken to have no bearing: {named}{more}"));
    }
}

/// Patches and overlays are parts of objects, or the same object again.
fn may_be_a_patch(problem: &Invalid) -> bool {
    match problem.problem {
        Problem::Twice { .. } => true,
        Problem::Missing => problem.field.starts_with("spec."),
        _ => false,
    }
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
