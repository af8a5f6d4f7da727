use std::path::Path;
use std::sync::Arc;

use babyshield_model::{Diagnostic, Diagnostics, Source, Span, nearest};

use babyshield_waf::Files;

use super::{Fault, Key, KeyDoc, Resolved, Setting, Shape, Show, Value};
use crate::tree::{Entry, Node, Tree, quote};

/// The value of a key that is absent and has no default.
const NOTHING: &str = "(none)";

/// What a reading leaves behind besides its values.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Every fault found.
    pub(crate) faults: Diagnostics,
    /// Every value in force, in the order the sections ask.
    pub(crate) settings: Vec<Resolved>,
    /// Every key there is; filled by a sample reading only.
    pub(crate) keys: Vec<KeyDoc>,
}

/// Where the document stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Its text.
    pub(crate) source: &'a Arc<Source>,
    /// Where its relative paths start.
    pub(crate) folder: &'a Path,
    /// Where the files it names are looked for.
    pub(crate) files: &'a dyn Files,
}

/// One table being read.
pub(crate) struct Reader<'a> {
    record: &'a mut Record,
    pub(super) document: Place<'a>,
    entries: &'a [Entry],
    /// Where the table stands; `None` when it is not written.
    span: Option<Span>,
    path: String,
    /// The path with `[]` for counted elements, as the catalogue names it.
    pattern: String,
    known: Vec<&'static str>,
    /// Visits every section once and notes the keys instead of the values.
    pub(super) sample: bool,
}

/// Reads a whole document with `section`, or, without one, takes a sample of all keys.
pub(crate) fn read<T>(
    place: &Place<'_>,
    document: Option<&Node>,
    section: impl FnOnce(&mut Reader<'_>) -> T,
) -> (T, Record) {
    let mut record = Record::default();
    let mut reader = Reader {
        document: *place,
        entries: document.map(entries_of).unwrap_or_default(),
        span: None,
        path: String::new(),
        pattern: String::new(),
        known: Vec::new(),
        sample: document.is_none(),
        record: &mut record,
    };
    let value = section(&mut reader);
    reader.finish();
    (value, record)
}

fn entries_of(node: &Node) -> &[Entry] {
    match &node.value {
        Tree::Table(entries) => entries,
        _ => &[],
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

impl<'a> Reader<'a> {
    /// A value that is there in any case.
    pub(crate) fn value<T: Value>(&mut self, key: Key, default: T) -> Setting<T> {
        let setting = match self.take(key, &T::shape(), Some(default.show()), false) {
            Some(node) => self.parse(node).unwrap_or(Setting::default(default)),
            None => Setting::default(default),
        };
        self.note(key, setting.show(), &setting);
        setting
    }

    /// A value that may be absent.
    pub(crate) fn optional<T: Value>(&mut self, key: Key) -> Option<Setting<T>> {
        let Some(node) = self.take(key, &T::shape(), None, false) else {
            if key.inherits.is_none() {
                self.note(key, NOTHING.to_owned(), &Setting::default(()));
            }
            return None;
        };
        let setting = self.parse::<T>(node)?;
        self.note(key, setting.show(), &setting);
        Some(setting)
    }

    /// A value without which the policy is refused.
    pub(crate) fn required<T: Value>(&mut self, key: Key) -> Option<Setting<T>> {
        match self.take(key, &T::shape(), None, true) {
            Some(node) => {
                let setting = self.parse::<T>(node)?;
                self.note(key, setting.show(), &setting);
                Some(setting)
            }
            None => {
                self.missing(key);
                None
            }
        }
    }

    /// A list; each entry keeps its own place, and each bad entry is its own fault.
    pub(crate) fn list<T: Value>(&mut self, key: Key, default: Vec<T>) -> Setting<Vec<Setting<T>>> {
        let shape = Shape::List(Box::new(T::shape()));
        let default = default.into_iter().map(Setting::default).collect();
        self.list_of(key, shape, default, Reader::parse)
    }

    /// One value or a list of them, at least one; absent, the policy is refused.
    pub(crate) fn required_list<T: Value>(&mut self, key: Key) -> Vec<Setting<T>> {
        let shape = Shape::OneOrMany(Box::new(T::shape()));
        let Some(node) = self.take(key, &shape, None, true) else {
            self.missing(key);
            return Vec::new();
        };
        let list = self.one_or_many::<T>(node);
        self.note_list(key, node, &list);
        self.refuse_empty(key, node);
        list
    }

    fn refuse_empty(&mut self, key: Key, node: &Node) {
        if matches!(&node.value, Tree::List(items) if items.is_empty()) {
            let fault = Fault::new(format!("`{}` needs at least one entry", key.name));
            let fault = fault.help(format!("write `{} = {}`", key.name, key.example));
            self.fault(&node.span, fault);
        }
    }

    /// One value or a list of them, or nothing.
    pub(crate) fn optional_list<T: Value>(&mut self, key: Key) -> Option<Setting<Vec<Setting<T>>>> {
        let shape = Shape::OneOrMany(Box::new(T::shape()));
        let node = self.take(key, &shape, None, false)?;
        let list = self.one_or_many::<T>(node);
        self.note_list(key, node, &list);
        Some(Setting::written(list, node.span.clone()))
    }

    fn note_list<T: Value>(&mut self, key: Key, node: &Node, list: &[Setting<T>]) {
        let shown: Vec<String> = list.iter().map(|entry| entry.value.show()).collect();
        let origin = Setting::written((), node.span.clone());
        self.note(key, format!("[{}]", shown.join(", ")), &origin);
    }

    /// A list whose entries, of which there is at least one, are either a value or a table of
    /// their own.
    pub(crate) fn list_or_tables<T: Value, R: Show>(
        &mut self,
        key: Key,
        default: Vec<R>,
        plain: fn(T) -> R,
        table: fn(&mut Reader<'_>) -> Option<R>,
    ) -> Setting<Vec<Setting<R>>> {
        let shape = Shape::List(Box::new(Shape::OrTable(Box::new(T::shape()))));
        let default = default.into_iter().map(Setting::default).collect();
        let name = format!("{}[]", key.name);
        self.sample_table(&name, |reader| drop(table(reader)));
        if let Some(entry) = self.entries.iter().find(|entry| entry.key == key.name) {
            self.refuse_empty(key, &entry.node);
        }
        self.list_of(key, shape, default, |reader, node| {
            reader.plain_or_table(key.name, node, plain, table)
        })
    }

    /// Either a value or a table of further keys.
    pub(crate) fn value_or_table<T: Value, R: Show>(
        &mut self,
        key: Key,
        default: R,
        plain: fn(T) -> R,
        table: fn(&mut Reader<'_>) -> Option<R>,
    ) -> Setting<R> {
        let shape = Shape::OrTable(Box::new(T::shape()));
        let taken = self.take(key, &shape, Some(default.show()), false);
        self.sample_table(key.name, |reader| drop(table(reader)));
        let setting = taken
            .and_then(|node| self.plain_or_table(key.name, node, plain, table))
            .unwrap_or(Setting::default(default));
        self.note(key, setting.value.show(), &setting);
        setting
    }

    /// A table; absent, all its keys have their defaults.
    pub(crate) fn table<R>(&mut self, key: Key, section: impl FnOnce(&mut Reader<'_>) -> R) -> R {
        let node = self.take(key, &Shape::Table, None, false);
        let entries = node.and_then(|node| self.expect_table(node));
        let mut reader = self.child(key.name, key.name, entries, node);
        let value = section(&mut reader);
        reader.finish();
        value
    }

    /// A list of tables, each written `[[name]]`.
    pub(crate) fn tables<R>(
        &mut self,
        key: Key,
        section: fn(&mut Reader<'_>) -> Option<R>,
    ) -> Vec<Setting<R>> {
        let node = self.take(key, &Shape::Tables, None, false);
        self.sample_table(&format!("{}[]", key.name), |reader| drop(section(reader)));
        let Some(node) = node else { return Vec::new() };
        let Tree::List(items) = &node.value else {
            let fault = Fault::wrong_type(&Shape::Tables, &node.value)
                .help(format!("begin each with a line `[[{}]]`", key.name));
            self.fault(&node.span, fault);
            return Vec::new();
        };
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(entries) = self.expect_table(item) else {
                continue;
            };
            let (name, pattern) = (format!("{}[{index}]", key.name), format!("{}[]", key.name));
            let mut reader = self.child(&name, &pattern, Some(entries), Some(item));
            let value = section(&mut reader);
            reader.finish();
            let span = item.span.clone();
            values.extend(value.map(|value| Setting::written(value, span)));
        }
        values
    }

    /// All keys of this table not asked for so far: names of the operator's own.
    pub(crate) fn rest<T: Value>(&mut self, key: Key) -> Vec<(Setting<String>, Setting<T>)> {
        if self.sample {
            self.document(key, &T::shape(), None, false);
        }
        let mut named = Vec::new();
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let name = Setting::written(entry.key.clone(), entry.key_span.clone());
            let Some(value) = self.parse::<T>(&entry.node) else {
                continue;
            };
            self.record.settings.push(Resolved {
                path: join(&self.path, &entry.key),
                value: value.show(),
                origin: value.origin.clone(),
                inherits: None,
            });
            named.push((name, value));
        }
        self.entries = &[];
        named
    }

    /// Records a fault of the section's own at a value it was given.
    pub(crate) fn refuse<T>(&mut self, at: &Setting<T>, fault: Fault) {
        let diagnostic = Diagnostic::error(fault.code, fault.message);
        self.report(Diagnostic {
            span: at.span().cloned(),
            help: fault.help,
            ..diagnostic
        });
    }

    /// Records a fault found by somebody else's parser.
    pub(crate) fn report(&mut self, fault: Diagnostic) {
        self.record.faults.push(fault);
    }
}

impl<'a> Reader<'a> {
    /// The node of a key, if it is written; notes that the key exists.
    fn take(
        &mut self,
        key: Key,
        shape: &Shape,
        default: Option<String>,
        required: bool,
    ) -> Option<&'a Node> {
        self.known.push(key.name);
        if self.sample {
            self.document(key, shape, default, required);
        }
        let entries: &'a [Entry] = self.entries;
        entries
            .iter()
            .find(|entry| entry.key == key.name)
            .map(|entry| &entry.node)
    }

    fn document(&mut self, key: Key, shape: &Shape, default: Option<String>, required: bool) {
        self.record.keys.push(KeyDoc {
            path: join(&self.pattern, key.name),
            doc: key.doc,
            shape: shape.clone(),
            default,
            example: key.example,
            required,
            inherits: key.inherits,
        });
    }

    fn sample_table(&mut self, name: &str, section: impl FnOnce(&mut Reader<'_>)) {
        if self.sample {
            section(&mut self.child(name, name, None, None));
        }
    }

    fn child<'b>(
        &'b mut self,
        name: &str,
        pattern: &str,
        entries: Option<&'b [Entry]>,
        node: Option<&Node>,
    ) -> Reader<'b> {
        Reader {
            document: self.document,
            entries: entries.unwrap_or_default(),
            span: node.map(|node| node.span.clone()),
            path: join(&self.path, name),
            pattern: join(&self.pattern, pattern),
            known: Vec::new(),
            sample: self.sample,
            record: self.record,
        }
    }

    fn expect_table(&mut self, node: &'a Node) -> Option<&'a [Entry]> {
        match &node.value {
            Tree::Table(entries) => Some(entries),
            other => {
                let fault = Fault::wrong_type(&Shape::Table, other);
                self.fault(&node.span, fault);
                None
            }
        }
    }

    fn parse<T: Value>(&mut self, node: &Node) -> Option<Setting<T>> {
        match T::read(node) {
            Ok(value) => Some(Setting::written(value, node.span.clone())),
            Err(fault) => {
                self.fault(&node.span, fault);
                None
            }
        }
    }

    fn one_or_many<T: Value>(&mut self, node: &Node) -> Vec<Setting<T>> {
        match &node.value {
            Tree::List(items) => items.iter().filter_map(|item| self.parse(item)).collect(),
            _ => self.parse(node).into_iter().collect(),
        }
    }

    fn plain_or_table<T: Value, R>(
        &mut self,
        name: &str,
        node: &'a Node,
        plain: fn(T) -> R,
        table: fn(&mut Reader<'_>) -> Option<R>,
    ) -> Option<Setting<R>> {
        let Tree::Table(entries) = &node.value else {
            return self.parse::<T>(node).map(|setting| setting.map(plain));
        };
        let settings = self.record.settings.len();
        let mut reader = self.child(name, name, Some(entries), Some(node));
        let value = table(&mut reader);
        reader.finish();
        // The whole is shown as one value; its parts would be said twice.
        self.record.settings.truncate(settings);
        value.map(|value| Setting::written(value, node.span.clone()))
    }

    fn list_of<R: Show>(
        &mut self,
        key: Key,
        shape: Shape,
        default: Vec<Setting<R>>,
        mut each: impl FnMut(&mut Self, &'a Node) -> Option<Setting<R>>,
    ) -> Setting<Vec<Setting<R>>> {
        let show = |list: &[Setting<R>]| {
            let entries: Vec<String> = list.iter().map(|entry| entry.value.show()).collect();
            format!("[{}]", entries.join(", "))
        };
        let node = self.take(key, &shape, Some(show(&default)), false);
        let setting = match node.map(|node| (node, &node.value)) {
            None => Setting::default(default),
            Some((node, Tree::List(items))) => {
                let list = items.iter().filter_map(|item| each(self, item)).collect();
                Setting::written(list, node.span.clone())
            }
            Some((node, other)) => {
                let fault = Fault::wrong_type(&shape, other).help("put it in square brackets");
                self.fault(&node.span, fault);
                Setting::default(default)
            }
        };
        self.note(key, show(&setting), &setting);
        setting
    }

    fn note<T>(&mut self, key: Key, value: String, setting: &Setting<T>) {
        if !self.sample {
            self.record.settings.push(Resolved {
                path: join(&self.path, key.name),
                value,
                origin: setting.origin.clone(),
                inherits: key.inherits,
            });
        }
    }

    fn fault(&mut self, span: &Span, fault: Fault) {
        self.record.faults.push(Diagnostic {
            severity: babyshield_model::Severity::Error,
            code: fault.code,
            message: fault.message,
            span: Some(span.clone()),
            help: fault.help,
        });
    }

    fn missing(&mut self, key: Key) {
        if self.sample {
            return;
        }
        let name = join(&self.path, key.name);
        let start = || Span::new(self.document.source, 0..0);
        let place = self.span.clone().unwrap_or_else(start);
        let fault = Diagnostic::error("policy.missing_key", format!("`{name}` is missing"))
            .at(place)
            .help(format!("add `{} = {}`", key.name, key.example));
        self.record.faults.push(fault);
    }

    /// Whatever was not asked for is unknown.
    fn finish(self) {
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let within = match self.path.as_str() {
                "" => String::new(),
                path => format!(" in `{path}`"),
            };
            let message = format!("unknown key {}{within}", quote(&entry.key));
            let fault = Diagnostic::error("policy.unknown_key", message).at(entry.key_span.clone());
            let fault = match nearest(&entry.key, self.known.iter().copied()) {
                Some(word) => fault.help(format!("did you mean `{word}`?")),
                None => fault.help(format!("known here: {}", self.known.join(", "))),
            };
            self.record.faults.push(fault);
        }
    }
}
