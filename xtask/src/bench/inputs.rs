//! The platform as each program takes it: a values file, a folder for Kustomize, a chart for Helm,
//! a stream of manifests for kubectl. All come from one rendering, so all are the same objects.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::run::output;

/// Nothing here is a secret of anybody.
const VALUES: &str = "\
DATABASE_URL='postgresql+asyncpg://hive:bench-database-password@203.0.113.20:5432/hive'
DASHBOARD_SESSION_SECRET='bench-session-secret'
HIVE_INTERNAL_SECRET='bench-internal-secret'
HIVE_ADMIN_USERNAME='bench-admin'
HIVE_ADMIN_PASSWORD='bench-admin-password'
OPENHIVE_GATEWAY_IMAGE='registry.outside.test/openhive-gateway:v1.0.0'
OPENHIVE_DASHBOARD_IMAGE='registry.outside.test/openhive-dashboard:v1.0.0'
OPENHIVE_AGENT_IMAGE='registry.outside.test/openhive-agent:v1.0.0'
OPENHIVE_SANDBOX_IMAGE='registry.outside.test/openhive-sandbox:v1.0.0'
OPENHIVE_INGRESS_HOST='openhive.outside.test'
OPENHIVE_INGRESS_TLS_SECRET='openhive-tls'
OPENHIVE_INGRESS_CLASS='nginx'
";

/// The same platform in four shapes.
#[derive(Debug)]
pub struct Inputs {
    /// For us.
    pub values: PathBuf,
    /// For Kustomize: a folder of our files, Secrets among them.
    pub kustomize: PathBuf,
    /// For Helm: the same files as templates without a single expression.
    pub chart: PathBuf,
    /// For kubectl: one stream.
    pub manifests: PathBuf,
    /// How many objects.
    pub objects: usize,
}

impl Inputs {
    /// Writes everything into a folder.
    pub fn write(ours: &Path, folder: &Path) -> Result<Self> {
        let inputs = Self {
            values: folder.join("values.env"),
            kustomize: folder.join("kustomize"),
            chart: folder.join("chart"),
            manifests: folder.join("platform.yaml"),
            objects: 0,
        };
        private(&inputs.values, VALUES)?;
        let mut files = render(ours, &inputs.values);
        output(files.arg("--output-dir").arg(&inputs.kustomize))?;
        private(&inputs.manifests, output(&mut render(ours, &inputs.values))?)?;

        // Our own list leaves the Secrets out; a comparison must not.
        let names = manifests(&inputs.kustomize)?;
        let list: String = names.iter().map(|name| format!("- {name}\n")).collect();
        let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";
        fs::write(inputs.kustomize.join("kustomization.yaml"), format!("{head}{list}"))?;

        let templates = inputs.chart.join("templates");
        fs::create_dir_all(&templates)?;
        fs::write(
            inputs.chart.join("Chart.yaml"),
            "apiVersion: v2\nname: openhive\nversion: 1.0.0\n",
        )?;
        for name in &names {
            let text = fs::read_to_string(inputs.kustomize.join(name))?;
            ensure!(!text.contains("{{"), "{name} would be a template for Helm");
            private(&templates.join(name.replace('/', "-")), text)?;
        }
        Ok(Self { objects: names.len(), ..inputs })
    }

    /// Fails where a program does not make the very objects that we make.
    pub fn same_objects(&self, ours: &Path, peers: &mut [(&str, Command)]) -> Result<()> {
        let wanted = objects(&output(&mut render(ours, &self.values))?)?;
        ensure!(wanted.len() == self.objects, "the rendering has {} objects", wanted.len());
        for (name, command) in peers {
            let found = objects(&output(command)?)?;
            let differs = |(key, object): (&String, &Value)| found.get(key) != Some(object);
            let missing = wanted.iter().find(|(key, object)| differs((key, object)));
            if let Some((key, _)) = missing {
                bail!("{name} does not make {key} as we do: there is nothing to compare");
            }
            ensure!(found.len() == wanted.len(), "{name} makes {} objects", found.len());
        }
        Ok(())
    }
}

/// Our rendering of everything, Secrets included.
pub fn render(ours: &Path, values: &Path) -> Command {
    let mut command = Command::new(ours);
    command.args(["render", "--quiet", "--show-secrets", "--yes", "-f"]).arg(values);
    command
}

/// The documents of a YAML stream by kind, namespace and name.
fn objects(stream: &str) -> Result<BTreeMap<String, Value>> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(stream).context("what was rendered is not YAML")?;
    let name = |object: &Value| {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        format!("{} {}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
    };
    Ok(documents.into_iter().map(|object| (name(&object), object)).collect())
}

/// The manifests below a folder, relative to it.
fn manifests(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            names.extend(manifests(&path)?.into_iter().map(|below| format!("{name}/{below}")));
        } else if name != "kustomization.yaml" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a file that only its owner may read.
fn private(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    use std::io::Write as _;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(text.as_ref())?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::objects;

    #[test]
    fn objects_are_told_apart_by_kind_namespace_and_name() {
        let stream = "kind: A\nmetadata: {name: x}\n---\nkind: A\nmetadata: {name: x, namespace: ns}\n---\nkind: B\nmetadata: {name: x}\n";
        let objects = objects(stream).unwrap();
        assert_eq!(objects.keys().collect::<Vec<_>>(), ["A /x", "A ns/x", "B /x"]);
    }
}
