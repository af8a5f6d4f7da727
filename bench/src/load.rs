//! Load by `wrk`, and what it saw.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// A search, as a browser sends it.
    Get,
    /// A 1 KB report in JSON.
    Post,
    /// The same search again and again.
    OneGet,
    /// The same report again and again.
    OnePost,
}

impl Workload {
    pub(crate) const ALL: [Self; 4] = [Self::Get, Self::Post, Self::OneGet, Self::OnePost];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "benign GETs",
            Self::Post => "benign 1 KB JSON POSTs",
            Self::OneGet => "one benign GET, repeated",
            Self::OnePost => "one benign 1 KB JSON POST, repeated",
        }
    }

    /// The script that makes `wrk` send it.
    fn script(self) -> String {
        let (kind, count) = match self {
            Self::Get => ("get", 4000),
            Self::Post => ("post", 4000),
            Self::OneGet => ("get", 1),
            Self::OnePost => ("post", 1),
        };
        let rest = include_str!("load.lua");
        format!("local kind, count = \"{kind}\", {count}\n{rest}")
    }
}

/// What one run saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Responses other than 2xx and 3xx, and socket errors.
    pub(crate) bad: u64,
}

/// Loads a server for so many seconds.
pub(crate) fn run(
    address: SocketAddr,
    workload: Workload,
    seconds: u32,
    connections: u32,
    folder: &Path,
) -> Result<Measured, String> {
    let script: PathBuf = folder.join("load.lua");
    fs::write(&script, workload.script()).map_err(|fault| fault.to_string())?;
    let output = Command::new("wrk")
        .args(["--threads=1", "--latency"])
        .arg(format!("--connections={connections}"))
        .arg(format!("--duration={seconds}s"))
        .arg("--script")
        .arg(script)
        .arg(format!("http://{address}/"))
        .output()
        .map_err(|fault| format!("wrk does not start: {fault}; on Debian: apt install wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    read(&text).ok_or_else(|| format!("wrk said something else:\n{text}"))
}

fn read(text: &str) -> Option<Measured> {
    let mut measured = Measured::default();
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["50%", time] => measured.p50 = duration(time)?,
            ["99%", time] => measured.p99 = duration(time)?,
            [count, "requests", "in", ..] => measured.requests = count.parse().ok()?,
            ["Requests/sec:", rate] => measured.per_second = rate.parse().ok()?,
            ["Non-2xx", .., count] => measured.bad += count.parse::<u64>().ok()?,
            ["Socket", "errors:", rest @ ..] => {
                let counts = rest.iter().map(|word| word.trim_end_matches(','));
                measured.bad += counts
                    .filter_map(|word| word.parse::<u64>().ok())
                    .sum::<u64>();
            }
            _ => {}
        }
    }
    (measured.per_second > 0.0).then_some(measured)
}

/// `1.23ms`, `45.00us`, `2.00s`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    let factor = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * factor).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrks_words_are_understood() {
        let text = "\
Running 3s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   666.03us  100.11us   3.33ms   90.00%
  Latency Distribution
     50%  640.00us
     99%    1.05ms
  141000 requests in 3.00s, 20.00MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 7
Requests/sec:  47000.10
Transfer/sec:      6.66MB
";
        let measured = read(text).unwrap();
        assert_eq!(measured.requests, 141_000);
        assert_eq!(measured.bad, 10);
        assert_eq!(measured.p50, Duration::from_micros(640));
        assert_eq!(measured.p99, Duration::from_micros(1050));
        assert!(read("wrk: unknown option").is_none());
    }
}
