//! What `verify-netpol` reports, in every format, and how it ends.

mod sarif;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

const VALUES: &str =
    concat!(include_str!("../common/values.env"), "OPENHIVE_DATABASE_CIDR=203.0.113.7/32\n");

const DEBUG: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: debug-egress, namespace: hive-agents}
spec:
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 198.51.100.0/24}}]
    ports: [{port: 443}]
";

/// Of a kind that is not evaluated.
const FOREIGN: &str = "\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dashboard-metrics, namespace: openhive}
spec:
  endpointSelector: {matchLabels: {app.kubernetes.io/name: hive-dashboard}}
  ingress: [{}]
";

/// With these no question is open: where the API server and the pods are, and what a block holds.
const CERTAIN: &str = "OPENHIVE_API_SERVER_CIDR=10.20.0.1/32\n";
const PLUGIN: [&str; 5] = ["--strict", "--cni", "calico", "--pod-cidr", "10.244.0.0/16"];

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

struct Place {
    folder: TempDir,
}

impl Place {
    /// A values file, the manifests that it renders to, and more of them.
    fn new(values: &str, more: &[(&str, &str)]) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.file("values.env", values);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(place.path("values.env"), mode).unwrap();
        }
        let ran = place.run(&["render", "-f", "values.env"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        fs::create_dir(place.path("manifests")).unwrap();
        place.file("manifests/platform.yaml", &ran.stdout);
        more.iter().for_each(|(name, text)| place.file(&format!("manifests/{name}"), text));
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_in(args, &[])
    }

    fn run_in(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
        command.current_dir(self.folder.path()).env_clear().env("KUBECONFIG", "/does/not/exist");
        let output = command.args(args).envs(env.iter().copied()).output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `verify-netpol` over the manifests.
    fn verify(&self, args: &[&str]) -> Ran {
        let all =
            [&["verify-netpol", "-f", "values.env", "--manifests", "manifests"], args].concat();
        self.run(&all)
    }
}

fn faulty() -> Place {
    Place::new(VALUES, &[("debug.yaml", DEBUG)])
}

const FORMATS: [(&str, &str); 9] = [
    ("table", "r.txt"),
    ("json", "r.json"),
    ("junit", "r.xml"),
    ("sarif", "r.sarif"),
    ("github", "r.github"),
    ("markdown", "r.md"),
    ("dot", "r.dot"),
    ("svg", "r.svg"),
    ("baseline", "r.yaml"),
];

/// Every format of one run.
fn all(place: &Place, args: &[&str]) -> Ran {
    let targets: Vec<String> =
        FORMATS.iter().flat_map(|(f, file)| ["-o".to_owned(), format!("{f}={file}")]).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    place.verify(&[args, &targets].concat())
}

#[test]
fn one_run_writes_every_format() {
    let place = faulty();
    let ran = all(&place, &["--no-strict"]);
    assert_eq!(ran.code, Some(9), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_snapshot!("report_stderr", ran.stderr);
    let json: Value = serde_json::from_str(&place.read("r.json")).unwrap();
    let digest = json["source"]["digest"].as_str().unwrap();
    assert_eq!(digest.len(), "sha256:".len() + 64);
    for (format, file) in FORMATS.iter().filter(|(format, _)| *format != "baseline") {
        let text = place.read(file).replace(digest, "DIGEST");
        assert_snapshot!(format!("report_{format}"), text);
    }
}

#[test]
fn the_line_of_the_rule_is_found_in_every_report() {
    let place = faulty();
    all(&place, &[]);
    let line = DEBUG.lines().position(|l| l.starts_with("  - to")).unwrap() + 1;
    let sarif: Value = serde_json::from_str(&place.read("r.sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "bypass");
    let at = &result["locations"][0]["physicalLocation"];
    assert_eq!(at["artifactLocation"]["uri"], "manifests/debug.yaml");
    assert_eq!(at["region"]["startLine"], line);
    let github = place.read("r.github");
    let annotation =
        format!("::error file=manifests/debug.yaml,line={line},title=verify-netpol bypass::");
    assert!(github.starts_with(&annotation), "{github}");
}

#[test]
fn the_worst_decides_how_it_ends() {
    let certain = format!("{VALUES}{CERTAIN}");
    let place = Place::new(&certain, &[]);
    assert_eq!(place.verify(&PLUGIN).code, Some(0));
    place.file("manifests/debug.yaml", DEBUG);
    assert_eq!(place.verify(&PLUGIN).code, Some(9));
    // Without the Gateway's own policy nobody reaches it: closed, and must be open.
    let platform = place.read("manifests/platform.yaml");
    let rest: Vec<&str> =
        platform.split("---\n").filter(|d| !d.contains("name: hive-gateway-ingress")).collect();
    place.file("manifests/platform.yaml", &rest.join("---\n"));
    assert_eq!(place.verify(&PLUGIN).code, Some(9));
    fs::remove_file(place.path("manifests/debug.yaml")).unwrap();
    assert_eq!(place.verify(&PLUGIN).code, Some(13));

    // What is not proven: only under strict.
    let place = Place::new(VALUES, &[("foreign.yaml", FOREIGN)]);
    assert_eq!(place.verify(&["--strict"]).code, Some(10));
    assert_eq!(place.verify(&["--no-strict"]).code, Some(0));
    assert_eq!(place.verify(&["--no-strict", "--strict"]).code, Some(0));
    for (env, why) in
        [(("CI", "true"), "(CI is set)"), (("CI", "false"), "(stdout is no terminal)")]
    {
        let args = ["verify-netpol", "-f", "values.env", "--manifests", "manifests"];
        let ran = place.run_in(&args, &[env]);
        assert_eq!(ran.code, Some(10), "{}", ran.stdout);
        assert!(ran.stdout.contains(why), "{}", ran.stdout);
    }
}

#[test]
fn a_baseline_silences_what_is_known_until_its_day() {
    let place = faulty();
    let ran = place.verify(&["--no-strict", "-o", "baseline=known.yaml"]);
    assert_eq!(ran.code, Some(9));
    let first = place.read("known.yaml");
    let ran = place.verify(&["--no-strict", "--baseline", "known.yaml"]);
    assert_eq!(ran.code, Some(11), "{}", ran.stdout);
    assert!(ran.stderr.contains("known.yaml:6  an entry needs a reason"), "{}", ran.stderr);

    let accepted = first.replace("reason: \"\"", "reason: until the rollout");
    place.file("known.yaml", &accepted);
    let known = |args: &[&str]| {
        place.verify(&[&["--no-strict", "--baseline", "known.yaml"], args].concat())
    };
    let ran = known(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("until the rollout"), "{}", ran.stdout);
    let sarif: Value = serde_json::from_str(&known(&["-o", "sarif"]).stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["level"], "note");
    assert!(result["suppressions"][0]["justification"].as_str().unwrap().starts_with("until the"));
    // Moved and reordered it is the same finding.
    place.file(
        "manifests/debug.yaml",
        &format!(
            "# moved\n\n{}",
            DEBUG.replace(
                "egress:\n",
                "egress:\n  - to: [{podSelector: {matchLabels: {app: none}}}]\n"
            )
        ),
    );
    let ran = known(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    // Another one is not.
    place.file("manifests/debug.yaml", &DEBUG.replace("port: 443", "port: 80"));
    let ran = known(&[]);
    assert_eq!(ran.code, Some(9), "{}", ran.stdout);
    assert!(ran.stderr.contains("matches nothing"), "{}", ran.stderr);

    place.file("manifests/debug.yaml", DEBUG);
    let day = accepted.lines().find_map(|l| l.trim().strip_prefix("expires: ")).unwrap();
    place.file("known.yaml", &accepted.replace(day, "\"2020-01-31\""));
    let ran = known(&[]);
    assert_eq!(ran.code, Some(9), "{}", ran.stdout);
    assert!(ran.stdout.contains("was known until 2020-01-31, which is over"), "{}", ran.stdout);
}

#[test]
fn a_baseline_that_cannot_be_used_is_refused_with_its_lines() {
    let place = faulty();
    place.file(
        "known.yaml",
        "apiVersion: openhive.io/v2\nkind: NetpolBaseline\nfindings:\n- fingerprint: a\n  reason: b\n  expires: 31.1.2027\n- fingerprint: c\n  reason: d\n  untill: x\n- 7\n",
    );
    let ran = place.verify(&["--baseline", "known.yaml"]);
    assert_eq!(ran.code, Some(11));
    assert_snapshot!(ran.stderr, @r"
    ✗ the baseline known.yaml cannot be used

      Seen    known.yaml:1  apiVersion must be openhive.io/v1
              known.yaml:4  expires must be a day such as 2027-01-31
              known.yaml:7  unknown field untill
              known.yaml:10  an entry is a map with fingerprint, reason, and expires
      Fix     correct it, or write it anew:  -o baseline=FILE
      exit code 11
    ");
    let ran = place.verify(&["--baseline", "none.yaml"]);
    assert_eq!(ran.code, Some(11));
    assert!(ran.stderr.contains("there is no such file"), "{}", ran.stderr);
}

#[test]
fn targets_that_cannot_be_written_are_refused() {
    let place = faulty();
    for (args, code, words) in [
        (&["-o", "json", "-o", "junit"][..], 64, "two reports on standard output"),
        (&["-o", "json", "-o", "junit=-"], 64, "two reports on standard output"),
        (&["-o", "json=a", "-o", "junit=./a"], 64, "./a is named twice"),
        (&["-o", "json="], 64, "no file behind 'json='"),
        (&["-o", "xml"], 64, "[possible values: table, json, junit, sarif, github"),
        (&["-o", "json=none/a"], 1, "there is no folder none"),
        (&["-o", "json=manifests"], 1, "cannot write manifests"),
        (&["-o", "json=/dev/full"], 1, "the disk is full"),
    ] {
        let ran = place.verify(args);
        assert_eq!(ran.code, Some(code), "{args:?} {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{args:?} {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
    // Nothing is left of what was not finished.
    let left = fs::read_dir(place.folder.path()).unwrap();
    let names: Vec<_> = left.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|n| n.starts_with(".report-")), "{names:?}");
    // A link stays one, and a device is written to.
    place.file("real", "old");
    #[cfg(unix)]
    std::os::unix::fs::symlink("real", place.path("link")).unwrap();
    let ran = place.verify(&["-o", "json=link", "-o", "dot=/dev/null", "-o", "github=/dev/null"]);
    assert_eq!(ran.code, Some(9), "{}", ran.stderr);
    assert!(place.path("link").is_symlink() && Path::new("/dev/null").exists());
    assert!(place.read("real").contains("netpol-report"));
}

/// Canaries where a report might show them: in the values, in a name, in a label.
#[test]
fn no_report_holds_a_secret() {
    let debug = DEBUG
        .replace("name: debug-egress", "name: pass-canary-1138")
        .replace("{ipBlock: {cidr: 198.51.100.0/24}}", "{namespaceSelector: {matchLabels: {k: session-canary-0815}}}, {ipBlock: {cidr: 198.51.100.0/24}}");
    let place = Place::new(VALUES, &[("pass-canary-1138.yaml", &debug)]);
    let ran = all(&place, &[]);
    assert_eq!(ran.code, Some(9), "{}", ran.stderr);
    let mut texts = vec![ran.stderr];
    texts.extend(FORMATS.iter().map(|(_, file)| place.read(file)));
    texts.extend(FORMATS.iter().map(|(format, _)| place.verify(&["-o", format]).stdout));
    for text in texts {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(place.read("r.txt").contains("[redacted]"));
}

#[test]
fn a_digest_depends_on_what_was_read_and_not_on_secrets() {
    let digest = |place: &Place, args: &[&str]| {
        let ran = place.run(&[&["verify-netpol", "-f", "values.env", "-o", "json"], args].concat());
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        document["source"]["digest"].as_str().unwrap().to_owned()
    };
    let place = faulty();
    let (rendered, read) = (digest(&place, &[]), digest(&place, &["--manifests", "manifests"]));
    assert_ne!(rendered, read);
    assert_eq!(read, digest(&place, &["--manifests", "manifests"]));
    place.file("manifests/debug.yaml", &format!("{DEBUG}\n"));
    assert_ne!(read, digest(&place, &["--manifests", "manifests"]));
    let other = VALUES.replace("pass-canary-1138", "pass-canary-9999");
    assert_eq!(rendered, digest(&Place::new(&other, &[]), &[]));
}

/// What the documentation shows is what is printed. `BLESS=1` writes it anew.
#[test]
fn the_documentation_shows_real_output() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut page = fs::read_to_string(docs.join("ci.md")).unwrap();
    let plugin = &PLUGIN[1..];
    let render = ["verify-netpol", "-f", "values.env"];
    let certain = format!("{VALUES}{CERTAIN}");
    let faulty = Place::new(&certain, &[("debug.yaml", DEBUG)]);
    let runs = [
        (Place::new(VALUES, &[]), render.to_vec(), 0),
        (
            faulty,
            [&render[..], &["--manifests", "manifests"], plugin, &["-o", "github"]].concat(),
            9,
        ),
        (
            Place::new(VALUES, &[("foreign.yaml", FOREIGN)]),
            [&render[..], &["--manifests", "manifests"]].concat(),
            10,
        ),
    ];
    let bless = std::env::var_os("BLESS").is_some();
    for (place, args, code) in runs {
        let ran = place.run(&args);
        assert_eq!(ran.code, Some(code), "{args:?} {}", ran.stderr);
        // Of what is not as intended the last part is shown.
        let shown = match ran.stdout.find(" flows: ") {
            Some(at) if code != 0 && !args.contains(&"github") => {
                &ran.stdout[ran.stdout[..at].rfind('\n').unwrap() + 1..]
            }
            _ => &ran.stdout,
        };
        let command = format!("$ kubectl-openhive {}\n", args.join(" "));
        let start = page.find(&command).unwrap_or_else(|| panic!("no {command}")) + command.len();
        let end = start + page[start..].find("```").unwrap();
        if bless {
            page.replace_range(start..end, shown);
        } else {
            assert_eq!(&page[start..end], shown, "{command}");
        }
    }
    let place = Place::new(&certain, &[]);
    let ran = place.run(&[&render[..], plugin, &["-o", "svg"]].concat());
    let picture = docs.join("platform-flows.svg");
    if bless {
        fs::write(docs.join("ci.md"), page).unwrap();
        fs::write(&picture, &ran.stdout).unwrap();
    }
    assert_eq!(fs::read_to_string(picture).unwrap(), ran.stdout);
}

/// What the values declare is outside of the cluster, so that the program's own narrowed rendering passes its own check
/// on every plugin, and the report says so.
#[test]
fn blocks_that_the_values_declare_are_outside_of_the_cluster() {
    let values = include_str!("../common/values.env");
    let narrow = "OPENHIVE_DATABASE_CIDR=10.30.4.0/28\nOPENHIVE_API_SERVER_CIDR=10.0.0.0/28\n";
    let place = Place::new(&format!("{values}{narrow}"), &[]);
    for cni in [&["--cni", "cilium"][..], &["--cni", "calico"], &["--cni", "none"], &[]] {
        let ran = place.run(&[&["verify-netpol", "-f", "values.env", "--strict"], cni].concat());
        assert_eq!(ran.code, Some(0), "{cni:?}: {}", ran.stdout);
        let said = "by which 10.30.4.0/28 and 10.0.0.0/28 are outside of the cluster";
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
}
