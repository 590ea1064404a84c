//! What is told of things in a folder that are no manifests.

use crate::cli::texts::{Passed, What};
use crate::ui::Ui;

/// Places that are named of one kind; the rest is counted.
const SHOWN: usize = 10;

/// Fields of a kustomization that change no flow.
const WITHOUT_BEARING: [&str; 7] = [
    "buildMetadata",
    "commonAnnotations",
    "configMapGenerator",
    "generatorOptions",
    "images",
    "secretGenerator",
    "sortOptions",
];

/// Warns of what is not read, and says what to run instead.
pub(crate) fn tell(ui: &Ui, passed: &[Passed]) {
    for Passed { place, what } in passed {
        match what {
            What::Chart => ui.warn(&format!(
                "passed over the Helm chart {place}; read what it renders to:  helm template {place}"
            )),
            What::Kustomization(fields) => {
                let changing: Vec<&str> =
                    fields.iter().map(String::as_str).filter(|f| !WITHOUT_BEARING.contains(f)).collect();
                if !changing.is_empty() {
                    ui.warn(&format!(
                        "the kustomization in {place} changes what it lists ({}), which is read as it is \
                         written; read what it becomes:  kubectl kustomize {place}",
                        changing.join(", ")
                    ));
                }
            }
            What::Broken(reason) => ui.warn(&format!("left out: {place}  not valid YAML: {reason}")),
            _ => {}
        }
    }
    let groups: [(&str, &str, fn(&What) -> Option<String>); 5] = [
        ("patches of kustomizations", "", |what| matches!(what, What::Patch).then(String::new)),
        (
            "templates that are not rendered",
            "; read what they render to:  helm template CHART",
            |what| matches!(what, What::Template).then(String::new),
        ),
        ("no Kubernetes YAML", "", |what| match what {
            What::Foreign(reason) => Some(format!(" ({reason})")),
            _ => None,
        }),
        ("links that lead nowhere, or to a folder", "", |what| match what {
            What::Link(end) => Some(format!(" -> {}", end.display())),
            _ => None,
        }),
        ("not UTF-8", "", |what| match what {
            What::Encoding(encoding) => Some(format!(" ({encoding})")),
            _ => None,
        }),
    ];
    for (name, advice, of) in groups {
        let all: Vec<String> = passed
            .iter()
            .filter_map(|passed| Some(format!("{}{}", passed.place, of(&passed.what)?)))
            .collect();
        if !all.is_empty() {
            let more = match all.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let shown = all[..all.len().min(SHOWN)].join(", ");
            ui.warn(&format!("passed over, {name}: {shown}{more}{advice}"));
        }
    }
}
