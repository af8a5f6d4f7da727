//! One request at a time through each server: requests a second, latency, CPU a request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use babyshield_conformance::gateway::{Gateway, Policy};
use babyshield_conformance::rules::{Origin, Prepared, Settings};
use babyshield_model::Mode;

use crate::load::{self, Measured, Workload};
use crate::nginx::{Nginx, Role};
use crate::{Options, process, report};

/// A server under measurement.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    address: SocketAddr,
    id: u32,
    /// The process behind it, where there is one.
    upstream: Option<u32>,
    /// Resident memory before the first request, in KiB.
    pub(crate) idle: u64,
    /// Whether it is there to stop attacks.
    blocks: bool,
}

/// One subject under one workload in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) measured: Measured,
    /// CPU time the server spent on one request, in microseconds.
    pub(crate) cpu: f64,
    /// CPU time the upstream spent on it.
    pub(crate) upstream_cpu: f64,
}

/// All rounds of one workload: for each subject its cells, in the order of the rounds.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) workload: Workload,
    pub(crate) cells: Vec<Vec<Cell>>,
}

/// Everything that runs, kept alive for as long as it is measured.
struct Stage {
    _upstream: Nginx,
    _proxies: Vec<Nginx>,
    _gateways: Vec<Gateway>,
    _rules: Prepared,
    subjects: Vec<Subject>,
}

pub(crate) const DIRECT: &str = "(a) backend, direct";
pub(crate) const OFF: &str = "(b) BabyShield, rules off";
pub(crate) const BUILTIN: &str = "(c) BabyShield, built-in rules";
pub(crate) const CRS: &str = "(d) BabyShield, CRS 3.3.4 level 1";
pub(crate) const NGINX: &str = "(e) nginx, plain proxy";
pub(crate) const MODSECURITY: &str = "(f) nginx + ModSecurity, CRS 3.3.4 level 1";

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let stage = stage(options)?;
    for subject in &stage.subjects {
        let blocked = is_blocked(subject.address)?;
        if blocked != subject.blocks {
            let odd = if blocked {
                "blocks"
            } else {
                "lets an attack through"
            };
            return Err(format!("{} {odd}; nothing was measured", subject.name));
        }
    }
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let mut tables = Vec::new();
    for workload in Workload::ALL {
        tables.push(measure(&stage.subjects, workload, options, folder.path())?);
    }
    let text = report::text(&stage.subjects, &tables, options);
    println!("{text}");
    if !options.check {
        let file = options.results.clone();
        let file = file.unwrap_or_else(|| crate::from_root("bench/results.md"));
        std::fs::write(file, text).map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

fn stage(options: &Options) -> Result<Stage, String> {
    let origin = Origin {
        setup: options.crs3_setup.clone(),
        rules: options.crs3_rules.clone(),
    };
    let rules = Prepared::new(&origin, Settings::Defaults)
        .map_err(|fault| format!("CRS 3.3.4: {fault}; on Debian: apt install modsecurity-crs"))?;
    let upstream = Nginx::start(Role::Upstream)?;
    let to = upstream.address;
    let proxy = Nginx::start(Role::Proxy(to))?;
    let modsecurity = Nginx::start(Role::ModSecurity {
        upstream: to,
        setup: &options.crs3_setup,
        rules: &options.crs3_rules,
    })?;
    let gateway = |mode, rules: &str| {
        let policy = Policy {
            mode,
            rules: rules.to_owned(),
            limits: false,
            lists: true,
            keep_all: false,
        };
        Gateway::start(&options.binary, &policy, to)
    };
    let off = gateway(Mode::Off, "builtin")?;
    let builtin = gateway(Mode::Enforce, "builtin")?;
    let crs = gateway(Mode::Enforce, &rules.path().display().to_string())?;
    let subject = |name, address, id, blocks| Subject {
        name,
        address,
        id,
        upstream: (id != upstream.id()).then(|| upstream.id()),
        idle: process::resident(id),
        blocks,
    };
    let subjects = vec![
        subject(DIRECT, to, upstream.id(), false),
        subject(OFF, off.address, off.id(), false),
        subject(BUILTIN, builtin.address, builtin.id(), true),
        subject(CRS, crs.address, crs.id(), true),
        subject(NGINX, proxy.address, proxy.id(), false),
        subject(MODSECURITY, modsecurity.address, modsecurity.id(), true),
    ];
    Ok(Stage {
        _upstream: upstream,
        _proxies: vec![proxy, modsecurity],
        _gateways: vec![off, builtin, crs],
        _rules: rules,
        subjects,
    })
}

/// Whether a plain SQL injection gets 403.
fn is_blocked(address: SocketAddr) -> Result<bool, String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(
            b"GET /v1/recalls?q=1%27%20UNION%20SELECT%20email,password%20FROM%20account-- \
              HTTP/1.1\r\nHost: recalls.example\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\
              Connection: close\r\n\r\n",
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = ask().map_err(|fault| format!("{address} does not answer: {fault}"))?;
    match answer.split(' ').nth(1) {
        Some("403") => Ok(true),
        Some("200") => Ok(false),
        _ => Err(format!("{address} answers something odd: {answer}")),
    }
}

/// Every subject in every round, the order turning, after a second of warming up.
fn measure(
    subjects: &[Subject],
    workload: Workload,
    options: &Options,
    folder: &Path,
) -> Result<Table, String> {
    for subject in subjects {
        load::run(subject.address, workload, 1, options.connections, folder)?;
    }
    let mut cells = vec![Vec::new(); subjects.len()];
    for round in 0..options.rounds as usize {
        for turn in 0..subjects.len() {
            let at = (round + turn) % subjects.len();
            if let (Some(subject), Some(own)) = (subjects.get(at), cells.get_mut(at)) {
                let cell = cell(subject, workload, options, folder)?;
                eprintln!(
                    "{}, round {}: {}: {:.0} requests/s",
                    workload.name(),
                    round + 1,
                    subject.name,
                    cell.measured.per_second
                );
                own.push(cell);
            }
        }
    }
    Ok(Table { workload, cells })
}

fn cell(
    subject: &Subject,
    workload: Workload,
    options: &Options,
    folder: &Path,
) -> Result<Cell, String> {
    let clock = || {
        (
            process::time(subject.id),
            subject.upstream.map_or(Duration::ZERO, process::time),
        )
    };
    let before = clock();
    let measured = load::run(
        subject.address,
        workload,
        options.seconds,
        options.connections,
        folder,
    )?;
    let after = clock();
    let requests = measured.requests.max(1) as f64;
    let a_request = |spent: Duration| spent.as_secs_f64() * 1e6 / requests;
    if measured.bad > 0 {
        let (name, bad) = (subject.name, measured.bad);
        return Err(format!(
            "{name}: {bad} of {} requests failed",
            measured.requests
        ));
    }
    Ok(Cell {
        measured,
        cpu: a_request(after.0.saturating_sub(before.0)),
        upstream_cpu: a_request(after.1.saturating_sub(before.1)),
    })
}
