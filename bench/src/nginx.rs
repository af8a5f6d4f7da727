//! nginx in three roles: the upstream, a plain proxy, a proxy with ModSecurity.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use babyshield_conformance::process::{Process, free_address};
use tempfile::TempDir;

const MODULE: &str = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so";
/// Debian's configuration of the module.
const DEBIAN: &str = "/etc/nginx/modsecurity.conf";

/// What an instance does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role<'a> {
    /// Answers 200 with a little JSON, whatever is asked.
    Upstream,
    /// Forwards.
    Proxy(SocketAddr),
    /// Forwards what ModSecurity with these rules lets through.
    ModSecurity {
        upstream: SocketAddr,
        setup: &'a Path,
        rules: &'a Path,
    },
}

/// A running instance, two workers, in a folder of its own.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Process,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    pub(crate) fn start(role: Role<'_>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let path = folder.path();
        // The workers have given up root's rights by the time they look for their files.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(|fault| fault.to_string())?;
        let address = free_address()?;
        let config = config(role, address, path)?;
        fs::write(path.join("nginx.conf"), config).map_err(|fault| fault.to_string())?;
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(path)
            .arg("-c")
            .arg(path.join("nginx.conf"));
        command.arg("-e").arg(path.join("error.log"));
        Ok(Self {
            process: Process::start(&mut command, &path.join("stderr.log"), address)?,
            address,
            _folder: folder,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

fn config(role: Role<'_>, address: SocketAddr, folder: &Path) -> Result<String, String> {
    let forward = |upstream: SocketAddr| {
        let block = format!("upstream api {{ server {upstream}; keepalive 64; }}\n");
        let location = "proxy_pass http://api; proxy_http_version 1.1; \
                        proxy_set_header Connection \"\"; proxy_set_header Host $host;";
        (block, location.to_owned())
    };
    let (load, (block, location)) = match role {
        Role::Upstream => {
            let answer = r#"default_type application/json; return 200 '{"recalls":[],"page":2}';"#;
            (String::new(), (String::new(), answer.to_owned()))
        }
        Role::Proxy(upstream) => (String::new(), forward(upstream)),
        Role::ModSecurity {
            upstream,
            setup,
            rules,
        } => {
            let file = folder.join("modsecurity.conf");
            let text = modsecurity(setup, rules)?;
            fs::write(&file, text).map_err(|fault| fault.to_string())?;
            let (block, location) = forward(upstream);
            let block = format!(
                "{block}modsecurity on; modsecurity_rules_file {};\n",
                file.display()
            );
            (format!("load_module {MODULE};\n"), (block, location))
        }
    };
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {}/{name};\n", folder.display()))
        .concat();
    Ok(format!(
        "{load}daemon off;\nworker_processes 2;\npid {}/pid;\nerror_log {}/error.log crit;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\naccess_log off; server_tokens off; keepalive_requests 1000000000;\n{paths}{block}\
         server {{ listen {address}; location / {{ {location} }} }}\n}}\n",
        folder.display(),
        folder.display()
    ))
}

/// Debian's file with blocking on; what would write logs or call home is off, for speed and peace.
fn modsecurity(setup: &Path, rules: &Path) -> Result<String, String> {
    let debian = fs::read_to_string(DEBIAN).map_err(|fault| {
        format!("{DEBIAN}: {fault}; on Debian: apt install libnginx-mod-http-modsecurity")
    })?;
    let mut text = debian
        .replace("SecRuleEngine DetectionOnly", "SecRuleEngine On")
        .replace("SecAuditEngine RelevantOnly", "SecAuditEngine Off")
        .replace("SecStatusEngine On", "SecStatusEngine Off")
        .replace("unicode.mapping", "/etc/nginx/unicode.mapping");
    for file in [setup, &rules.join("*.conf")] {
        text.push_str(&format!("\nInclude {}\n", file.display()));
    }
    Ok(text)
}
