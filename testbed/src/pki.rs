//! Certificates of one instance, made anew at each start.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};

use crate::error::{Error, Result};
use crate::files;

/// A certificate authority and the folder in which it and all that it signs lie.
pub(crate) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new authority: `ca.crt` in the folder. Its key stays in memory.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        files::create_dir(folder)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name = name("openhive-testbed", None);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        files::write(&folder.join("ca.crt"), certificate.pem())?;
        Ok(Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) })
    }

    /// The authority's certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// Signs a certificate that serves these names and addresses: `FILE.crt` and `FILE.key`.
    pub(crate) fn server(&self, file: &str, names: &[&str], addresses: &[IpAddr]) -> Result<()> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params
            .subject_alt_names
            .extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
        params.distinguished_name = name(file, None);
        self.sign(file, params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Signs a certificate for a Kubernetes user, optionally in a group: `FILE.crt` and `FILE.key`.
    pub(crate) fn client(&self, file: &str, user: &str, group: Option<&str>) -> Result<()> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name(user, group);
        self.sign(file, params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// Makes a key pair without a certificate, such as the one that signs service account tokens: the paths of
    /// `FILE.key` and of its public half `FILE.pub`.
    pub(crate) fn key(&self, file: &str) -> Result<(PathBuf, PathBuf)> {
        let key = KeyPair::generate().map_err(failed)?;
        let (private, public) =
            (self.folder.join(format!("{file}.key")), self.folder.join(format!("{file}.pub")));
        files::write(&private, key.serialize_pem())?;
        files::write(&public, key.public_key_pem())?;
        Ok((private, public))
    }

    /// The paths of a certificate made earlier, and of its key.
    pub(crate) fn pair(&self, file: &str) -> (PathBuf, PathBuf) {
        (self.folder.join(format!("{file}.crt")), self.folder.join(format!("{file}.key")))
    }

    fn sign(
        &self,
        file: &str,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<()> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let (certificate_path, key_path) = self.pair(file);
        files::write(&certificate_path, certificate.pem())?;
        files::write(&key_path, key.serialize_pem())
    }
}

fn name(user: &str, group: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, user);
    if let Some(group) = group {
        name.push(DnType::OrganizationName, group);
    }
    name
}

fn failed(error: rcgen::Error) -> Error {
    Error::Build { what: "a certificate".into(), cause: error.to_string() }
}
