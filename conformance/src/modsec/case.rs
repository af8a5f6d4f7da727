//! The suite's files: a list of cases each, in JSON.

use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// One case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) enabled: bool,
    pub(crate) title: String,
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) request: Request,
    pub(crate) response: Response,
    pub(crate) expected: Expected,
    pub(crate) rules: Vec<String>,
}

/// One end of the connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) ip: Option<IpAddr>,
    pub(crate) port: Option<u16>,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) uri: String,
    pub(crate) method: String,
    pub(crate) version: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) protocol: Option<String>,
}

/// What the suite's own runner looks for: statuses, and patterns of its logs. An expectation of
/// nothing is none.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) status: Option<u16>,
    pub(crate) redirect: Option<String>,
    pub(crate) debug_log: Option<String>,
    pub(crate) error_log: Option<String>,
    pub(crate) audit_log: Option<String>,
    pub(crate) parser_error: Option<String>,
}

/// JSON with its members in their order and those that come twice kept: the suite's headers need
/// the one, and some of its cases state their expectations in two parts.
#[derive(Debug)]
enum Tree {
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("text, a number, a list or an object")
            }

            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Text(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
                Ok(Tree::Text(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
                Ok(Tree::Text(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
                Ok(Tree::Text(number.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
                let mut own = Vec::new();
                while let Some(item) = list.next_element()? {
                    own.push(item);
                }
                Ok(Tree::List(own))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut own = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    own.push(pair);
                }
                Ok(Tree::Object(own))
            }
        }
        source.deserialize_any(Any)
    }
}

impl Tree {
    fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            Self::Text(_) | Self::List(_) => &[],
        }
    }

    /// Every member of this name.
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        let members = self.members().iter();
        members.filter_map(move |(own, value)| (own == name).then_some(value))
    }

    /// The text at the end of a path; of several the last.
    fn text(&self, outer: &str, inner: &str) -> Option<String> {
        let found = self.all(outer).flat_map(|own| own.all(inner)).last()?;
        match found {
            Self::Text(text) => Some(text.clone()),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    fn stated(&self, name: &str) -> Option<String> {
        self.text("expected", name).filter(|own| !own.is_empty())
    }

    fn headers(&self, outer: &str) -> Vec<(String, String)> {
        let found = self.all(outer).flat_map(|own| own.all("headers"));
        let pairs = found.flat_map(|own| own.members());
        pairs
            .filter_map(|(name, value)| match value {
                Self::Text(value) => Some((name.clone(), value.clone())),
                Self::List(_) | Self::Object(_) => None,
            })
            .collect()
    }

    /// Lines, each of which the suite's runner ends with a line feed; a plain text it leaves out.
    fn body(&self, outer: &str) -> Vec<u8> {
        let found = self.all(outer).flat_map(|own| own.all("body"));
        let lines = found.flat_map(Self::lines);
        lines
            .flat_map(|line| [line, "\n"])
            .collect::<String>()
            .into_bytes()
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        let list = match self {
            Self::List(list) => list.as_slice(),
            Self::Text(_) | Self::Object(_) => &[],
        };
        list.iter().filter_map(|own| match own {
            Self::Text(text) => Some(text.as_str()),
            Self::List(_) | Self::Object(_) => None,
        })
    }

    fn end(&self, name: &str) -> End {
        let number = self.text(name, "port").and_then(|own| own.parse().ok());
        End {
            ip: self.text(name, "ip").and_then(|own| own.parse().ok()),
            port: number,
        }
    }

    fn case(&self) -> Case {
        let plain = |name: &str| {
            let found = self.all(name).last();
            match found {
                Some(Self::Text(text)) => text.clone(),
                Some(Self::List(_) | Self::Object(_)) | None => String::new(),
            }
        };
        let request = |name: &str| self.text("request", name);
        Case {
            enabled: plain("enabled") != "0",
            title: plain("title"),
            client: self.end("client"),
            server: self.end("server"),
            request: Request {
                uri: request("uri").unwrap_or_default(),
                method: request("method").unwrap_or_default(),
                version: request("http_version"),
                headers: self.headers("request"),
                body: self.body("request"),
            },
            response: Response {
                headers: self.headers("response"),
                body: self.body("response"),
                protocol: self.text("response", "protocol"),
            },
            expected: Expected {
                status: self.stated("http_code").and_then(|own| own.parse().ok()),
                redirect: self.stated("redirect_url"),
                debug_log: self.stated("debug_log"),
                error_log: self.stated("error_log"),
                audit_log: self.stated("audit_log"),
                parser_error: self.stated("parser_error"),
            },
            rules: self
                .all("rules")
                .flat_map(Self::lines)
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// Cases in the order of their files, each named by its file and its place there.
pub(crate) type Named = Vec<(String, Case)>;

/// Reads every file of the folder; what cannot be read is told by name.
pub(crate) fn read(folder: &Path) -> std::io::Result<(Named, Vec<(String, String)>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|own| own == "json"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    let mut unreadable = Vec::new();
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = std::fs::read(&path)?;
        match serde_json::from_slice::<Vec<Tree>>(&text) {
            Ok(own) => cases.extend(
                (1..)
                    .zip(own)
                    .map(|(at, tree): (usize, Tree)| (format!("{name}-{at}"), tree.case())),
            ),
            Err(fault) => unreadable.push((name.into_owned(), fault.to_string())),
        }
    }
    Ok((cases, unreadable))
}
