//! What each tool says of a flow that a pod may have: sent by the program's own text to real listeners, in a network
//! namespace where some addresses answer, some refuse, and some swallow packets. The shell is busybox's, with nothing
//! beside it but the one tool.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kubectl_openhive::engine::probe::wire::{Request, Tool, answers};
use testbed::Cache;

/// Applets that even small images have, and the shell itself.
const APPLETS: [&str; 2] = ["sh", "sleep"];

/// Listeners on ports of 127.0.0.1: one that closes at once, one that stays, one that says a word, one that answers
/// DNS queries, and one that takes connections and answers nothing. What is sent to 192.0.2.5 vanishes; .7 is prohibited
/// and .8 unreachable.
const WORLD: &str = r#"
set -e
ip link set lo up
ip link add hole type veth peer name nobody
ip link set nobody up
ip link set hole up
ip address add 192.0.2.1/24 dev hole
ip neighbour add 192.0.2.5 lladdr 02:00:00:00:00:05 dev hole
ip route add prohibit 192.0.2.7/32
ip route add unreachable 192.0.2.8/32
python3 - "$@" <<'PYTHON' &
import selectors, socket, sys
selector, kept = selectors.DefaultSelector(), []
for port in range(8001, 8006):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(16)
    selector.register(sock, selectors.EVENT_READ, port)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 8004))
selector.register(udp, selectors.EVENT_READ, "udp")
def answer(conn):
    conn.settimeout(1)
    try:
        data = conn.recv(512)
        conn.sendall(data)
    except OSError:
        pass
    conn.close()
while True:
    for key, _ in selector.select():
        if key.data == "udp":
            data, peer = udp.recvfrom(512)
            udp.sendto(data, peer)
            continue
        conn = key.fileobj.accept()[0]
        if key.data == 8001:
            conn.close()
        elif key.data == 8003:
            conn.sendall(b"220 hello\r\n")
            kept.append(conn)
        elif key.data == 8004:
            answer(conn)
        else:
            kept.append(conn)
PYTHON
world=$!
trap 'kill $world' EXIT
tries=0
until (: </dev/tcp/127.0.0.1/8005) 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 2000 ] || exit 1
done
"$@"
"#;

/// Runs a tool's program in a world of its own, and returns the words by the number of their order.
fn ask(tool: Tool, path: Option<&Path>, orders: &[Request]) -> BTreeMap<usize, (String, u64)> {
    let script = tool.script("nonce", orders);
    let mut folders = vec![testbed::tools::debian(&Cache::open().unwrap()).unwrap()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", std::env::join_paths(folders).unwrap());
    command.args([
        "--net",
        "--fork",
        "--kill-child",
        "timeout",
        "--kill-after=5",
        "60",
        "bash",
        "-c",
        WORLD,
        "world",
    ]);
    if let Some(path) = path {
        command.args(["env", "-i"]).arg(format!("PATH={}", path.display()));
        command.arg(path.join("sh"));
    } else {
        command.args(tool.command(script.len()));
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    input.flush().unwrap();
    // Standard input stays open, as that of an exec does.
    let output = child.wait_with_output().unwrap();
    drop(input);
    let output = String::from_utf8(output.stdout).unwrap();
    println!("{tool:?}\n{output}");
    answers("nonce", &output)
}

fn order(number: usize, kind: &'static str, host: &str, port: u16) -> Request {
    let limit = Duration::from_secs(1);
    Request { number, kind, host: host.to_owned(), port, tries: 1, limit }
}

/// A folder with busybox under the names of a small image and of this tool.
fn small_image(tool: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let busybox = testbed::tools::busybox(&Cache::open().unwrap()).unwrap();
    for name in APPLETS.iter().chain([&tool]) {
        std::os::unix::fs::symlink(&busybox, folder.path().join(name)).unwrap();
    }
    folder
}

/// What is asked, and what the best of the tools says.
fn questions() -> Vec<(Request, &'static str)> {
    let local = "127.0.0.1";
    let all = [
        ("tcp", local, 8001, "open"),
        ("tcp", local, 8002, "open"),
        ("tcp", local, 8003, "open"),
        ("tcp", local, 8009, "refused"),
        ("tcp", "192.0.2.5", 80, "timeout"),
        ("tcp", "192.0.2.7", 80, "unreachable"),
        ("tcp", "192.0.2.8", 80, "unreachable"),
        ("dns-tcp", local, 8004, "open"),
        ("dns-tcp", local, 8001, "silent"),
        ("dns-tcp", local, 8009, "refused"),
        ("dns-tcp", "192.0.2.5", 53, "timeout"),
        ("dns-udp", local, 8004, "open"),
        ("dns-udp", local, 8009, "refused"),
        ("dns-udp", "192.0.2.5", 53, "timeout"),
        ("dns-udp", "192.0.2.8", 53, "unreachable"),
    ];
    let number = |(number, (kind, host, port, word))| (order(number, kind, host, port), word);
    all.into_iter().enumerate().map(number).collect()
}

fn says(tool: Tool, path: Option<&Path>, can: impl Fn(&Request) -> bool) {
    let questions = questions();
    let orders: Vec<Request> = questions.iter().map(|(order, _)| order.clone()).collect();
    let words = ask(tool, path, &orders);
    for (order, expected) in &questions {
        let said = words.get(&order.number).map(|(word, _)| word.as_str());
        // What a tool cannot tell has no line: it stays unknown.
        assert_eq!(said, can(order).then_some(*expected), "{tool:?}: {order:?}");
    }
}

#[test]
fn python_tells_every_answer() {
    says(Tool::Python, None, |_| true);
}

#[test]
fn node_tells_every_answer() {
    says(Tool::Node, None, |_| true);
}

#[test]
fn nc_of_busybox_tells_all_but_datagrams() {
    let image = small_image("nc");
    says(Tool::Nc, Some(image.path()), |order| order.kind != "dns-udp");
}

#[test]
fn wget_of_busybox_tells_connections() {
    let image = small_image("wget");
    says(Tool::Wget, Some(image.path()), |order| order.kind == "tcp");
}

#[test]
fn a_name_that_does_not_resolve_is_not_a_denial() {
    let order = order(0, "resolve", "no.such.name.invalid", 0);
    for tool in [Tool::Python, Tool::Node] {
        let words = ask(tool, None, std::slice::from_ref(&order));
        assert_eq!(words[&0].0, "dns-failure", "{tool:?}");
    }
    // The shell's tools get addresses alone.
    let image = small_image("nc");
    assert!(ask(Tool::Nc, Some(image.path()), &[order]).is_empty());
}

#[test]
fn a_tool_is_found_where_it_is_and_only_there() {
    let image = small_image("nc");
    let hello = |tool: Tool| {
        let script = tool.hello("nonce");
        // The system's shell: busybox's own knows all applets without a name for them.
        let mut command = Command::new("/bin/sh");
        command.env_clear().env("PATH", image.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim() == "nonce"
    };
    assert!(hello(Tool::Nc));
    assert!(!hello(Tool::Wget));
}
