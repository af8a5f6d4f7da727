//! A rule set laid out in a temporary folder: a setup file of our making around the original one,
//! and the original rules, linked, not copied.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Where a rule set lies.
#[derive(Clone, Debug)]
pub struct Origin {
    /// `crs-setup.conf` or its example.
    pub setup: PathBuf,
    /// The folder of `*.conf` and `*.data` files.
    pub rules: PathBuf,
}

/// How the rule set is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settings {
    /// As upstream's own test runs do: watching only, every paranoia level, every limit armed.
    UpstreamTests,
    /// As it comes.
    Defaults,
}

/// A rule set ready to be loaded; the folder goes with the value.
#[derive(Debug)]
pub struct Prepared(TempDir);

/// What ModSecurity's own recommended file adds around a rule set: bodies are read, and JSON and
/// XML are taken for what they say they are.
const AROUND: &str = r#"SecRequestBodyAccess On
SecResponseBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" \
    "id:80001,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.+-]*\+)?json" \
    "id:80002,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
"#;

const DEFAULTS: &str = "SecRuleEngine On
SecResponseBodyMimeType text/plain text/html text/xml
";

const TESTS: &str = "SecRuleEngine DetectionOnly
SecResponseBodyMimeType text/plain text/html text/xml application/json
";

const TEST_VARIABLES: &str = r#"
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
    ///
    /// # Errors
    /// The original cannot be read, or the folder not be written.
    pub fn new(origin: &Origin, settings: Settings) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let setup = fs::read_to_string(&origin.setup)?;
        let (before, after) = match settings {
            Settings::UpstreamTests => (TESTS, TEST_VARIABLES),
            Settings::Defaults => (DEFAULTS, ""),
        };
        let setup = format!("{before}{AROUND}\n{setup}\n{after}");
        fs::write(folder.path().join("crs-setup.conf"), setup)?;
        symlink(origin.rules.canonicalize()?, folder.path().join("rules"))?;
        Ok(Self(folder))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
