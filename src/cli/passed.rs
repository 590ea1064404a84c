//! What is told of things in a folder that are no manifests.

use super::texts::{Passed, What};
use crate::ui::Ui;
use netpol::finding::Finding;
use netpol::findings;

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
                let changing = bearing(fields);
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
    type Shown = fn(&What) -> Option<String>;
    let groups: [(&str, &str, Shown); 5] = [
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

/// The fields of a kustomization that change flows.
fn bearing(fields: &[String]) -> Vec<&str> {
    fields.iter().map(String::as_str).filter(|field| !WITHOUT_BEARING.contains(field)).collect()
}

/// What a check says of something that was not read: nobody knows whether it holds policies.
pub(crate) fn finding(Passed { place, what }: &Passed) -> Option<Finding> {
    let (is, fix) = match what {
        What::Chart => {
            ("a Helm chart", format!("check what it renders to:  helm template {place}"))
        }
        What::Kustomization(fields) if bearing(fields).is_empty() => return None,
        What::Kustomization(_) => (
            "a kustomization that changes what it lists",
            format!("check what it becomes:  kubectl kustomize {place}"),
        ),
        // Its kustomization is told.
        What::Patch => return None,
        What::Template => {
            ("a template", "check what it renders to:  helm template CHART".to_owned())
        }
        What::Foreign(_) => ("no Kubernetes YAML", ELSEWHERE.to_owned()),
        What::Broken(_) => ("not valid YAML", "correct it".to_owned()),
        What::Link(_) => ("a link that leads nowhere, or to a folder", ELSEWHERE.to_owned()),
        What::Encoding(_) => ("not UTF-8", "convert it".to_owned()),
    };
    Some(findings::of_unread(&format!("{place} is not read: it is {is}"), &fix))
}

/// What to do about files of others.
const ELSEWHERE: &str = "name the folders and files with manifests alone";
