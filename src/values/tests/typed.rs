//! Every key's own rules.

use secrecy::ExposeSecret;

use super::super::*;
use super::{accepted, load_text, problem, with};

fn reason(key: &str, literal: &str) -> Reason {
    problem(key, literal).reason
}

#[test]
fn databases() {
    let url = |rest: &str| format!("'postgresql+asyncpg://{rest}'");
    let database = |rest: &str| accepted("DATABASE_URL", &url(rest)).database;

    let plain = database("hive:p%40ss%2Fword%25@db.openhive.test/hive?ssl=require");
    assert_eq!(plain.port, 5432);
    assert_eq!(plain.password.unwrap().expose_secret(), "p@ss/word%");
    assert!(plain.url.expose_secret().ends_with("/hive?ssl=require"));
    let v6 = database("hive:password4711@[2001:db8::1]:6432/hive");
    assert_eq!((v6.host.as_str(), v6.port), ("2001:db8::1", 6432));
    let v4 = database("hi%3Ave@192.0.2.7/h-i.ve");
    assert_eq!(
        (v4.host.as_str(), v4.user.as_str(), v4.name.as_str()),
        ("192.0.2.7", "hi:ve", "h-i.ve")
    );
    assert!(v4.password.is_none());
    assert_eq!(
        database("hive:password+4711@db/hive").password.unwrap().expose_secret(),
        "password+4711"
    );

    for (rest, expected) in [
        ("u:pass4711@h:6432", Reason::NoDatabase),
        ("u:pass4711@h/", Reason::NoDatabase),
        ("u:pass4711@h/a%20b", Reason::DatabaseName),
        ("u:pass4711@h/a/b", Reason::DatabaseName),
        ("u:pass4711@h:0/d", Reason::UrlPort),
        ("u:pass4711@h:65536/d", Reason::UrlPort),
        ("u:pass4711@h:/d", Reason::UrlPort),
        ("u:pass4711@h:5432x/d", Reason::UrlPort),
        ("u:pass4711@/d", Reason::NoHost),
        ("u:pass4711@:5432/d", Reason::NoHost),
        ("u:pass4711@h_/d x", Reason::UrlCharacter),
        ("u:pass4711@h,i/d", Reason::Host),
        ("u:pass4711@10.0.0.300/d", Reason::Host),
        ("u:pass4711@[::g]/d", Reason::Host),
        ("u:pass4711@2001:db8::1/d", Reason::HostBrackets),
        ("u:pass4711@localhost/d", Reason::Loopback),
        ("u:pass4711@127.0.0.1/d", Reason::Loopback),
        ("u:pass4711@[::1]/d", Reason::Loopback),
        ("u:pass4711@0.0.0.0/d", Reason::Loopback),
        ("h/d", Reason::NoUser),
        (":pass4711@h/d", Reason::NoUser),
        ("u:pass@4711@h/d", Reason::UnencodedUserInfo),
        ("u:pass/4711@h/d", Reason::UnencodedUserInfo),
        ("u:pass?4711@h/d", Reason::UnencodedUserInfo),
        ("u:pass#4711@h/d", Reason::UnencodedUserInfo),
        ("u:pass:4711@h/d", Reason::UnencodedUserInfo),
        ("u:pass%4711%@h/d", Reason::PercentEncoding),
        ("u:pass4711%zz@h/d", Reason::PercentEncoding),
        ("u:pass4711%ff@h/d", Reason::PercentEncoding),
        ("u:pass4711%00@h/d", Reason::PercentEncoding),
        ("u:short@h/d", Reason::ShortPassword),
        ("u:@h/d", Reason::ShortPassword),
        ("u:pass4711@h/d?host=i", Reason::QueryOverride { parameter: "host" }),
        ("u:pass4711@h/d?ssl=require&%70ort=1", Reason::QueryOverride { parameter: "port" }),
        ("u:pass4711@h/d?sslmode=require", Reason::Sslmode),
        ("u:replace-me-now@h/d", Reason::Placeholder),
        ("u:pass4711@postgres.example:5432/d", Reason::Placeholder),
        ("u:pass4711@db.Example.com./d", Reason::Placeholder),
    ] {
        assert_eq!(reason("DATABASE_URL", &url(rest)), expected, "{rest}");
    }
    for scheme in ["postgres", "postgresql", "postgresql+psycopg2", "POSTGRESQL+ASYNCPG"] {
        let literal = format!("{scheme}://u:pass4711@h/d");
        assert_eq!(reason("DATABASE_URL", &literal), Reason::DatabaseScheme);
    }
}

#[test]
fn credentials() {
    for key in [
        "DASHBOARD_SESSION_SECRET",
        "HIVE_INTERNAL_SECRET",
        "HIVE_ADMIN_PASSWORD",
        "OPENAI_API_KEY",
    ] {
        assert_eq!(reason(key, "1234567"), Reason::ShortCredential, "{key}");
        assert_eq!(reason(key, "change-me"), Reason::Placeholder, "{key}");
        accepted(key, "12345678");
    }
    accepted("HIVE_ADMIN_USERNAME", "al");
    accepted("CODEX_MODEL", "o1");
    assert_eq!(reason("HIVE_ADMIN_USERNAME", "' admin'"), Reason::OuterBlank);
    assert_eq!(reason("HIVE_ADMIN_PASSWORD", ""), Reason::Empty);
    assert_eq!(
        reason("HIVE_INTERNAL_SECRET", "session-canary-0815"),
        Reason::EqualSecrets { other: "DASHBOARD_SESSION_SECRET" }
    );
    assert_eq!(
        reason("HIVE_ADMIN_PASSWORD", "pg-canary-4711"),
        Reason::EqualSecrets { other: "DATABASE_URL" }
    );
}

#[test]
fn images() {
    let image = |text: &str| accepted("OPENHIVE_PIPELINE_IMAGE", text).images.pipeline;
    let hex = "0123456789abcdef".repeat(4);
    assert_eq!(image("localhost:5000/a/b__c-d.e:v1.4.0").tag.unwrap(), "v1.4.0");
    assert_eq!(image("[2001:db8::1]:5000/a:v1.4.0").tag.unwrap(), "v1.4.0");
    assert_eq!(image("sandbox:v1.4.0").tag.unwrap(), "v1.4.0");
    let pinned = image(&format!("ghcr.io/a/b@sha256:{hex}"));
    assert_eq!((pinned.tag, pinned.digest.unwrap()), (None, format!("sha256:{hex}")));
    image(&format!("ghcr.io/a/b:v1.4.0@sha256:{hex}"));

    for (text, expected) in [
        ("https://ghcr.io/a/b:v1", Reason::ImageScheme),
        ("ghcr.io/A/b:v1", Reason::ImageCase),
        ("ghcr.io/a/b:-v1", Reason::ImageTag),
        ("ghcr.io/a/b:", Reason::ImageTag),
        ("ghcr.io/a/b:v1:v2", Reason::ImageTag),
        ("ghcr.io/a/b@sha256:abc", Reason::ImageDigest),
        ("ghcr.io/a/b@md5:abc", Reason::ImageDigest),
        ("ghcr.io//b:v1", Reason::Image),
        ("ghcr.io/a..b:v1", Reason::Image),
        ("ghcr.io/a/:v1", Reason::Image),
        ("'ghcr.io/a b:v1'", Reason::Image),
        ("ghcr.io/a/b:replace-with-tag", Reason::Placeholder),
    ] {
        assert_eq!(reason("OPENHIVE_AGENT_IMAGE", text), expected, "{text}");
    }
    let long = format!("ghcr.io/{}:v1", "a".repeat(300));
    assert_eq!(reason("OPENHIVE_AGENT_IMAGE", &long), Reason::LongName { limit: 255 });
}

#[test]
fn tags_that_surprise_are_warned_of() {
    let repository = "ghcr.io/terrywangcode/openhive-agent";
    let warnings = |tag: &str| {
        let text = with(&[("OPENHIVE_AGENT_IMAGE", &format!("{repository}{tag}"))]);
        load_text(&text).unwrap().warnings.into_iter().map(|w| w.reason).collect::<Vec<_>>()
    };
    let mixed = |tag: &str| Reason::MixedTags {
        tags: vec![format!("{tag} (agent)"), "v1.4.0 (gateway, dashboard, sandbox)".to_owned()],
    };
    let sorted = |mut reasons: Vec<Reason>| {
        reasons.sort_by_key(|reason| matches!(reason, Reason::MixedTags { .. }));
        reasons
    };
    assert_eq!(sorted(warnings(":latest")), [Reason::LatestTag, mixed("latest")]);
    assert_eq!(sorted(warnings("")), [Reason::NoTag, mixed("latest")]);
    assert_eq!(warnings(":v1.3.0"), [mixed("v1.3.0")]);
    assert_eq!(warnings(&format!("@sha256:{}", "a".repeat(64))), []);
}

#[test]
fn ingress() {
    for (text, expected) in [
        ("https://hive.acme.dev", Reason::NotAHost),
        ("hive.acme.dev:443", Reason::NotAHost),
        ("hive.acme.dev/x", Reason::NotAHost),
        ("Hive.acme.dev", Reason::Name),
        ("hive_x.acme.dev", Reason::Name),
        ("hive..dev", Reason::Name),
        ("'*.acme.dev'", Reason::Wildcard),
        ("192.0.2.1", Reason::AddressNotName),
        ("2001:db8::1", Reason::AddressNotName),
        ("openhive.example.com", Reason::Placeholder),
        ("example.com", Reason::Placeholder),
    ] {
        assert_eq!(reason("OPENHIVE_INGRESS_HOST", text), expected, "{text}");
    }
    let long = format!("{}.dev", "a".repeat(64));
    assert_eq!(reason("OPENHIVE_INGRESS_HOST", &long), Reason::LongName { limit: 63 });
    accepted("OPENHIVE_INGRESS_HOST", "openhive.example.org");
    accepted("OPENHIVE_INGRESS_HOST", "notexample.com");
    assert_eq!(reason("OPENHIVE_INGRESS_TLS_SECRET", "openhive-example-tls"), Reason::Placeholder);
    assert_eq!(reason("OPENHIVE_INGRESS_TLS_SECRET", "Tls"), Reason::Name);
    let issuer = |text: &str| {
        accepted("OPENHIVE_CERT_MANAGER_CLUSTER_ISSUER", text).ingress.unwrap().cluster_issuer
    };
    assert_eq!(issuer("letsencrypt-prod").unwrap(), "letsencrypt-prod");
    assert_eq!(issuer(""), None);
}

#[test]
fn an_ingress_that_nothing_can_reach_is_warned_of() {
    assert_eq!(reason("OPENHIVE_INGRESS_CLASS", "traefik"), Reason::IngressUnreachable);
    let class = ("OPENHIVE_INGRESS_CLASS", "traefik");
    for further in [
        ("OPENHIVE_INGRESS_CONTROLLER_NAMESPACE", "traefik"),
        ("OPENHIVE_INGRESS_CONTROLLER_CIDRS", "192.0.2.0/24"),
    ] {
        assert_eq!(load_text(&with(&[class, further])).unwrap().warnings, []);
    }
    let source = Source::new("a", with(&[class]));
    assert_eq!(load(&[source], &[], Profile::Gateway).unwrap().warnings, []);
}

#[test]
fn networks() {
    for key in ["OPENHIVE_DATABASE_CIDR", "OPENHIVE_API_SERVER_CIDR", "OPENHIVE_CLUSTER_CIDRS"] {
        assert_eq!(
            reason(key, "10.1.2.3/8"),
            Reason::HostBits { network: "10.0.0.0/8".parse().unwrap() }
        );
        assert_eq!(
            reason(key, "10.1.2.3"),
            Reason::NoPrefix { network: "10.1.2.3/32".parse().unwrap() }
        );
        assert_eq!(reason(key, "10.0.0.0/33"), Reason::Cidr);
        assert_eq!(reason(key, "::ffff:10.0.0.0/104"), Reason::MappedAddress);
        accepted(key, "2001:db8::/32");
    }
    let listed = problem("OPENHIVE_CLUSTER_CIDRS", "'10.0.0.0/8, 10.1.0.0/33'");
    assert_eq!((listed.entry, listed.reason), (Some(2), Reason::Cidr));
    let trailing = problem("OPENHIVE_CLUSTER_CIDRS", "10.0.0.0/8,");
    assert_eq!((trailing.entry, trailing.reason), (Some(2), Reason::EmptyEntry));
    let twice = accepted("OPENHIVE_CLUSTER_CIDRS", "10.0.0.0/8,10.0.0.0/8");
    assert_eq!(twice.cluster_cidrs.len(), 1);

    let database = ("DATABASE_URL", "'postgresql+asyncpg://u:pass4711@192.0.2.7/d'");
    let outside = with(&[database, ("OPENHIVE_DATABASE_CIDR", "198.51.100.0/24")]);
    assert!(matches!(
        load_text(&outside).unwrap_err().errors[0].reason,
        Reason::DatabaseOutsideCidr { .. }
    ));
    load_text(&with(&[database, ("OPENHIVE_DATABASE_CIDR", "192.0.2.0/24")])).unwrap();
}

#[test]
fn sandbox_egress() {
    let key = "OPENHIVE_SANDBOX_EGRESS_ALLOW";
    let allowed =
        accepted(key, "'192.0.2.0/24:8443, 198.51.100.0/24,2001:db8::/32,[2001:db8::/32]:443'");
    let ports: Vec<_> = allowed.sandbox_egress_allow.iter().map(|allow| allow.port).collect();
    assert_eq!(ports, [Some(8443), None, None, Some(443)]);
    assert_eq!(allowed.sandbox_egress_allow[3].cidr, "2001:db8::/32".parse().unwrap());
    for (text, expected) in [
        ("192.0.2.0/24:0", Reason::Port),
        ("192.0.2.0/24:65536", Reason::Port),
        ("192.0.2.7:443", Reason::NoPrefix { network: "192.0.2.7/32".parse().unwrap() }),
        ("2001:db8::/32:443", Reason::Brackets),
        ("[2001:db8::/32]443", Reason::Port),
        ("0.0.0.0/0", Reason::OpensEverything),
        ("::/0", Reason::OpensEverything),
        ("169.254.0.0/16", Reason::OpensMetadata),
    ] {
        assert_eq!(reason(key, text), expected, "{text}");
    }
}

#[test]
fn ports_and_selectors() {
    for key in ["OPENHIVE_API_SERVER_PORTS", "OPENHIVE_DNS_PORTS"] {
        for text in ["0", "65536", "x", "+1", "080", "'1 2'", "1.0"] {
            assert_eq!(reason(key, text), Reason::Port, "{text}");
        }
    }
    let ports = accepted("OPENHIVE_API_SERVER_PORTS", "6443,443,6443").api_server_ports;
    assert_eq!(ports.unwrap(), [6443, 443]);
    let selector = accepted(
        "OPENHIVE_DNS_SELECTOR",
        "k8s-app=kube-dns,dns.operator.openshift.io/daemonset-dns=default",
    );
    assert_eq!(selector.dns_selector.unwrap().len(), 2);
    for text in ["kube-dns", "=x", "a=b=c", "a==b", "-a=b", "a/b/c=d"] {
        assert_eq!(reason("OPENHIVE_DNS_SELECTOR", text), Reason::Label, "{text}");
    }
    assert_eq!(reason("OPENHIVE_DNS_SELECTOR", "a=b,a=c"), Reason::DuplicateLabel);
}

#[test]
fn objects_and_quantities() {
    let pull = accepted("OPENHIVE_IMAGE_PULL_SECRET", "default/registry.v1").image_pull_secret;
    assert_eq!(pull.unwrap().name, "registry.v1");
    for text in ["registry", "a.b/registry", "default/", "/x", "a/b/c"] {
        assert_eq!(reason("OPENHIVE_IMAGE_PULL_SECRET", text), Reason::Name, "{text}");
    }
    assert_eq!(accepted("OPENHIVE_RUN_AS_USER", "2147483647").run_as_user, 2_147_483_647);
    assert_eq!(reason("OPENHIVE_RUN_AS_USER", "0"), Reason::Root);
    for text in ["2147483648", "-1", "+1", "root", "1.0"] {
        assert_eq!(reason("OPENHIVE_RUN_AS_USER", text), Reason::Number, "{text}");
    }
    for text in ["1Gi", "1.5Gi", "500M", "1048576", "2e9", "8Ti"] {
        assert_eq!(accepted("OPENHIVE_AGENT_CONFIG_SIZE", text).agent_config_size, text);
    }
    for text in ["1GB", "1 Gi", "Gi", ".5Gi", "5.Gi", "-1Gi", "1.2.3Gi", "9Ei", "1e", "500m"] {
        let quoted = format!("'{text}'");
        assert_eq!(reason("OPENHIVE_AGENT_CONFIG_SIZE", &quoted), Reason::Quantity, "{text}");
    }
    assert_eq!(reason("OPENHIVE_AGENT_CONFIG_SIZE", "10"), Reason::SmallQuantity);
    assert_eq!(accepted("HIVE_ADMIN_USERNAME", "admin").agent_config_size, "1Gi");
}

#[test]
fn the_sandbox_and_its_relay() {
    let backend = accepted("HIVE_SANDBOX_CODING_BACKEND", "relay_helper").coding_backend;
    assert_eq!(backend, Some(CodingBackend::RelayHelper));
    assert_eq!(reason("HIVE_SANDBOX_CODING_BACKEND", "codex"), Reason::NotOneOf);
    assert_eq!(reason("CODEX_REQUIRES_OPENAI_AUTH", "yes"), Reason::NotOneOf);
    assert_eq!(reason("CODEX_ENV_KEY", "GEMINI_API_KEY"), Reason::NotOneOf);
    assert_eq!(
        reason("CODEX_ENV_KEY", "QWEN_API_KEY"),
        Reason::CodexKeyAbsent { names: "QWEN_API_KEY" }
    );
    assert_eq!(reason("CODEX_BASE_URL", "https://u:p@llm.acme.dev"), Reason::UrlUserInfo);
    assert_eq!(reason("CODEX_BASE_URL", "llm.acme.dev"), Reason::HttpScheme);
    assert_eq!(reason("CODEX_PROVIDER_ID", "'a b'"), Reason::Name);

    let url = "HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_URL";
    let token = "HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_TOKEN";
    let relay = accepted(url, "https://relay.acme.dev/apply@v1").relay.unwrap();
    assert_eq!((relay.host.as_str(), relay.port), ("relay.acme.dev", 443));
    assert_eq!(accepted(url, "http://192.0.2.9").relay.unwrap().port, 80);
    assert_eq!(accepted(url, "https://[2001:db8::9]:8443").relay.unwrap().host, "2001:db8::9");
    assert_eq!(reason(url, "http://localhost:9000"), Reason::Loopback);
    assert_eq!(reason(url, "https://relay.example/x"), Reason::Placeholder);
    assert_eq!(reason(token, "relay-token-1"), Reason::Needs { needs: url });
    let plain =
        load_text(&with(&[(url, "http://relay.acme.dev"), (token, "relay-token-1")])).unwrap();
    assert_eq!(plain.warnings[0].reason, Reason::PlainRelay);
    assert!(plain.values.credentials().any(|credential| credential == "relay-token-1"));
}

#[test]
fn credentials_are_those_of_the_file_and_of_its_url() {
    let url = "'postgresql+asyncpg://hive:p%40ssw%6frd@db/hive'";
    let text =
        with(&[("DATABASE_URL", url), ("QWEN_API_KEY", "qwen-key-1"), ("CODEX_MODEL", "gpt-5.4")]);
    let values = load_text(&text).unwrap().values;
    let credentials: Vec<_> = values.credentials().collect();
    for expected in
        ["p@ssword", "p%40ssw%6frd", url.trim_matches('\''), "qwen-key-1", "pass canary $HOME"]
    {
        assert!(credentials.contains(&expected), "{expected}");
    }
    assert!(!credentials.contains(&"admin") && !credentials.contains(&"gpt-5.4"));
}
