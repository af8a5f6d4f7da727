//! TLS as a server: which certificate answers for which name. And as a client of upstreams.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use babyshield_model::{Diagnostic, Diagnostics};
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::spec::Certificate;

/// The one crypto provider.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Reads every certificate of a listener.
pub(crate) fn server(
    certificates: &[Certificate],
    faults: &mut Diagnostics,
) -> Option<Arc<ServerConfig>> {
    let mut resolver = Resolver::default();
    let provider = provider();
    for certificate in certificates {
        match load(certificate, &provider) {
            Ok((key, names)) => resolver.add(Arc::new(key), names),
            Err(fault) => faults.push(fault),
        }
    }
    resolver.default.as_ref()?;
    let versions =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions
        .map_err(|error| faults.push(broken(&error.to_string())))
        .ok()?;
    let mut config = versions
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    match rustls::crypto::aws_lc_rs::Ticketer::new() {
        Ok(ticketer) => config.ticketer = ticketer,
        Err(error) => faults.push(broken(&error.to_string())),
    }
    Some(Arc::new(config))
}

/// Trusts the authorities in a PEM file, or the machine's own.
pub(crate) fn client(
    authorities: Option<&Path>,
    faults: &mut Diagnostics,
) -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            for certificate in read_chain(path).map_err(|fault| faults.push(fault)).ok()? {
                if let Err(error) = roots.add(certificate) {
                    faults.push(unreadable(path, &error.to_string()));
                }
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        let message = "no certificate authority is known to check the upstream's certificate";
        let help = "name a PEM file with `authorities`";
        faults.push(Diagnostic::error("tls.no_authorities", message).help(help));
        return None;
    }
    let versions =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let versions = versions
        .map_err(|error| faults.push(broken(&error.to_string())))
        .ok()?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Some(Arc::new(config))
}

fn broken(reason: &str) -> Diagnostic {
    Diagnostic::error("tls.unusable", format!("TLS cannot be set up: {reason}"))
}

fn unreadable(path: &Path, reason: &str) -> Diagnostic {
    let message = format!("{} cannot be used: {reason}", path.display());
    let help = "it has to be a readable PEM file";
    Diagnostic::error("tls.unreadable_file", message).help(help)
}

fn mismatch(certificate: &Certificate) -> Diagnostic {
    let (key, chain) = (certificate.key.display(), certificate.chain.display());
    let message = format!("{key} is not the key of the certificate in {chain}");
    let help = "name the key that the certificate was made for; where both are being replaced, the \
                second file may still be missing";
    Diagnostic::error("tls.wrong_key", message).help(help)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Diagnostic> {
    let fault = |reason: &dyn std::fmt::Display| unreadable(path, &reason.to_string());
    let chain = CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))?;
    let chain: Vec<_> = chain
        .collect::<Result<_, _>>()
        .map_err(|error| fault(&error))?;
    if chain.is_empty() {
        return Err(fault(&"there is no certificate in it"));
    }
    Ok(chain)
}

/// A certificate with its key, and the names it is made out to.
fn load(
    certificate: &Certificate,
    provider: &CryptoProvider,
) -> Result<(CertifiedKey, Vec<String>), Diagnostic> {
    let chain = read_chain(&certificate.chain)?;
    let key = PrivateKeyDer::from_pem_file(&certificate.key)
        .map_err(|error| unreadable(&certificate.key, &error.to_string()))?;
    let own = chain
        .first()
        .cloned()
        .unwrap_or_else(|| CertificateDer::from(Vec::new()));
    let parsed = webpki::EndEntityCert::try_from(&own)
        .map_err(|error| unreadable(&certificate.chain, &error.to_string()))?;
    let names = parsed
        .valid_dns_names()
        .map(str::to_ascii_lowercase)
        .collect();
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => mismatch(certificate),
        other => unreadable(&certificate.key, &other.to_string()),
    })?;
    Ok((key, names))
}

/// Chooses by the name the caller asks for: the exact one, then a wildcard, then the first.
#[derive(Debug, Default)]
struct Resolver {
    names: HashMap<String, Arc<CertifiedKey>>,
    default: Option<Arc<CertifiedKey>>,
}

impl Resolver {
    fn add(&mut self, key: Arc<CertifiedKey>, names: Vec<String>) {
        for name in names {
            self.names.entry(name).or_insert_with(|| Arc::clone(&key));
        }
        self.default.get_or_insert(key);
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.names.get(&name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.names.get(&format!("*.{parent}"))
        })
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.find(name));
        named.or(self.default.as_ref()).cloned()
    }
}
