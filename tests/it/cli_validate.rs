//! `validate` as a person or a pipeline runs it.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

const GOOD: &str = include_str!("../common/values.env");

/// A folder of files that only their owner can read, and a way to run the program in it.
struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            write_private(&folder.path().join(name), content);
        }
        Self(folder)
    }

    fn command(&self) -> Command {
        let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
        command.current_dir(self.0.path()).env_clear().env("KUBECONFIG", "/does/not/exist");
        command.arg("validate");
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.command().args(args).output().unwrap().into()
    }
}

fn write_private(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    fn is_accepted(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

#[test]
fn a_good_file_is_valid() {
    let ran = Folder::with(&[("values.env", GOOD)]).run(&["-f", "values.env"]);
    ran.is_accepted();
    assert_snapshot!(ran.stdout, @"values.env: valid for profile platform (12 keys)");
}

#[test]
fn the_file_may_come_from_anywhere() {
    let folder = Folder::with(&[("values.env", GOOD)]);
    Ran::from(folder.command().args(["-f", "-"]).write_stdin(GOOD).output().unwrap()).is_accepted();
    folder.run(&["--env-file", "values.env"]).is_accepted();
    folder.run(&["--values=values.env"]).is_accepted();
    let mut from_environment = folder.command();
    from_environment.env("OPENHIVE_VALUES", "values.env");
    Ran::from(from_environment.output().unwrap()).is_accepted();
    let mut from_pipe = Command::new("bash");
    from_pipe.current_dir(folder.0.path()).env_clear();
    from_pipe.args(["-c", "exec \"$0\" validate -f <(cat values.env)"]);
    from_pipe.arg(env!("CARGO_BIN_EXE_kubectl-openhive"));
    Ran::from(from_pipe.output().unwrap()).is_accepted();
}

#[test]
fn every_placeholder_of_the_example_is_listed_by_line() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/values.env.example");
    let folder = Folder::with(&[("values.env", &fs::read_to_string(example).unwrap())]);
    let ran = folder.run(&["-f", "values.env"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert_snapshot!(ran.stderr);
}

#[test]
fn problems_of_several_files_are_told_apart() {
    let team = GOOD.replace("HIVE_ADMIN_PASSWORD=pass-canary-1138", "HIVE_ADMIN_PASSWORD=pa$word");
    let own = "OPENHIVE_INGRES_CLASS=nginx\nOPENHIVE_DATABASE_CIDR=10.1.2.3/8\n";
    let folder = Folder::with(&[("team.env", &team), ("own.env", own)]);
    let ran = folder.run(&["-f", "team.env", "-f", "own.env", "--set", "OPENHIVE_RUN_AS_USER=0"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert_snapshot!(ran.stderr, @r#"
    ✗ team.env + own.env: 4 problems

      Seen    team.env:5  HIVE_ADMIN_PASSWORD: an unescaped `$` outside single quotes
                          put the value in single quotes: KEY='…'
              own.env:1   OPENHIVE_INGRES_CLASS: unknown key; did you mean OPENHIVE_INGRESS_CLASS?
                          the keys are listed in values.env.example
              own.env:2   OPENHIVE_DATABASE_CIDR: bits are set behind the prefix
                          the network is 10.0.0.0/8
              --set       OPENHIVE_RUN_AS_USER: 0 is root, which the namespaces refuse
                          expected a number from 1 to 2147483647
      exit code 3
    "#);
}

#[test]
fn json_has_every_problem_with_its_place_and_reason() {
    let text = GOOD.replace("OPENHIVE_INGRESS_CLASS", "OPENHIVE_INGRES_CLASS");
    let folder = Folder::with(&[("values.env", &text)]);
    let ran = folder.run(&["-f", "values.env", "-o", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(3), ""));
    let problem = json!({
        "file": "values.env",
        "line": 12,
        "key": "OPENHIVE_INGRES_CLASS",
        "reason": "unknown-key",
        "nearest": "OPENHIVE_INGRESS_CLASS",
        "message": "unknown key; did you mean OPENHIVE_INGRESS_CLASS?",
        "hint": "the keys are listed in values.env.example",
    });
    let expected = json!({
        "schemaVersion": 1,
        "valid": false,
        "profile": "platform",
        "files": ["values.env"],
        "errors": [problem],
        "warnings": [],
    });
    assert_eq!(ran.json(), expected);

    let warned = GOOD.replace("=nginx", "=traefik");
    let ran = Folder::with(&[("v", &warned)]).run(&["-f", "v", "-o", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.json()["valid"], true);
    assert_eq!(ran.json()["warnings"][0]["reason"], "ingress-unreachable");
}

#[test]
fn warnings_do_not_fail() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with(&[("values.env", &GOOD.replace("agent:v1.4.0", "agent:latest"))]);
    let path = folder.0.path().join("values.env");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = folder.run(&["-f", "values.env"]);
    assert_eq!(ran.code, Some(0));
    assert_snapshot!(ran.stdout, @"values.env: valid for profile platform (12 keys, 3 warnings)");
    assert_snapshot!(ran.stderr, @r#"
    warning: values.env: others on this machine can read the file (chmod 600)
    warning: values.env:6: OPENHIVE_GATEWAY_IMAGE: images carry different tags: latest (agent), v1.4.0 (gateway, dashboard, sandbox) (components of one release are made for each other; use one tag)
    warning: values.env:8: OPENHIVE_AGENT_IMAGE: the tag is `latest`: which version runs depends on when a node pulled it (pin a tag such as v1.4.0, or a digest)
    "#);
}

#[test]
fn the_profile_decides_what_is_needed() {
    let text: String =
        GOOD.lines().filter(|l| !l.contains("INGRESS")).map(|l| format!("{l}\n")).collect();
    let folder = Folder::with(&[("values.env", &text)]);
    folder.run(&["-f", "values.env", "--profile", "gateway"]).is_accepted();
    let ran = folder.run(&["-f", "values.env"]);
    assert_eq!(ran.code, Some(3));
    assert_snapshot!(ran.stderr, @r#"
    ✗ values.env: 3 problems

      Seen    OPENHIVE_INGRESS_HOST: missing
                expected a DNS name without scheme, port or path, such as openhive.acme.dev
              OPENHIVE_INGRESS_TLS_SECRET: missing
                expected the name of a Secret: lower-case letters, digits, `-` and `.`
              OPENHIVE_INGRESS_CLASS: missing
                expected the name of an IngressClass, such as nginx
      exit code 3
    "#);
}

#[test]
fn what_is_no_file_of_values_is_told() {
    let folder = Folder::with(&[("empty.env", ""), ("large.env", &"#".repeat((1 << 20) + 1))]);
    fs::create_dir(folder.0.path().join("folder")).unwrap();
    let told = |args: &[&str], code: i32, words: &str| {
        let ran = folder.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{args:?}");
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
    };
    told(&[], 64, "no values file");
    told(&["-f", "absent.env"], 3, "there is no such file");
    told(&["-f", "folder"], 3, "it is a directory");
    told(&["-f", "empty.env"], 3, "empty.env  holds no value");
    told(&["-f", "large.env"], 3, "large.env  is larger than 1 MiB");
    told(&["-f", "/dev/zero"], 3, "/dev/zero  is larger than 1 MiB");
    told(&["-f", "empty.env", "-o", "yaml"], 64, "invalid value 'yaml'");
}

#[test]
fn no_secret_is_printed_whatever_is_wrong_with_it() {
    let broken = [
        GOOD.replace("canary", "canary$"),
        GOOD.replace("canary", "canary\\"),
        GOOD.replace("canary", "canary 'x"),
        GOOD.replace("canary", "canary\n"),
        GOOD.replace("=", "= #").replace('#', ""),
        GOOD.replace("postgresql+asyncpg", "postgres"),
        GOOD.replace(":pg-", ":pg@"),
        GOOD.replace("SECRET=", "SECRE="),
        GOOD.replace("HIVE_ADMIN_USERNAME=admin", "HIVE_ADMIN_USERNAME"),
        GOOD.replace("session-canary-0815", "internal-canary-2342"),
    ];
    for text in broken {
        let folder = Folder::with(&[("values.env", &text)]);
        for args in [["-f", "values.env", "-vvv"].as_slice(), &["-f", "values.env", "-o", "json"]] {
            let ran = folder.run(args);
            let printed = ran.stdout + &ran.stderr;
            for part in ["canary", "4711", "0815", "2342", "1138", "Y2FuYXJ5"] {
                assert!(!printed.contains(part), "{part} in {printed}");
            }
        }
    }
}

#[test]
fn a_secret_is_not_taken_from_the_command_line() {
    let folder = Folder::with(&[("values.env", GOOD)]);
    let ran = folder.run(&["-f", "values.env", "--set", "HIVE_ADMIN_PASSWORD=canary-argument"]);
    assert_eq!(ran.code, Some(3));
    assert!(!ran.stderr.contains("canary-argument"), "{}", ran.stderr);
}

#[test]
fn colour_is_kept_where_it_is_wanted() {
    let folder = Folder::with(&[("values.env", "")]);
    let colour =
        |when| folder.run(&["-f", "values.env", "--color", when]).stderr.contains('\u{1b}');
    assert!(colour("always"));
    assert!(!colour("never"));
}
