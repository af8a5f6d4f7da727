//! Attacks: public payloads in ordinary requests, each where an application would take it from.

use std::fs;
use std::path::Path;

use super::Request;
use super::traffic::{self, Dice};

const FILES: [&str; 5] = [
    "sqli.txt",
    "xss.txt",
    "command-injection.txt",
    "path-traversal.txt",
    "attack-queries.txt",
];

/// So many attacks, from all files in equal parts, spread over each.
pub(super) fn read(data: &Path, count: usize) -> Result<Vec<Request>, String> {
    let mut dice = Dice::new(0x0a77_ac4b_0000_0001);
    let mut all = Vec::new();
    let share = count.div_ceil(FILES.len());
    for name in FILES {
        let file = data.join("payloads").join(name);
        let text = fs::read(&file).map_err(|fault| format!("{}: {fault}", file.display()))?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| line.len() > 3).collect();
        for at in 0..share {
            let line = lines
                .get(at * lines.len() / share)
                .copied()
                .unwrap_or_default();
            all.push(request(&mut dice, name, line));
        }
    }
    all.truncate(count);
    Ok(all)
}

fn request(dice: &mut Dice, file: &str, payload: &str) -> Request {
    if file == "attack-queries.txt" && payload.starts_with('/') {
        let mut own = traffic::ordinary(dice);
        own.target = target(payload);
        return own;
    }
    match dice.below(3) {
        0 => {
            let mut own = traffic::ordinary(dice);
            own.target = format!("/search?q={}&page=1", traffic::escaped(payload));
            own
        }
        1 => {
            let body = format!("name=Ann&comment={}", traffic::escaped(payload));
            traffic::posted(dice, false, body.into_bytes())
        }
        _ => {
            let body = format!("{{\"name\":\"Ann\",\"note\":{}}}", traffic::quoted(payload));
            traffic::posted(dice, true, body.into_bytes())
        }
    }
}

/// The payload is a target already; what cannot stand in a request line is encoded.
fn target(payload: &str) -> String {
    let mut out = String::new();
    for byte in payload.bytes() {
        match byte {
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_no_blanks() {
        assert_eq!(target("/a?b=c d\u{e9}<"), "/a?b=c%20d%C3%A9<");
    }
}
