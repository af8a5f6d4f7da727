//! The rules that ship in the binary.

use std::io;
use std::path::{Path, PathBuf};

use crate::hir::Input;
use crate::source::Files;

/// The built-in rule files, in reading order, as (name, text).
pub const FILES: &[(&str, &str)] = &[
    ("00-setup.conf", include_str!("../rules/00-setup.conf")),
    (
        "10-protocol.conf",
        include_str!("../rules/10-protocol.conf"),
    ),
    ("15-detect.conf", include_str!("../rules/15-detect.conf")),
    (
        "60-known-exploits.conf",
        include_str!("../rules/60-known-exploits.conf"),
    ),
    (
        "61-frameworks.conf",
        include_str!("../rules/61-frameworks.conf"),
    ),
    ("62-cms.conf", include_str!("../rules/62-cms.conf")),
    ("63-servers.conf", include_str!("../rules/63-servers.conf")),
    (
        "64-enterprise.conf",
        include_str!("../rules/64-enterprise.conf"),
    ),
    (
        "65-appliances.conf",
        include_str!("../rules/65-appliances.conf"),
    ),
    ("66-office.conf", include_str!("../rules/66-office.conf")),
    ("67-probes.conf", include_str!("../rules/67-probes.conf")),
    (
        "68-leftovers.conf",
        include_str!("../rules/68-leftovers.conf"),
    ),
    (
        "80-response.conf",
        include_str!("../rules/80-response.conf"),
    ),
    ("90-score.conf", include_str!("../rules/90-score.conf")),
];

/// The built-in rules as inputs of the loader.
#[must_use]
pub fn inputs() -> Vec<Input> {
    let named = |name: &str| PathBuf::from("<builtin>").join(name).display().to_string();
    FILES
        .iter()
        .map(|(name, text)| Input::Text(named(name), (*text).to_owned()))
        .collect()
}

/// Data files of the built-in rules, as (name, text).
pub const DATA: &[(&str, &str)] = &[(
    "data/scanner-marks.data",
    include_str!("../rules/data/scanner-marks.data"),
)];

/// Serves the built-in data files beside another backend's.
pub(crate) struct Overlay<'a>(pub(crate) &'a dyn Files);

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Ok(name) = path.strip_prefix("<builtin>") else {
            return self.0.read(path);
        };
        let known = DATA.iter().find(|(own, _)| Path::new(own) == name);
        known
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        self.0.glob(pattern)
    }
}
