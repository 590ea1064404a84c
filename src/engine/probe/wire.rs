//! What is sent into a pod, and the lines that come back. Pure.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::{Value, json};

use netpol::observe::Answer;

/// What a pod can run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tool {
    /// `python3`.
    Python,
    /// `node`.
    Node,
    /// `nc` of any make, and a shell.
    Nc,
    /// `wget`, and a shell. It sends no query, so DNS stays unknown.
    Wget,
}

/// Reads as many bytes as its argument says, then runs them: no limit of an argument's length, and
/// no need for standard input to end.
const PYTHON: &str =
    "import sys\nexec(compile(sys.stdin.buffer.read(int(sys.argv[1])), 'probe', 'exec'))";
const NODE: &str = "const fs=require('fs');const n=+process.argv[1],b=Buffer.alloc(n);let o=0;\
    while(o<n){try{const r=fs.readSync(0,b,o,n-o);if(!r)break;o+=r}catch(e){if(e.code!=='EAGAIN')throw e}}\
    new Function('require',b.toString())(require)";

impl Tool {
    /// In this order: three of the four images have Python, one has Node, and both tell an answer
    /// better than a shell's tools.
    pub const ALL: [Self; 4] = [Self::Python, Self::Node, Self::Nc, Self::Wget];

    /// The command that reads a program of so many bytes from standard input.
    #[must_use]
    pub fn command(self, length: usize) -> Vec<String> {
        let (program, flag, text) = match self {
            Self::Python => ("python3", "-c", PYTHON),
            Self::Node => ("node", "-e", NODE),
            // It runs each line when it has read it, and ends where the program says so.
            Self::Nc | Self::Wget => return vec!["sh".to_owned()],
        };
        [program, flag, text, &length.to_string()].map(str::to_owned).to_vec()
    }

    /// Its name, for the two of a shell.
    const fn name(self) -> &'static str {
        match self {
            Self::Python => "python3",
            Self::Node => "node",
            Self::Nc => "nc",
            Self::Wget => "wget",
        }
    }

    /// A program that prints the nonce and ends.
    #[must_use]
    pub fn hello(self, nonce: &str) -> String {
        match self {
            Self::Python => format!("print({nonce:?})\n"),
            Self::Node => format!("console.log({nonce:?})\n"),
            Self::Nc | Self::Wget => format!(
                "command -v {} >/dev/null && [ -r /proc/net/tcp ] && echo '{nonce}'; exit\n",
                self.name()
            ),
        }
    }

    /// The program with its plan.
    #[must_use]
    pub fn script(self, nonce: &str, requests: &[Request]) -> String {
        // Lists, strings, and numbers are written alike in JSON and in both languages.
        let plan = || Value::Array(requests.iter().map(Request::to_json).collect());
        match self {
            Self::Python => {
                let text = include_str!("scripts/client.py");
                format!("NONCE = {nonce:?}\nPLAN = {}\n{text}", plan())
            }
            Self::Node => {
                let text = include_str!("scripts/client.js");
                format!("const NONCE = {nonce:?}, PLAN = {};\n{text}", plan())
            }
            Self::Nc | Self::Wget => {
                let text = include_str!("scripts/client.sh");
                let calls: String = requests.iter().filter_map(Request::to_call).collect();
                format!("NONCE='{nonce}' TOOL={}\n{text}{calls}wait\nexit 0\n", self.name())
            }
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number.
    pub number: usize,
    /// `tcp`, `dns-udp`, `dns-tcp`, `resolve`.
    pub kind: &'static str,
    /// An address; to resolve, a name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How often it is tried until something comes back.
    pub tries: u32,
    /// How long a try takes at the most.
    pub limit: Duration,
}

impl Request {
    fn to_json(&self) -> Value {
        let limit = self.limit.as_secs_f64();
        json!([self.number, self.kind, self.host, self.port, self.tries, limit])
    }

    /// The call of `run` in the shell's script, beside the others. Only addresses get one: nothing
    /// else stands in a shell's program.
    fn to_call(&self) -> Option<String> {
        let address: Ipv4Addr = self.host.parse().ok()?;
        let Self { number, kind, host, port, tries, limit } = self;
        // As /proc/net/tcp has it: the address's bytes as the machine reads a number, the port as is.
        let remote = format!("{:08X}:{port:04X}", u32::from_ne_bytes(address.octets()));
        let limit = limit.as_millis().div_ceil(1000);
        Some(format!("run {number} {kind} {host} {port} {tries} {limit} {remote} &\n"))
    }
}

/// The answers in the lines that carry the nonce, by the number of their request.
#[must_use]
pub fn answers(nonce: &str, output: &str) -> BTreeMap<usize, (String, u64)> {
    let line = |line: &str| {
        let mut parts = line.trim_end().strip_prefix(nonce)?.strip_prefix(' ')?.split(' ');
        let number = parts.next()?.parse().ok()?;
        let word = parts.next()?.to_owned();
        let milliseconds = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some((number, (word, milliseconds)))
    };
    output.lines().filter_map(line).collect()
}

pub(super) fn answer(word: &(String, u64)) -> Option<(Answer, u64)> {
    Some((Answer::of(&word.0)?, word.1))
}

/// The addresses that a name resolved to.
pub(super) fn addresses(word: &str) -> Vec<IpAddr> {
    let list = word.strip_prefix("address=").unwrap_or_default();
    list.split(',').filter_map(|a| a.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Request, Tool, addresses, answers};

    #[test]
    fn only_whole_lines_with_the_nonce_count() {
        let output =
            "n1 0 open 3\nwelcome\nn2 1 open 3\nn1 2 timeout 6001\r\nn1 3 open\nn1 4 o 1 x\n";
        let answers = answers("n1", output);
        assert_eq!(answers.keys().copied().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(answers[&2], ("timeout".to_owned(), 6001));
    }

    #[test]
    fn nothing_but_addresses_stands_in_a_shells_program() {
        let request = |host: &str| Request {
            number: 3,
            kind: "tcp",
            host: host.to_owned(),
            port: 443,
            tries: 3,
            limit: Duration::from_millis(1500),
        };
        let script = |host: &str| Tool::Nc.script("n1", &[request(host)]);
        if cfg!(target_endian = "little") {
            assert!(
                script("10.96.0.1").contains("\nrun 3 tcp 10.96.0.1 443 3 2 0100600A:01BB &\n")
            );
        }
        for other in ["$(reboot)", "a.test", "fd00::1", "10.0.0.1;x"] {
            assert!(!script(other).contains(other), "{other}");
        }
    }

    #[test]
    fn a_name_may_have_several_addresses() {
        assert_eq!(addresses("address=10.0.0.1,10.0.0.2").len(), 2);
        assert!(addresses("dns-failure").is_empty());
    }
}
