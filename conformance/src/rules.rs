//! A rule set as upstream's own tests configure it, laid out in a temporary folder: a setup file
//! of our making around the original one, and the original rules, linked, not copied.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Where a rule set lies.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// `crs-setup.conf` or its example.
    pub(crate) setup: PathBuf,
    /// The folder of `*.conf` and `*.data` files.
    pub(crate) rules: PathBuf,
}

/// A rule set ready to be loaded; the folder goes with the value.
#[derive(Debug)]
pub(crate) struct Prepared(TempDir);

/// What ModSecurity's own recommended file adds around a rule set: watch only, read bodies, take
/// JSON and XML for what they say they are.
const BEFORE: &str = r#"SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" \
    "id:80001,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.+-]*\+)?json" \
    "id:80002,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
"#;

/// The settings of upstream's test runs: every paranoia level, every limit rule armed.
const AFTER: &str = r#"
SecAction "id:80003,phase:1,pass,nolog,t:none,\
    setvar:tx.paranoia_level=4,\
    setvar:tx.executing_paranoia_level=4,\
    setvar:tx.blocking_paranoia_level=4,\
    setvar:tx.detection_paranoia_level=4,\
    setvar:tx.crs_validate_utf8_encoding=1,\
    setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,\
    setvar:tx.total_arg_length=64000,\
    setvar:tx.max_num_args=255,\
    setvar:tx.max_file_size=64100,\
    setvar:tx.combined_file_sizes=65535"
"#;

impl Prepared {
    /// Lays the rule set out.
    pub(crate) fn new(origin: &Origin) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let setup = fs::read_to_string(&origin.setup)?;
        let setup = format!("{BEFORE}\n{setup}\n{AFTER}");
        fs::write(folder.path().join("crs-setup.conf"), setup)?;
        symlink(origin.rules.canonicalize()?, folder.path().join("rules"))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
