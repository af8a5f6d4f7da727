//! Finding records: files and folders, told apart by name and content, read piece by piece.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::label::Label;
use super::object;
use super::request::{Request, Unreadable};

/// The largest single record.
const MAX_RECORD: u64 = 64 << 20;

/// Folders within folders that are followed.
const MAX_DEPTH: usize = 64;

/// One request still to be read, and where it came from.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) file: Arc<Path>,
    /// Counted from 1 in files that hold several.
    pub(super) number: Option<u64>,
    pub(super) content: Content,
}

/// A record as it stands in its file.
#[derive(Debug)]
pub(super) enum Content {
    /// The whole file.
    Raw,
    Line(Vec<u8>),
    Entry(Value),
    /// It could not even be found.
    Broken(Unreadable),
}

impl Record {
    /// Reads the request.
    pub(super) fn read(&self) -> Result<object::Read, Unreadable> {
        match &self.content {
            Content::Raw => {
                let text = read_bounded(&self.file)?;
                let label = Label::of_file(&self.file);
                Request::parse(&text).map(|request| (request, label))
            }
            Content::Line(line) => {
                let value = serde_json::from_slice(line)
                    .map_err(|error| Unreadable(format!("not JSON: {error}")))?;
                object::line(&value)
            }
            Content::Entry(request) => object::entry(request),
            Content::Broken(fault) => Err(fault.clone()),
        }
    }
}

fn unreadable(error: &io::Error) -> Unreadable {
    Unreadable(format!("cannot be read: {error}"))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut text = Vec::new();
    let mut bounded = file.take(MAX_RECORD + 1);
    bounded
        .read_to_end(&mut text)
        .map_err(|error| unreadable(&error))?;
    if text.len() as u64 > MAX_RECORD {
        return Err(Unreadable(format!("larger than {} MiB", MAX_RECORD >> 20)));
    }
    Ok(text)
}

/// Where records go; false asks to stop.
pub(super) type Take<'a> = dyn FnMut(Record) -> bool + 'a;

/// Finds every record below `paths`, in the order of names.
pub(super) fn find(paths: &[PathBuf], take: &mut Take<'_>) {
    for path in paths {
        if !walk(path, MAX_DEPTH, take) {
            return;
        }
    }
}

fn broken(path: &Path, number: Option<u64>, fault: Unreadable) -> Record {
    Record {
        file: Arc::from(path),
        number,
        content: Content::Broken(fault),
    }
}

fn walk(path: &Path, depth: usize, take: &mut Take<'_>) -> bool {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) => return take(broken(path, None, unreadable(&error))),
    };
    if !found.is_dir() {
        return records(path, take);
    }
    if depth == 0 {
        return take(broken(
            path,
            None,
            Unreadable("nested too deeply".to_owned()),
        ));
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    match entries {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
            paths.sort();
            // A link to a folder may lead back to where it stands.
            let visible = paths
                .iter()
                .filter(|path| !(is_hidden(path) || path.is_symlink() && path.is_dir()));
            visible.into_iter().all(|path| walk(path, depth - 1, take))
        }
        Err(error) => take(broken(path, None, unreadable(&error))),
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with('.'))
}

/// How a file holds its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Raw,
    Lines,
    Har,
}

fn form(path: &Path) -> Form {
    let end = path
        .extension()
        .map(|end| end.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        Some("jsonl" | "ndjson") => Form::Lines,
        Some("har") => Form::Har,
        Some("json") => json_form(path),
        _ => Form::Raw,
    }
}

/// A `.json` file whose first line is a whole object has one object a line; otherwise it is HAR.
fn json_form(path: &Path) -> Form {
    let mut line = Vec::new();
    let read = File::open(path)
        .and_then(|file| BufReader::new(file.take(MAX_RECORD)).read_until(b'\n', &mut line));
    let whole = serde_json::from_slice::<Value>(&line);
    match (read, whole) {
        (Ok(_), Ok(value)) if value.get("log").is_none() => Form::Lines,
        _ => Form::Har,
    }
}

fn records(path: &Path, take: &mut Take<'_>) -> bool {
    let file: Arc<Path> = Arc::from(path);
    match form(path) {
        Form::Raw => take(Record {
            file,
            number: None,
            content: Content::Raw,
        }),
        Form::Lines => match File::open(path) {
            Ok(open) => lines(&file, BufReader::new(open), take),
            Err(error) => take(broken(path, None, unreadable(&error))),
        },
        Form::Har => match File::open(path) {
            Ok(open) => har(&file, BufReader::new(open), take),
            Err(error) => take(broken(path, None, unreadable(&error))),
        },
    }
}

fn lines(file: &Arc<Path>, mut reader: impl BufRead, take: &mut Take<'_>) -> bool {
    let mut number = 0;
    loop {
        number += 1;
        let content = match next_line(&mut reader) {
            Ok(None) => return true,
            Ok(Some(Ok(line))) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(Some(Ok(line))) => Content::Line(line),
            Ok(Some(Err(fault))) => Content::Broken(fault),
            Err(error) => return take(broken(file, Some(number), unreadable(&error))),
        };
        let record = Record {
            file: Arc::clone(file),
            number: Some(number),
            content,
        };
        if !take(record) {
            return false;
        }
    }
}

type Line = Option<Result<Vec<u8>, Unreadable>>;

/// The next line; one that is too long is skipped and said to be.
fn next_line(reader: &mut impl BufRead) -> io::Result<Line> {
    let mut line = Vec::new();
    if reader
        .by_ref()
        .take(MAX_RECORD)
        .read_until(b'\n', &mut line)?
        == 0
    {
        return Ok(None);
    }
    if (line.len() as u64) < MAX_RECORD || line.ends_with(b"\n") {
        return Ok(Some(Ok(line)));
    }
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(MAX_RECORD)
            .read_until(b'\n', &mut line)?;
        if read == 0 || line.ends_with(b"\n") {
            let fault = format!("the line is longer than {} MiB", MAX_RECORD >> 20);
            return Ok(Some(Err(Unreadable(fault))));
        }
    }
}

/// Walks `log.entries` without ever holding more than one entry.
fn har(file: &Arc<Path>, reader: impl BufRead, take: &mut Take<'_>) -> bool {
    let mut walk = Har {
        file,
        take,
        number: 0,
        stopped: false,
    };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let outcome = Level::Root(&mut walk).deserialize(&mut json);
    let Har {
        number, stopped, ..
    } = walk;
    match outcome {
        _ if stopped => false,
        Ok(()) if number == 0 => {
            let fault = Unreadable("no `log.entries` as a HAR file has them".to_owned());
            take(broken(file, None, fault))
        }
        Ok(()) => true,
        Err(error) => {
            let fault = Unreadable(format!("not a HAR file: {error}"));
            take(broken(file, Some(number + 1), fault))
        }
    }
}

struct Har<'a, 'b> {
    file: &'a Arc<Path>,
    take: &'a mut Take<'b>,
    number: u64,
    stopped: bool,
}

/// How deep the walk is.
enum Level<'w, 'a, 'b> {
    Root(&'w mut Har<'a, 'b>),
    Log(&'w mut Har<'a, 'b>),
    Entries(&'w mut Har<'a, 'b>),
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        match self {
            Self::Root(_) | Self::Log(_) => from.deserialize_map(self),
            Self::Entries(_) => from.deserialize_seq(self),
        }
    }
}

/// The parts of an entry that make the request.
#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    request: Value,
}

impl<'de> Visitor<'de> for Level<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Root(_) => "an object with `log`",
            Self::Log(_) => "an object with `entries`",
            Self::Entries(_) => "a list of entries",
        })
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let (name, har, entries) = match self {
            Self::Root(har) => ("log", har, false),
            Self::Log(har) => ("entries", har, true),
            Self::Entries(_) => return Err(de::Error::custom("a list was expected")),
        };
        while let Some(key) = map.next_key::<String>()? {
            if key != name {
                map.next_value::<IgnoredAny>()?;
            } else if entries {
                map.next_value_seed(Level::Entries(har))?;
            } else {
                map.next_value_seed(Level::Log(har))?;
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let Self::Entries(har) = self else {
            return Err(de::Error::custom("an object was expected"));
        };
        while let Some(entry) = seq.next_element::<Entry>()? {
            har.number += 1;
            let record = Record {
                file: Arc::clone(har.file),
                number: Some(har.number),
                content: Content::Entry(entry.request),
            };
            if !(har.take)(record) {
                har.stopped = true;
                return Err(de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[PathBuf]) -> Vec<String> {
        let mut found = Vec::new();
        find(paths, &mut |record| {
            let name = record
                .file
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let request = record.read().map(|(request, label)| {
                let target = String::from_utf8_lossy(&request.target).into_owned();
                label.map_or(target.clone(), |label| {
                    format!("{target} {}", label.as_str())
                })
            });
            let number = record
                .number
                .map_or(String::new(), |number| format!(":{number}"));
            found.push(match request {
                Ok(request) => format!("{name}{number} {request}"),
                Err(fault) => format!("{name}{number} error: {fault}"),
            });
            true
        });
        found
    }

    #[test]
    fn folders_hold_raw_files_lines_and_har() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("a.black", "GET /a HTTP/1.1\n\n");
        write("b/b.white", "GET /b HTTP/1.1\n\n");
        write("b/.hidden", "nothing");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("b/loop")).unwrap();
        write(
            "c.jsonl",
            "{\"uri\":\"/c1\"}\n\nbroken\n{\"uri\":\"/c2\",\"label\":\"white\"}",
        );
        write(
            "d.har",
            r#"{"log":{"version":"1.2","entries":[
                {"request":{"method":"GET","url":"http://h/d1"},"response":{"content":{}}},
                {"response":1}, {"request":{"url":"/d2"}}]}}"#,
        );
        write("e.json", "{\"uri\":\"/e1\"}\n{\"uri\":\"/e2\"}\n");
        write("f.har", r#"{"log":{"entries":[{"request":{"url":"/f1"}},"#);
        write("g.har", "{}");
        let paths = [folder.path().to_owned(), folder.path().join("no-such-file")];
        let found = found(&paths);
        let expected = [
            "a.black /a attack",
            "b.white /b benign",
            "c.jsonl:1 /c1",
            "c.jsonl:3 error: not JSON: expected value at line 1 column 1",
            "c.jsonl:4 /c2 benign",
            "d.har:1 /d1",
            "d.har:2 error: the entry has no `request`",
            "d.har:3 /d2",
            "e.json:1 /e1",
            "e.json:2 /e2",
            "f.har:1 /f1",
            "f.har:2 error: not a HAR file: EOF while parsing a value at line 1 column 45",
            "g.har error: no `log.entries` as a HAR file has them",
            "no-such-file error: cannot be read: No such file or directory (os error 2)",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_beyond_the_bound_is_skipped_alone() {
        let long = vec![b'x'; usize::try_from(MAX_RECORD).unwrap() + 10];
        let mut reader = BufReader::new(long.as_slice().chain(&b"\n{}\n"[..]));
        assert!(matches!(next_line(&mut reader), Ok(Some(Err(_)))));
        assert_eq!(next_line(&mut reader).unwrap().unwrap().unwrap(), b"{}\n");
        assert!(next_line(&mut reader).unwrap().is_none());
    }
}
