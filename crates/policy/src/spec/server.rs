use std::net::{Ipv4Addr, SocketAddr};

use babyshield_layers::caller::Field;

use crate::kind::File;
use crate::read::{Key, Reader, Setting, Show, words};

/// One place where requests are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

const ADDRESS: Key = Key::new("address", "Address and port.", "\"0.0.0.0:443\"");
const WITH_TLS: Key = Key::new(
    "tls",
    "Whether this listener speaks TLS, with the certificates of the `[[tls]]` tables.",
    "true",
);

impl Listen {
    pub(super) fn fallback() -> Vec<Self> {
        vec![Self::plain(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)))]
    }

    pub(super) fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            tls: false,
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let address = r.required::<SocketAddr>(ADDRESS);
        let tls = r.value(WITH_TLS, false);
        Some(Self {
            address: address?.value,
            tls: tls.value,
        })
    }
}

impl Show for Listen {
    fn show(&self) -> String {
        let address = self.address.show();
        if self.tls {
            format!("{{ address = {address}, tls = true }}")
        } else {
            address
        }
    }
}

/// The header in which trusted proxies name the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded(pub Field);

words!(Forwarded {
    "x-forwarded-for" => { Forwarded(Field::XForwardedFor) },
    "forwarded" => { Forwarded(Field::Forwarded) },
});

/// One certificate with its key.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate and its chain, PEM.
    pub cert: Setting<File>,
    /// Its private key, PEM.
    pub key: Setting<File>,
}

pub(super) const TLS: Key = Key::new(
    "tls",
    "A certificate with its key. With several, the caller's server name chooses; the first \
     serves callers that name none. Both files are watched and renewed without dropping a \
     connection.",
    "",
);
const CERT: Key = Key::new(
    "cert",
    "PEM file with the certificate and then its chain.",
    "\"tls/fullchain.pem\"",
);
const KEY: Key = Key::new(
    "key",
    "PEM file with the private key. The key itself is never written in the policy.",
    "\"tls/privkey.pem\"",
);

impl Tls {
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let cert = r.required(CERT);
        let key = r.required(KEY);
        for file in cert.iter().chain(&key) {
            r.look_for(file, None);
        }
        Some(Self {
            cert: cert?,
            key: key?,
        })
    }
}
