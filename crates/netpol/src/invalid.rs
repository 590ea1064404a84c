//! What is wrong with an object, and where.

use std::fmt;

use serde::Serialize;

/// A line of an input.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The file as the user named it; `-` for standard input.
    pub file: String,
    /// The line on which the object starts, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// A field that the API server would refuse.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{object}: {field}: {problem}")]
pub struct Invalid {
    /// `NetworkPolicy hive-agents/allow-dns`.
    pub object: String,
    /// `spec.ingress[0].from[1].ipBlock.cidr`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// Where the object starts.
    pub place: Option<Place>,
}

/// What is wrong with a field. The rules are those of `pkg/apis/networking/validation` and
/// `apimachinery/pkg/apis/meta/v1/validation`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Not there.
    #[error("required")]
    Missing,
    /// Another JSON type.
    #[error("must be {expected}, not {found}")]
    Type {
        /// `a string`.
        expected: &'static str,
        /// `a boolean`.
        found: &'static str,
    },
    /// The API has no such field: a misspelt one would be ignored, which opens or closes flows.
    #[error("unknown field{}", .nearest.map(|n| format!(", did you mean {n}?")).unwrap_or_default())]
    UnknownField {
        /// The most similar field.
        nearest: Option<&'static str>,
    },
    /// Not one of the values of an enumeration.
    #[error("{found:?} is not one of {allowed}{}", meant(found, allowed))]
    NotOneOf {
        /// As found.
        found: String,
        /// `TCP, UDP, SCTP`.
        allowed: &'static str,
    },
    /// `{}` as a peer.
    #[error("an empty peer selects nothing and is refused; leave the list out to mean everything")]
    EmptyPeer,
    /// An object with several of its alternatives.
    #[error("must not stand beside {0}: only one of them")]
    Beside(&'static str),
    /// An object with none of its alternatives.
    #[error("needs one of {0}")]
    NoneOf(String),
    /// Not 0 to 1000.
    #[error("{0} is not a priority, which is 0 to 1000")]
    Priority(i64),
    /// Not 1 to 65535.
    #[error("{0} is not a port, which is 1 to 65535")]
    PortNumber(i64),
    /// A number as a string, which is a name.
    #[error("{0:?} is not a port name, which has a letter; write a number without quotes")]
    QuotedPort(String),
    /// Not an IANA service name.
    #[error(
        "{0:?} is not a port name: 1 to 15 of a-z, 0-9 and single '-' between them, at least one letter"
    )]
    PortName(String),
    /// `endPort` without `port`.
    #[error("needs a port beside it")]
    EndPortAlone,
    /// `endPort` beside a named port.
    #[error("must not stand beside a port name")]
    EndPortWithName,
    /// `endPort` below `port`.
    #[error("{end} is less than port {port}")]
    EndPortBelow {
        /// `port`.
        port: u16,
        /// `endPort`.
        end: u16,
    },
    /// Not `address/prefix`.
    #[error("{0:?} is not a CIDR such as 10.0.0.0/8 or fd00::/8")]
    Cidr(String),
    /// `::ffff:10.0.0.0/104`.
    #[error("{0:?} is an IPv4 address in IPv6 form; write it as IPv4")]
    MappedCidr(String),
    /// `except` is not a strict part of `cidr`.
    #[error("{except} is not a strict part of {cidr}")]
    ExceptOutside {
        /// The exception.
        except: String,
        /// The block.
        cidr: String,
    },
    /// `In` or `NotIn` without values.
    #[error("operator {0} needs values")]
    NoValues(&'static str),
    /// `Exists` or `DoesNotExist` with values.
    #[error("operator {0} takes no values")]
    Values(&'static str),
    /// Not a qualified name.
    #[error("{0:?} is not a label key")]
    LabelKey(String),
    /// Not a label value.
    #[error(
        "{0:?} is not a label value: at most 63 of a-z, A-Z, 0-9, '-', '_', '.', alphanumeric at both ends"
    )]
    LabelValue(String),
    /// Not a name that the API accepts.
    #[error("{0:?} is not a name that Kubernetes accepts")]
    Name(String),
    /// The same object again.
    #[error("the same object is in {first} already")]
    Twice {
        /// Where it was read first.
        first: String,
    },
    /// Not a day.
    #[error("{0:?} is not a day such as 2027-01-31")]
    Date(String),
    /// A day that is over.
    #[error("the entry was for the time until {0}, which is over")]
    Expired(String),
    /// Not `namespace/kind/name`.
    #[error("{0:?} is not a workload such as shop/deployment/web")]
    Workload(String),
    /// It is about nobody.
    #[error("matches nobody in the input")]
    MatchesNothing,
    /// More entries than the API accepts.
    #[error("at most {0} entries")]
    TooMany(usize),
}

/// The value that differs in capitals only.
fn meant(found: &str, allowed: &str) -> String {
    let near = allowed.split(", ").find(|one| one.eq_ignore_ascii_case(found));
    near.map(|one| format!(", did you mean {one}?")).unwrap_or_default()
}
