//! The lines about bodies.

use babyshield_waf::Step;
use babyshield_waf::body::multipart::Flags;
use babyshield_waf::body::{Cause, Fault};
use babyshield_waf::hir::Processor;
use babyshield_waf::variable::Variable;

use super::{Log, lossy};

impl Log<'_> {
    /// What became of the request's body, and of its query.
    pub(super) fn of_body(&mut self, step: &Step) {
        match step {
            Step::Body {
                processor,
                fault,
                flags,
            } => {
                self.source = match processor {
                    Processor::Urlencoded => "POST",
                    Processor::Multipart => "BODY",
                    Processor::Json | Processor::JsonLines => "JSON",
                    Processor::Xml => "XML",
                };
                self.body(*processor, fault.as_ref(), flags.as_ref());
            }
            Step::Argument { from, name, value } => self.argument(*from, name, value),
            Step::File {
                name,
                filename,
                length,
            } => {
                let text = format!(
                    "Multipart: Added file part to the list: name \"{}\" file name \"{}\" \
                     (offset ?, length {})",
                    lossy(name),
                    lossy(filename),
                    lossy(length)
                );
                self.line(9, &text);
            }
            Step::TooMuchBesideFiles => {
                let text = "Request body excluding files is bigger than the maximum expected.";
                self.line(5, text);
            }
            Step::RequestBody(on) if self.rules.settings.request_body && !on => {
                let text = "Request body processing is enabled, but disabled to this transaction \
                            due to ctl:requestBodyAccess action";
                self.line(4, text);
            }
            _ => {}
        }
    }

    fn argument(&mut self, from: Variable, name: &[u8], value: &[u8]) {
        let from = if from == Variable::ArgsGet {
            "GET"
        } else {
            self.source
        };
        let (name, value) = (lossy(name), lossy(value));
        let text = format!("Adding request argument ({from}): name \"{name}\", value \"{value}\"");
        self.line(4, &text);
        if from == "BODY" {
            self.line(9, &format!("Multipart: Content-Disposition name: {name}."));
            self.line(9, &format!("Multipart: Added data to variable: {value}"));
        }
    }

    fn body(&mut self, processor: Processor, fault: Option<&Fault>, flags: Option<&Flags>) {
        let of_header = fault.filter(|own| own.cause.to_string().contains(" in C-T"));
        if let Some(fault) = of_header {
            self.multipart(fault);
        }
        if let Some(flags) = flags {
            for (_, text) in warnings(flags).into_iter().filter(|(set, _)| *set) {
                self.line(4, &format!("Multipart: Warning: {text}"));
            }
        }
        let Some(fault) = fault else { return };
        if fault.cause == Cause::TooManyArguments {
            self.line(4, "Skipping request argument, over limit");
        }
        match processor {
            Processor::Xml => {
                self.line(4, "XML: Failed parsing document.");
                self.line(4, "XML parsing error: XML: Failed parsing document");
            }
            Processor::Multipart if of_header.is_none() => self.multipart(fault),
            Processor::Multipart => {}
            Processor::Json | Processor::JsonLines | Processor::Urlencoded => {}
        }
        self.line(4, &format!("Failed to parse request body: {fault}"));
    }

    fn multipart(&mut self, fault: &Fault) {
        let mut own = fault.cause.to_string();
        if let Some(first) = own.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let text = format!("Multipart: {own}.");
        self.line(1, &text);
        self.line(1, &format!("Multipart parsing error: {text}"));
    }
}

/// What is odd about a multipart body, as libmodsecurity warns of it.
fn warnings(flags: &Flags) -> [(bool, &'static str); 9] {
    [
        (flags.boundary_quoted, "boundary was quoted."),
        (
            flags.boundary_whitespace,
            "boundary whitespace in C-T header.",
        ),
        (flags.data_before, "seen data before first boundary."),
        (flags.data_after, "seen data after last boundary."),
        (flags.header_folding, "header folding used."),
        (flags.crlf_lf_lines(), "mixed line endings used (CRLF/LF)."),
        (
            flags.lf_line && !flags.crlf_line,
            "incorrect line endings used (LF).",
        ),
        (flags.missing_semicolon, "missing semicolon in C-T header."),
        (flags.invalid_quoting, "invalid quoting used."),
    ]
}
