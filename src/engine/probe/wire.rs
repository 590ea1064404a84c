//! What is sent into a pod, and the lines that come back. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::netpol::observe::Answer;

/// What a pod can run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tool {
    Python,
    Node,
}

/// Reads as many bytes as its argument says, then runs them: no limit of an argument's length, and
/// no need for standard input to end.
const PYTHON: &str =
    "import sys\nexec(compile(sys.stdin.buffer.read(int(sys.argv[1])), 'probe', 'exec'))";
const NODE: &str = "const fs=require('fs');const n=+process.argv[1],b=Buffer.alloc(n);let o=0;\
    while(o<n){try{const r=fs.readSync(0,b,o,n-o);if(!r)break;o+=r}catch(e){if(e.code!=='EAGAIN')throw e}}\
    new Function('require',b.toString())(require)";

impl Tool {
    /// Python first: three of the four images have it.
    pub(super) const ALL: [Self; 2] = [Self::Python, Self::Node];

    pub(super) fn command(self, length: usize) -> Vec<String> {
        let (program, flag, text) = match self {
            Self::Python => ("python3", "-c", PYTHON),
            Self::Node => ("node", "-e", NODE),
        };
        [program, flag, text, &length.to_string()].map(str::to_owned).to_vec()
    }

    fn program(self) -> &'static str {
        match self {
            Self::Python => include_str!("scripts/client.py"),
            Self::Node => include_str!("scripts/client.js"),
        }
    }

    /// A program that prints the nonce and ends.
    pub(super) fn hello(self, nonce: &str) -> String {
        match self {
            Self::Python => format!("print({nonce:?})\n"),
            Self::Node => format!("console.log({nonce:?})\n"),
        }
    }

    /// The program with its plan.
    pub(super) fn script(self, nonce: &str, orders: &[Order]) -> String {
        let plan: Vec<Value> = orders.iter().map(Order::to_json).collect();
        // Lists, strings, and numbers are written alike in JSON and in both languages.
        let (plan, text) = (Value::Array(plan), self.program());
        match self {
            Self::Python => format!("NONCE = {nonce:?}\nPLAN = {plan}\n{text}"),
            Self::Node => format!("const NONCE = {nonce:?}, PLAN = {plan};\n{text}"),
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub number: usize,
    pub kind: &'static str,
    pub host: String,
    pub port: u16,
    pub tries: u32,
    pub limit: Duration,
}

impl Order {
    fn to_json(&self) -> Value {
        let limit = self.limit.as_secs_f64();
        json!([self.number, self.kind, self.host, self.port, self.tries, limit])
    }
}

/// The words of the lines that carry the nonce, by the number of their order.
pub(super) fn words(nonce: &str, output: &str) -> BTreeMap<usize, (String, u64)> {
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
    use super::{addresses, words};

    #[test]
    fn only_whole_lines_with_the_nonce_count() {
        let output =
            "n1 0 open 3\nwelcome\nn2 1 open 3\nn1 2 timeout 6001\r\nn1 3 open\nn1 4 o 1 x\n";
        let words = words("n1", output);
        assert_eq!(words.keys().copied().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(words[&2], ("timeout".to_owned(), 6001));
    }

    #[test]
    fn a_name_may_have_several_addresses() {
        assert_eq!(addresses("address=10.0.0.1,10.0.0.2").len(), 2);
        assert!(addresses("dns-failure").is_empty());
    }
}
