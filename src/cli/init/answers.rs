//! Where each value comes from: a flag, a file, a question, or chance.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::InitArgs;
use crate::cli::Exit;
use crate::ui::{Failure, PromptError, Ui};
use crate::values::keys::Secrecy;
use crate::values::{self, Key, Problem, database_url};

/// More than any secret needs.
const SECRET_FILE_LIMIT: u64 = 64 * 1024;
/// Random bytes in a secret that no person types.
const SECRET_BYTES: usize = 32;
/// Random bytes in a password: 24 characters.
const PASSWORD_BYTES: usize = 18;

/// The values to write.
#[derive(Default)]
pub struct Answers {
    given: BTreeMap<Key, SecretString>,
    generated: Vec<Key>,
}

impl Answers {
    /// Collects everything, asking where there is a terminal.
    pub fn collect(args: &InitArgs, ui: &Ui) -> Result<Self, Failure> {
        let mut asker = Asker { ui, from_stdin: stdin_user(args)?, missing: Vec::new() };
        let mut answers = Self::default();
        // Flags are checked before a person is asked anything.
        let set = sets(&args.set)?;
        let images = asker.images(args)?;
        let database = asker.database(args)?;
        let ingress = asker.ingress(args)?;
        let username = asker.plain(
            Key::HiveAdminUsername,
            args.admin_username.as_deref(),
            "--admin-username NAME",
            "Name of the first administrator",
            Some("admin"),
        )?;
        let password = asker.admin_password(args)?;
        asker.complete()?;

        answers.given.extend(images);
        answers.given.extend(ingress);
        answers.given.extend(database.map(|url| (Key::DatabaseUrl, url)));
        answers.given.extend(username.map(|name| (Key::HiveAdminUsername, name.into())));
        answers.generate(Key::DashboardSessionSecret, SECRET_BYTES)?;
        answers.generate(Key::HiveInternalSecret, SECRET_BYTES)?;
        match password {
            Some(password) => {
                answers.given.insert(Key::HiveAdminPassword, password);
            }
            None => answers.generate(Key::HiveAdminPassword, PASSWORD_BYTES)?,
        }
        answers.given.extend(set);
        ui.with_redactor(|redactor| {
            for (key, secret) in &answers.given {
                if key.spec().secrecy == Secrecy::Credential {
                    redactor.learn(secret.expose_secret());
                }
            }
        });
        Ok(answers)
    }

    /// How the file writes the key's value.
    pub fn literal(&self, key: Key) -> Option<String> {
        values::template::quote(self.given.get(&key)?.expose_secret())
    }

    /// Names of the keys whose values were made up.
    pub fn generated(&self) -> Vec<&'static str> {
        self.generated.iter().map(|key| key.name()).collect()
    }

    fn generate(&mut self, key: Key, bytes: usize) -> Result<(), Failure> {
        let mut random = vec![0; bytes];
        getrandom::fill(&mut random).map_err(|error| {
            Failure::new(Exit::Error, "the system gives no random numbers")
                .cause(error.to_string())
                .now("nothing was written")
        })?;
        self.given.insert(key, URL_SAFE_NO_PAD.encode(random).into());
        self.generated.push(key);
        Ok(())
    }
}

/// Asks, or notes what would have to be asked.
struct Asker<'a> {
    ui: &'a Ui,
    /// The flag whose secret is read from standard input, which then answers nothing else.
    from_stdin: Option<&'static str>,
    /// Flags without which nothing can be written.
    missing: Vec<&'static str>,
}

impl Asker<'_> {
    fn interactive(&self) -> bool {
        self.ui.interactive() && self.from_stdin.is_none()
    }

    fn complete(&self) -> Result<(), Failure> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let cause = match self.from_stdin {
            Some(flag) => format!("nothing can be asked: {flag} reads standard input"),
            None => "nothing can be asked: this is not a terminal".to_owned(),
        };
        Err(Failure::new(Exit::Usage, "init needs to know more")
            .cause(cause)
            .fix(format!("give  {}", self.missing.join("  ")))
            .now("nothing was written"))
    }

    fn images(&mut self, args: &InitArgs) -> Result<Vec<(Key, SecretString)>, Failure> {
        const COMPONENTS: [(Key, &str); 4] = [
            (Key::GatewayImage, "gateway"),
            (Key::DashboardImage, "dashboard"),
            (Key::AgentImage, "agent"),
            (Key::SandboxImage, "sandbox"),
        ];
        let registry = args.registry.trim_end_matches('/');
        let image = |component: &str, tag: &str| format!("{registry}/openhive-{component}:{tag}");
        let check = |tag: &str| values::problem_of(Key::GatewayImage, &image("gateway", tag));
        let tag = match &args.tag {
            Some(tag) => Some(checked(tag, "--tag", check)?),
            None => self.question("Tag of the images, such as v1.4.0", None, "--tag TAG", check)?,
        };
        Ok(tag.map_or_else(Vec::new, |tag| {
            COMPONENTS.map(|(key, name)| (key, image(name, &tag).into())).into()
        }))
    }

    fn database(&mut self, args: &InitArgs) -> Result<Option<SecretString>, Failure> {
        if let Some(path) = &args.database_url_file {
            let url = secret_file(path, "--database-url-file")?;
            let check = |url: &str| values::problem_of(Key::DatabaseUrl, url);
            checked(url.expose_secret(), "--database-url-file", check)?;
            return Ok(Some(url));
        }
        // Each part is checked in a URL whose other parts are known to be good.
        let check = |parts: [&str; 5]| {
            let [user, password, host, port, name] = parts;
            values::problem_of(Key::DatabaseUrl, &database_url(user, password, host, port, name))
        };
        const GOOD: &str = "good-enough";
        let host = self.part(
            args.database_host.as_deref(),
            ("Host of the PostgreSQL server", None, "--database-host HOST"),
            |host| check([GOOD, GOOD, host, "5432", GOOD]),
        )?;
        let port = self.part(
            args.database_port.as_deref(),
            ("Its port", Some("5432"), "--database-port PORT"),
            |port| check([GOOD, GOOD, GOOD, port, GOOD]),
        )?;
        let name = self.part(
            args.database_name.as_deref(),
            ("Name of the database", Some("hive"), "--database-name NAME"),
            |name| check([GOOD, GOOD, GOOD, "5432", name]),
        )?;
        let user = self.part(
            args.database_user.as_deref(),
            ("User of the database", Some("hive"), "--database-user NAME"),
            |user| check([user, GOOD, GOOD, "5432", GOOD]),
        )?;
        let check = |password: &str| check([GOOD, password, GOOD, "5432", GOOD]);
        let password = match &args.database_password_file {
            Some(path) => {
                let password = secret_file(path, "--database-password-file")?;
                checked(password.expose_secret(), "--database-password-file", check)?;
                Some(password)
            }
            None if self.interactive() => Some(self.secret("Password of that user", check)?),
            None => {
                self.missing.push("--database-password-file FILE");
                None
            }
        };
        let (Some(host), Some(port), Some(name), Some(user), Some(password)) =
            (host, port, name, user, password)
        else {
            return Ok(None);
        };
        Ok(Some(database_url(&user, password.expose_secret(), &host, &port, &name).into()))
    }

    fn ingress(&mut self, args: &InitArgs) -> Result<Vec<(Key, SecretString)>, Failure> {
        if !Key::IngressHost.required(args.profile) {
            return Ok(Vec::new());
        }
        let asked = [
            (Key::IngressHost, &args.host, "--host NAME", "DNS name for the dashboard", None),
            (
                Key::IngressClass,
                &args.ingress_class,
                "--ingress-class NAME",
                "IngressClass",
                Some("nginx"),
            ),
            (
                Key::IngressTlsSecret,
                &args.tls_secret,
                "--tls-secret NAME",
                "Secret with its certificate",
                Some("openhive-tls"),
            ),
            (
                Key::CertManagerClusterIssuer,
                &args.cluster_issuer,
                "--cluster-issuer NAME",
                "cert-manager ClusterIssuer that makes it, empty for none",
                Some(""),
            ),
        ];
        let mut answers = Vec::new();
        for (key, given, flag, question, default) in asked {
            let answer = self.plain(key, given.as_deref(), flag, question, default)?;
            answers.extend(
                answer.filter(|answer| !answer.is_empty()).map(|answer| (key, answer.into())),
            );
        }
        Ok(answers)
    }

    fn admin_password(&self, args: &InitArgs) -> Result<Option<SecretString>, Failure> {
        let check = |password: &str| values::problem_of(Key::HiveAdminPassword, password);
        if let Some(path) = &args.admin_password_file {
            let password = secret_file(path, "--admin-password-file")?;
            checked(password.expose_secret(), "--admin-password-file", check)?;
            return Ok(Some(password));
        }
        if !self.interactive() {
            return Ok(None);
        }
        let check = |password: &str| if password.is_empty() { None } else { check(password) };
        let password =
            self.secret("Password of the administrator, empty to generate one", check)?;
        Ok(Some(password).filter(|password| !password.expose_secret().is_empty()))
    }

    fn plain(
        &mut self,
        key: Key,
        given: Option<&str>,
        flag: &'static str,
        question: &str,
        default: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        let check = |text: &str| {
            let optional = default == Some("") && text.is_empty();
            if optional { None } else { values::problem_of(key, text) }
        };
        match given {
            Some(text) => checked(text, flag, check).map(Some),
            None => self.question(question, default, flag, check),
        }
    }

    fn part(
        &mut self,
        given: Option<&str>,
        (question, default, flag): (&str, Option<&str>, &'static str),
        check: impl Fn(&str) -> Option<Problem>,
    ) -> Result<Option<String>, Failure> {
        match given {
            Some(text) => checked(text, flag, check).map(Some),
            None => self.question(question, default, flag, check),
        }
    }

    /// Asks until the answer is good or the person gives up.
    fn question(
        &mut self,
        question: &str,
        default: Option<&str>,
        flag: &'static str,
        check: impl Fn(&str) -> Option<Problem>,
    ) -> Result<Option<String>, Failure> {
        if !self.interactive() {
            if default.is_none() {
                self.missing.push(flag);
            }
            return Ok(default.map(str::to_owned));
        }
        loop {
            let answer = self.ui.ask(question, default).map_err(gave_up)?;
            match check(&answer) {
                None => return Ok(Some(answer)),
                Some(problem) => self.tell(&problem),
            }
        }
    }

    fn secret(
        &self,
        question: &str,
        check: impl Fn(&str) -> Option<Problem>,
    ) -> Result<SecretString, Failure> {
        loop {
            let answer = self.ui.ask_secret(question).map_err(gave_up)?;
            match check(answer.expose_secret()) {
                None => return Ok(answer),
                Some(problem) => self.tell(&problem),
            }
        }
    }

    fn tell(&self, problem: &Problem) {
        let hint = problem.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
        self.ui.warn(&format!("{}{hint}", problem.message()));
    }
}

/// A value from a flag or a file.
fn checked(
    text: &str,
    flag: &str,
    check: impl Fn(&str) -> Option<Problem>,
) -> Result<String, Failure> {
    let Some(problem) = check(text) else { return Ok(text.to_owned()) };
    let flag = flag.split(' ').next().unwrap_or(flag);
    let failure =
        Failure::new(Exit::Values, format!("{flag} cannot be used")).cause(problem.message());
    let failure = match problem.hint() {
        Some(hint) => failure.fix(hint),
        None => failure,
    };
    Err(failure.now("nothing was written"))
}

/// `--set`, which takes public keys only.
fn sets(sets: &[String]) -> Result<Vec<(Key, SecretString)>, Failure> {
    let problems = match values::load(&[], sets, crate::render::Profile::default()) {
        Ok(_) => Vec::new(),
        Err(report) => report.errors,
    };
    let mut own = problems.into_iter().filter(|problem| problem.place.is_some()).peekable();
    if own.peek().is_some() {
        let failure = Failure::new(Exit::Values, "--set cannot be used");
        return Err(own
            .fold(failure, |failure, problem| failure.seen(problem.to_string()))
            .now("nothing was written"));
    }
    Ok(sets
        .iter()
        .filter_map(|set| set.split_once('='))
        .filter_map(|(name, value)| Some((Key::from_name(name)?, value.into())))
        .collect())
}

/// The flag that reads standard input; only one can.
fn stdin_user(args: &InitArgs) -> Result<Option<&'static str>, Failure> {
    let mut users = [
        ("--database-url-file", &args.database_url_file),
        ("--database-password-file", &args.database_password_file),
        ("--admin-password-file", &args.admin_password_file),
    ]
    .into_iter()
    .filter(|(_, path)| path.as_deref().is_some_and(|path| path.as_os_str() == "-"))
    .map(|(flag, _)| flag);
    let first = users.next();
    match users.next() {
        Some(second) => Err(Failure::new(Exit::Usage, "standard input can be read once")
            .cause(format!("{} and {second} both name it", first.unwrap_or_default()))
            .fix("put one of the secrets into a file")
            .now("nothing was written")),
        None => Ok(first),
    }
}

/// A secret of one line; the line break at its end does not belong to it.
fn secret_file(path: &Path, flag: &str) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(SECRET_FILE_LIMIT).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(SECRET_FILE_LIMIT).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text
            .strip_suffix('\n')
            .map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text))
            .into()),
        Err(error) => {
            let name = path.display();
            Err(Failure::new(Exit::Values, format!("cannot read {name}, which {flag} names"))
                .cause(match error.kind() {
                    io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
                    _ => error.to_string(),
                })
                .now("nothing was written"))
        }
    }
}

fn gave_up(error: PromptError) -> Failure {
    let exit = match error {
        PromptError::Interrupted => Exit::Interrupted,
        PromptError::Ended | PromptError::Io(_) => Exit::Error,
    };
    Failure::new(exit, "init was not finished").cause(error.to_string()).now("nothing was written")
}
