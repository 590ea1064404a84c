use serde_json::json;
use testbed::images::catalogue::Role;

use super::gateway::{migrate, serve, strict};
use super::machine::{Container, machine, port};

fn dashboard(gateway: u16, port: u16) -> Container<'static> {
    machine()
        .container(Role::Dashboard, "v1.0.0")
        .env("HIVE_GATEWAY_INTERNAL_URL", &format!("http://127.0.0.1:{gateway}"))
        .env("HOSTNAME", "0.0.0.0")
        .env("PORT", &port.to_string())
}

#[test]
fn it_proxies_to_the_gateway() {
    let database = machine().database();
    assert!(migrate("v1.0.0", &database.url).status.success());
    let (upstream, port) = (port(), port());
    let gateway = strict("v1.0.0", &database.url);
    let _gateway =
        gateway.start(&serve(upstream).each_ref().map(String::as_str)).until("Uvicorn running");
    let container = dashboard(upstream, port);
    let running = container.start(&["node", "server.js"]).until("dashboard is ready");

    let at = format!("http://127.0.0.1:{port}");
    let own = container.get(&format!("{at}/dashboard-healthz"));
    assert_eq!(own.json(), json!({ "status": "ok", "role": "dashboard", "version": "v1.0.0" }));
    let through = container.get(&format!("{at}/healthz")).json();
    assert_eq!(
        (through["role"].as_str(), through["database"].as_str()),
        (Some("gateway"), Some("ok"))
    );
    assert_eq!(container.get(&format!("{at}/api/version")).status, Some(200));
    let login = container.post(
        &format!("{at}/api/auth/login"),
        "Content-Type: application/json",
        r#"{"username": "admin", "password": "canary-admin"}"#,
    );
    assert_eq!(login.status, Some(200));
    assert!(login.head.contains("set-cookie: openhive_session="), "{}", login.head);
    assert_eq!(container.get(&format!("{at}/nothing")).status, Some(404));
    assert!(container.get(&at).body.contains("<h1>OpenHive</h1>"));

    let ended = running.terminate();
    assert!(ended.status.success(), "{}", ended.status);
    ended.leaks_nothing();
}

#[test]
fn without_a_gateway_it_is_alive_and_says_what_it_cannot_reach() {
    let (nobody, port) = (port(), port());
    let container = dashboard(nobody, port);
    let running = container.start(&["node", "server.js"]).until("dashboard is ready");
    let at = format!("http://127.0.0.1:{port}");
    assert_eq!(container.get(&format!("{at}/dashboard-healthz")).status, Some(200));
    for path in ["/healthz", "/api/version"] {
        let answer = container.get(&format!("{at}{path}"));
        assert_eq!(answer.status, Some(502));
        let body = answer.json();
        assert_eq!(body["error"], "gateway cannot be reached");
        assert_eq!(body["upstream"], format!("http://127.0.0.1:{nobody}"));
        assert!(body["reason"].as_str().unwrap().contains("ECONNREFUSED"), "{body}");
    }
    let ended = running.terminate();
    assert!(ended.stdout.contains("gateway_unreachable"), "{}", ended.stdout);
}
