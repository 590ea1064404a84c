//! Why a value, a line or a file is refused, or deserves a warning.

use std::borrow::Cow;

use ipnet::IpNet;
use serde::Serialize;
use thiserror::Error;

use super::keys::MIN_CREDENTIAL_BYTES;

/// Whether the file can be used all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but a person should know.
    Warning,
}

/// What is wrong. Never holds a value, nor a part of one that could be secret.
#[derive(Clone, Debug, Eq, Error, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[allow(missing_docs)] // each variant says in its message what it means
pub enum Reason {
    // The file
    #[error("is larger than 1 MiB: not a values file")]
    TooLarge,
    #[error("is UTF-16")]
    Utf16,
    #[error("not UTF-8")]
    NotUtf8,
    #[error("a NUL byte: not a text file")]
    NulByte,
    #[error("holds no value")]
    NoValues,

    // A line
    #[error("not of the form KEY=value")]
    NotAnAssignment,
    #[error("an unescaped `$` outside single quotes")]
    Dollar,
    #[error("an unescaped `\\` outside single quotes")]
    Backslash,
    #[error("`\\` before the closing single quote")]
    BackslashBeforeQuote,
    #[error("a {quote} quote is opened but not closed on this line")]
    OpenQuote { quote: Quote },
    #[error("a blank inside a value that is not quoted")]
    UnquotedBlank,
    #[error("the value starts with `#` and would be read as a comment")]
    ReadAsComment,
    #[error("a control character in the value")]
    ControlCharacter,
    #[error("an invisible character in the value")]
    InvisibleCharacter,
    #[error("the line was refused by the reader")]
    Unreadable,

    // A key
    #[error("unknown key{}", nearest.map_or(String::new(), |key| format!("; did you mean {key}?")))]
    UnknownKey { nearest: Option<&'static str> },
    #[error("given twice, first on line {first}")]
    Duplicate { first: u32 },
    #[error("given twice on the command line")]
    DuplicateSet,
    #[error("--set takes KEY=VALUE")]
    NotASet,
    #[error("a secret on a command line is visible to every user of the machine")]
    SecretOnCommandLine,
    #[error("missing")]
    Missing,
    #[error("empty")]
    Empty,
    #[error("still a placeholder")]
    Placeholder,

    // A value
    #[error("shorter than {MIN_CREDENTIAL_BYTES} bytes")]
    ShortCredential,
    #[error("the password in it is shorter than {MIN_CREDENTIAL_BYTES} bytes")]
    ShortPassword,
    #[error("begins or ends with a blank")]
    OuterBlank,
    #[error("not one of the known values")]
    NotOneOf,
    #[error("not a valid name")]
    Name,
    #[error("a name may have at most {limit} characters")]
    LongName { limit: usize },
    #[error("an address, where a DNS name is wanted")]
    AddressNotName,
    #[error("a wildcard host")]
    Wildcard,
    #[error("carries a scheme, port or path")]
    NotAHost,
    #[error("not a number in range")]
    Number,
    #[error("0 is root, which the namespaces refuse")]
    Root,
    #[error("not a port from 1 to 65535")]
    Port,
    #[error("not a quantity")]
    Quantity,
    #[error("less than 1Mi")]
    SmallQuantity,
    #[error("an empty entry")]
    EmptyEntry,
    #[error("not a network")]
    Cidr,
    #[error("an address without a prefix length")]
    NoPrefix { network: IpNet },
    #[error("bits are set behind the prefix")]
    HostBits { network: IpNet },
    #[error("an IPv4 address in IPv6 form")]
    MappedAddress,
    #[error("an IPv6 network with a port needs brackets")]
    Brackets,
    #[error("not a label")]
    Label,
    #[error("a label is named twice")]
    DuplicateLabel,

    // An image
    #[error("not an image reference")]
    Image,
    #[error("an image has no scheme")]
    ImageScheme,
    #[error("a repository is written in lower case")]
    ImageCase,
    #[error("the tag is not valid")]
    ImageTag,
    #[error("the digest is not valid")]
    ImageDigest,

    // A URL
    #[error("the scheme is not postgresql+asyncpg://")]
    DatabaseScheme,
    #[error("the scheme is neither http:// nor https://")]
    HttpScheme,
    #[error("names no user")]
    NoUser,
    #[error("an unencoded `@`, `/`, `?` or `#` in user or password")]
    UnencodedUserInfo,
    #[error("`%` is not followed by two hexadecimal digits, or does not decode to text")]
    PercentEncoding,
    #[error("names no host")]
    NoHost,
    #[error("the host is neither a DNS name nor an address")]
    Host,
    #[error("an IPv6 host needs brackets")]
    HostBrackets,
    #[error("the host is the pod itself")]
    Loopback,
    #[error("the port is not a number from 1 to 65535")]
    UrlPort,
    #[error("names no database")]
    NoDatabase,
    #[error("the database's name is not plain")]
    DatabaseName,
    #[error("`{parameter}` in the query would override the URL's own part")]
    QueryOverride { parameter: &'static str },
    #[error("a blank or `#` in the URL")]
    UrlCharacter,
    #[error("carries a user or password")]
    UrlUserInfo,

    // Several keys together
    #[error("the database's address {address} is not in {network}")]
    DatabaseOutsideCidr { address: std::net::IpAddr, network: IpNet },
    #[error("has no effect without {needs}")]
    Needs { needs: &'static str },

    // Warnings
    #[error("the same secret as {other}")]
    EqualSecrets { other: &'static str },
    #[error("images carry different tags: {}", tags.join(", "))]
    MixedTags { tags: Vec<String> },
    #[error("the tag is `latest`: which version runs depends on when a node pulled it")]
    LatestTag,
    #[error("no tag, so `latest`: which version runs depends on when a node pulled it")]
    NoTag,
    #[error(
        "no ingress controller may reach the platform: class is not `nginx`, and neither namespace nor addresses of its controller are given"
    )]
    IngressUnreachable,
    #[error("others on this machine can read the file")]
    ReadableByOthers,
    #[error("asyncpg does not know `sslmode` and refuses to connect")]
    Sslmode,
    #[error("opens every address")]
    OpensEverything,
    #[error("contains 169.254.169.254, the metadata service of clouds")]
    OpensMetadata,
    #[error("names {names}, which is not given")]
    CodexKeyAbsent { names: &'static str },
    #[error("the relay's token travels unencrypted over http")]
    PlainRelay,
}

/// A kind of quote.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Quote {
    /// `'`
    Single,
    /// `"`
    Double,
}

impl std::fmt::Display for Quote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Double => "double",
        })
    }
}

impl Reason {
    /// Whether the file can be used all the same.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::EqualSecrets { .. }
            | Self::MixedTags { .. }
            | Self::LatestTag
            | Self::NoTag
            | Self::IngressUnreachable
            | Self::ReadableByOthers
            | Self::Sslmode
            | Self::OpensEverything
            | Self::OpensMetadata
            | Self::CodexKeyAbsent { .. }
            | Self::PlainRelay => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// What to do, where the reason knows better than the key's expected form.
    #[must_use]
    pub fn advice(&self) -> Option<Cow<'static, str>> {
        const SINGLE_QUOTES: &str = "put the value in single quotes: KEY='…'";
        Some(Cow::Borrowed(match self {
            Self::Utf16 | Self::NotUtf8 => "save the file as UTF-8",
            Self::TooLarge | Self::NulByte => "is this the right file?",
            Self::NoValues => "start from values.env.example or with `kubectl openhive init`",
            Self::NotAnAssignment => "write KEY=value, or `#` before a comment",
            Self::Dollar | Self::Backslash | Self::UnquotedBlank | Self::ReadAsComment => {
                SINGLE_QUOTES
            }
            Self::BackslashBeforeQuote => {
                "put the value in double quotes and write `\\\\` for each backslash, `\\\"` for a quote and `\\$` for a dollar"
            }
            Self::OpenQuote { .. } => {
                "close it on the same line; a value with a quote in it goes between the other kind: KEY='say \"hi\"'"
            }
            Self::ControlCharacter => "a value is one line of printable text",
            Self::InvisibleCharacter => {
                "retype the value (it may stem from a copied page), or quote it if the character belongs to it"
            }
            Self::Unreadable => SINGLE_QUOTES,
            Self::UnknownKey { .. } => "the keys are listed in values.env.example",
            Self::Duplicate { .. } | Self::DuplicateSet => "keep one of them",
            Self::NotASet => "for example --set OPENHIVE_INGRESS_CLASS=nginx",
            Self::SecretOnCommandLine => "put it into a values file and pass that with -f",
            Self::OuterBlank => "drop the blank",
            Self::NoPrefix { network } => return Some(format!("write {network}").into()),
            Self::HostBits { network } => {
                return Some(format!("the network is {network}").into());
            }
            Self::MappedAddress => "write the IPv4 network itself",
            Self::Brackets => "write [2001:db8::/32]:443",
            Self::AddressNotName => "an Ingress serves names; give the address a name in DNS",
            Self::ImageScheme => "drop everything up to and with `://`",
            Self::ImageCase => "write it in lower case; only the tag may have capitals",
            Self::ImageTag => {
                "a tag has up to 128 letters, digits, `_`, `.` and `-`, and starts with neither `.` nor `-`"
            }
            Self::ImageDigest => "a digest is `sha256:` and 64 lower-case hexadecimal digits",
            Self::UnencodedUserInfo | Self::PercentEncoding => {
                "write `@` as %40, `:` as %3A, `/` as %2F, `?` as %3F, `#` as %23 and `%` as %25"
            }
            Self::HostBrackets => "write [2001:db8::1]:5432",
            Self::Loopback => {
                "inside a pod localhost is the pod; give the address under which pods reach it"
            }
            Self::QueryOverride { .. } => {
                "write it into the URL's own part; the network policies are made from that"
            }
            Self::DatabaseOutsideCidr { .. } => {
                "correct OPENHIVE_DATABASE_CIDR or leave it out: an address needs none"
            }
            Self::Needs { .. } => "give both or neither",
            Self::EqualSecrets { .. } => {
                "use a secret of its own for each, so that one leak opens one door"
            }
            Self::MixedTags { .. } => {
                "components of one release are made for each other; use one tag"
            }
            Self::LatestTag | Self::NoTag => "pin a tag such as v1.4.0, or a digest",
            Self::IngressUnreachable => {
                "set OPENHIVE_INGRESS_CONTROLLER_NAMESPACE or OPENHIVE_INGRESS_CONTROLLER_CIDRS"
            }
            Self::ReadableByOthers => "chmod 600",
            Self::Sslmode => "write ?ssl=require",
            Self::OpensEverything | Self::OpensMetadata => {
                "name the networks that the sandbox needs, with a port"
            }
            Self::CodexKeyAbsent { .. } => "give that key too, or the provider will refuse the CLI",
            Self::PlainRelay => "use https",
            _ => return None,
        }))
    }
}
