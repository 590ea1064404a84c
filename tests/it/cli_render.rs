//! `render` as a person or a pipeline runs it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use manifest::yaml;
use serde_json::Value;
use tempfile::TempDir;

const VALUES: &str =
    concat!(include_str!("../common/values.env"), "OPENAI_API_KEY=openai-canary-9000\n");

const CANARIES: [&str; 6] = [
    "postgresql+asyncpg://hive:pg-canary-4711@db.openhive.test:6432/hive",
    "pg-canary-4711",
    "session-canary-0815",
    "internal-canary-2342",
    "pass-canary-1138",
    "openai-canary-9000",
];

struct Folder(TempDir);

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Folder {
    fn new(values: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values.env");
        fs::write(&path, values).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
        command.current_dir(self.0.path()).env_clear().env("KUBECONFIG", "/does/not/exist");
        command.args(["render", "-f", "values.env"]).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Paths of all files below `name`.
    fn files(&self, name: &str) -> BTreeSet<String> {
        fn walk(base: &Path, path: &Path, found: &mut BTreeSet<String>) {
            for entry in fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(base, &path, found);
                } else {
                    found.insert(path.strip_prefix(base).unwrap().display().to_string());
                }
            }
        }
        let mut found = BTreeSet::new();
        walk(&self.path(name), &self.path(name), &mut found);
        found
    }
}

fn manifests(text: &str) -> Vec<Value> {
    yaml::read(text).unwrap().into_iter().map(|d| d.value).collect()
}

fn no_canary(text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} is shown");
        // Base64 of a text inside another one begins at one of three offsets.
        for padding in ["", "x", "xx"] {
            let encoded = STANDARD.encode(format!("{padding}{canary}"));
            let inner = &encoded[4..encoded.len() - 4];
            assert!(!text.contains(inner), "{canary} is shown in base64");
        }
    }
}

#[test]
fn the_platform_is_printed_without_its_secrets() {
    let ran = Folder::new(VALUES).run(&[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, GATEWAY_WARNING));
    let manifests = manifests(&ran.stdout);
    assert!(manifests.iter().any(|m| m["kind"] == "Ingress"));
    assert!(manifests.iter().all(|m| m["kind"] != "Secret" && m["kind"] != "Job"));
    assert!(ran.stdout.contains("# left out: secret/openhive-platform-secrets -n openhive ("));
    no_canary(&ran.stdout);
}

/// Without a cluster both ports of an API server are assumed.
const GATEWAY_WARNING: &str = "\
warning: the gateway may reach any address on port 443, private and metadata addresses included, \
since the API server is on that port; set OPENHIVE_API_SERVER_CIDR or OPENHIVE_API_SERVER_PORTS to \
narrow it
";

#[test]
fn each_profile_prints_its_own_objects() {
    let folder = Folder::new(VALUES);
    let has = |profile: &str, kind: &str| {
        let ran = folder.run(&["--profile", profile]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        manifests(&ran.stdout).iter().any(|m| m["kind"] == kind)
    };
    assert!(!has("baseline", "Role") && has("baseline", "Deployment"));
    assert!(has("gateway", "Role") && !has("gateway", "Ingress"));
    assert!(has("platform", "Ingress") && !has("platform", "Job"));
    assert!(has("migration", "Job") && !has("migration", "Deployment"));
}

#[test]
fn json_is_a_list_with_the_notes_on_stderr() {
    let folder = Folder::new(VALUES);
    let json = folder.run(&["-o", "json"]);
    let list: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"].as_array().unwrap(), &manifests(&folder.run(&[]).stdout));
    assert!(json.stderr.contains("left out: secret/openhive-platform-secrets -n openhive ("));
    no_canary(&json.stdout);
    no_canary(&json.stderr);
}

#[test]
fn secrets_are_shown_only_where_somebody_said_yes() {
    let folder = Folder::new(VALUES);
    let refused = folder.run(&["--show-secrets"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (64, ""));
    assert!(refused.stderr.contains("or add --yes"), "{}", refused.stderr);

    let shown = folder.run(&["--show-secrets", "--yes"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let secrets: Vec<_> =
        manifests(&shown.stdout).into_iter().filter(|m| m["kind"] == "Secret").collect();
    assert_eq!(secrets.len(), 2);
    assert_eq!(secrets[1]["data"]["admin-password"], STANDARD.encode("pass-canary-1138"));
    assert!(!shown.stdout.contains("left out"));
}

#[test]
fn a_folder_is_written_for_kustomize() {
    let folder = Folder::new(VALUES);
    let ran = folder.run(&["--output-dir", "out"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let files = folder.files("out");
    assert!(files.contains("openhive/deployment-hive-gateway.yaml"));
    assert!(files.contains("hive-agents/namespace.yaml"));
    assert!(files.iter().all(|f| !f.contains("secret-") && !f.contains("/.")), "{files:?}");
    let kustomization = fs::read_to_string(folder.path("out/kustomization.yaml")).unwrap();
    let listed: BTreeSet<String> = manifests(&kustomization)[0]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_str().unwrap().to_owned())
        .collect();
    let mut others = files.clone();
    others.remove("kustomization.yaml");
    assert_eq!(listed, others);
    for file in &files {
        no_canary(&fs::read_to_string(folder.path("out").join(file)).unwrap());
    }
}

#[test]
fn secret_files_are_for_their_owner_and_never_listed() {
    let folder = Folder::new(VALUES);
    let ran = folder.run(&["--output-dir", "out", "--show-secrets", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let secret = folder.path("out/openhive/secret-openhive-platform-secrets.yaml");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    let kustomization = fs::read_to_string(folder.path("out/kustomization.yaml")).unwrap();
    assert!(!kustomization.contains("secret-"));

    // A mode that somebody widened is narrowed again.
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    folder.run(&["--output-dir", "out", "--show-secrets", "--yes"]);
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);

    // Left out, they are not removed either; the run says that they are there.
    let ran = folder.run(&["--output-dir", "out"]);
    assert!(secret.exists());
    assert!(ran.stderr.contains(
        "openhive/secret-openhive-platform-secrets.yaml is still there from an earlier run"
    ));
}

#[test]
fn a_second_run_replaces_the_first() {
    let folder = Folder::new(VALUES);
    folder.run(&["--output-dir", "out"]);
    let before = folder.files("out");
    fs::write(folder.path("out/notes.txt"), "mine").unwrap();
    assert_eq!(folder.run(&["--output-dir", "out", "--profile", "gateway"]).code, 0);
    let after = folder.files("out");
    let gone: Vec<_> = before.difference(&after).collect();
    assert!(gone.iter().any(|f| f.ends_with("ingress-openhive-platform.yaml")), "{gone:?}");
    assert!(gone.iter().all(|f| f.contains("dashboard") || f.contains("ingress")), "{gone:?}");
    assert!(after.contains("notes.txt"));
}

#[test]
fn a_folder_of_somebody_else_is_not_touched() {
    let folder = Folder::new(VALUES);
    fs::create_dir(folder.path("out")).unwrap();
    fs::write(folder.path("out/kustomization.yaml"), "resources: [mine.yaml]\n").unwrap();
    fs::write(folder.path("out/mine.yaml"), "a: 1\n").unwrap();
    let ran = folder.run(&["--output-dir", "out"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("out is not empty"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was written"), "{}", ran.stderr);
    assert_eq!(folder.files("out").len(), 2);

    fs::write(folder.path("file"), "").unwrap();
    assert_eq!(folder.run(&["--output-dir", "file"]).code, 1);
}

#[test]
fn output_is_the_same_each_time() {
    let folder = Folder::new(VALUES);
    assert_eq!(folder.run(&[]).stdout, folder.run(&[]).stdout);
}

#[test]
fn keys_can_be_set_over_the_file() {
    let ran = Folder::new(VALUES).run(&["--set", "OPENHIVE_RUN_AS_USER=4242"]);
    assert!(ran.stdout.contains("runAsUser: 4242"), "{}", ran.stderr);
}

#[test]
fn a_bad_file_prints_nothing() {
    let ran = Folder::new(&VALUES.replace("pass-canary-1138", "change-me")).run(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    assert!(ran.stderr.contains("HIVE_ADMIN_PASSWORD"), "{}", ran.stderr);
    no_canary(&ran.stderr);
}

#[test]
fn a_secret_that_is_a_word_of_the_manifests_is_refused() {
    let ran = Folder::new(&VALUES.replace("session-canary-0815", "hive-gateway-runtime")).run(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("a secret would be shown"), "{}", ran.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new(VALUES);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_kubectl-openhive"))
        .args(["render", "-f"])
        .arg(folder.path("values.env"))
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, GATEWAY_WARNING);
}
