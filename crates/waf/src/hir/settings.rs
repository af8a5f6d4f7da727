//! What the directives that are not rules set.

use crate::audit::Log;
use crate::operator::geo::Places;
use crate::transform::UnicodeMap;

/// `SecRuleEngine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Rules run and may disrupt.
    #[default]
    On,
    /// Rules run and only report.
    DetectionOnly,
    /// Rules do not run.
    Off,
}

/// `SecAuditEngine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditEngine {
    /// No records.
    #[default]
    Off,
    /// A record of every transaction.
    On,
    /// A record of those that raised a warning or an error.
    RelevantOnly,
}

/// How a request body is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// `application/x-www-form-urlencoded`.
    Urlencoded,
    /// `multipart/form-data`.
    Multipart,
    /// JSON.
    Json,
    /// JSON values one behind the other, as logs and events are sent (NDJSON, RFC 7464).
    JsonLines,
    /// XML.
    Xml,
}

impl Processor {
    /// Whether it reads JSON.
    #[must_use]
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::JsonLines)
    }

    /// Its name in rule files: what `REQBODY_PROCESSOR` holds.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Urlencoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json | Self::JsonLines => "JSON",
            Self::Xml => "XML",
        }
    }
}

/// What happens to a body over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyAction {
    /// The transaction is refused.
    Reject,
    /// What fits is inspected, the rest passes.
    ProcessPartial,
}

/// The settings of a rule set. `None` is "the files do not say".
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `SecRuleEngine`.
    pub engine: Engine,
    /// `SecRequestBodyAccess`; on where the files do not say, so that rules see bodies.
    pub request_body: bool,
    /// `SecResponseBodyAccess`.
    pub response_body: Option<bool>,
    /// `SecResponseBodyMimeType`.
    pub response_types: Vec<String>,
    /// `SecRequestBodyLimit`.
    pub request_limit: Option<u64>,
    /// `SecRequestBodyNoFilesLimit`.
    pub no_files_limit: Option<u64>,
    /// `SecResponseBodyLimit`.
    pub response_limit: Option<u64>,
    /// `SecRequestBodyLimitAction`.
    pub request_action: BodyAction,
    /// `SecResponseBodyLimitAction`.
    pub response_action: BodyAction,
    /// `SecRequestBodyJsonDepthLimit`.
    pub json_depth: Option<usize>,
    /// `SecUploadFileLimit`.
    pub files: Option<usize>,
    /// `SecArgumentsLimit`.
    pub arguments: Option<usize>,
    /// `SecArgumentSeparator`.
    pub separator: u8,
    /// `SecAuditEngine`.
    pub audit: AuditEngine,
    /// `SecAuditLog…`.
    pub audit_log: Log,
    /// `SecCollectionTimeout`, in seconds.
    pub collection_timeout: u64,
    /// `SecComponentSignature`, each.
    pub components: Vec<String>,
    /// `SecWebAppId`.
    pub webapp: String,
    /// `SecPcreMatchLimit`: steps a backtracking pattern may take.
    pub regex_steps: Option<usize>,
    /// `SecUnicodeMapFile`: the code page that `%uXXXX` goes through.
    pub unicode: UnicodeMap,
    /// `SecGeoLookupDb`.
    pub places: Option<Places>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: Engine::On,
            request_body: true,
            response_body: None,
            response_types: ["text/plain", "text/html", "text/xml", "application/json"]
                .map(String::from)
                .to_vec(),
            request_limit: None,
            no_files_limit: None,
            response_limit: None,
            request_action: BodyAction::Reject,
            response_action: BodyAction::ProcessPartial,
            json_depth: None,
            files: None,
            arguments: None,
            separator: b'&',
            audit: AuditEngine::Off,
            audit_log: Log::default(),
            collection_timeout: 3600,
            components: Vec::new(),
            webapp: String::new(),
            regex_steps: None,
            unicode: UnicodeMap::NONE,
            places: None,
        }
    }
}
