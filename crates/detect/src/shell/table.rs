//! Commands, and what arguments make sense of them.

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing, or flags: `whoami`, `uname -a`.
    Nothing,
    /// A file: `cat /etc/passwd`.
    Path,
    /// Nothing, or files: `ls -la /tmp`.
    List,
    /// A number: `sleep 5`.
    Number,
    /// A host: `ping -c 4 10.0.0.1`.
    Host,
    /// A URL: `curl http://…`.
    Url,
    /// A program: `sh -c …`, `| sh`.
    Script,
    /// A word of its own: `net user`.
    Sub(&'static [&'static str]),
    /// Anything: `echo $(id)`.
    Text,
    /// Files to change: `rm -rf /tmp/x`.
    Change,
    /// A pattern and options, between pipes: `grep -v root`.
    Filter,
    /// Another command: `sudo id`.
    Command,
}

/// A command.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// It is also a word of ordinary text or code.
    pub(super) common: bool,
}

const fn own(name: &'static str, takes: Takes) -> Entry {
    Entry {
        name,
        takes,
        common: false,
    }
}

const fn common(name: &'static str, takes: Takes) -> Entry {
    Entry {
        name,
        takes,
        common: true,
    }
}

/// The entry of a command by its name in lower case.
pub(super) fn named(name: &[u8]) -> Option<&'static Entry> {
    COMMANDS.get(starts::find(&NAMES, &STARTS, name)?)
}

static NAMES: [&str; COMMANDS.len()] = names();
static STARTS: Starts = starts::of(&NAMES);

#[allow(
    clippy::indexing_slicing,
    reason = "worked out by the compiler, which refuses what lies outside"
)]
const fn names() -> [&'static str; COMMANDS.len()] {
    let mut names = [""; COMMANDS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = COMMANDS[at].name;
        at += 1;
    }
    names
}

/// Whether a name, in any case, is a command's.
pub(super) fn known(name: &[u8]) -> bool {
    starts::lower(name, &mut [0; starts::LONGEST])
        .and_then(named)
        .is_some()
}

/// Whether any command begins with these two letters, in any case.
pub(super) fn begins(first: u8, second: u8) -> bool {
    let own = [first.to_ascii_lowercase(), second.to_ascii_lowercase()];
    let at = COMMANDS.partition_point(|entry| entry.name.as_bytes() < own.as_slice());
    COMMANDS
        .get(at)
        .is_some_and(|entry| entry.name.as_bytes().starts_with(&own))
}

/// Programs whose paths are written with `?` and `*`.
pub(super) static PATHS: &[&str] = &[
    "/bin/cat",
    "/bin/sh",
    "/bin/bash",
    "/bin/ls",
    "/bin/nc",
    "/bin/id",
    "/bin/ping",
    "/bin/sleep",
    "/bin/uname",
    "/bin/nc.openbsd",
    "/bin/nc.traditional",
    "/bin/netcat",
    "/bin/base64",
    "/bin/whoami",
    "/usr/bin/id",
    "/usr/bin/whoami",
    "/usr/bin/curl",
    "/usr/bin/wget",
    "/usr/bin/head",
    "/usr/bin/tail",
    "/usr/bin/nc",
    "/usr/bin/perl",
    "/usr/bin/python",
    "/usr/bin/python3",
    "/usr/bin/php",
    "/usr/bin/base64",
    "/usr/bin/sort",
    "/usr/bin/xxd",
    "/usr/bin/cat",
    "/usr/bin/tac",
    "/bin/tac",
    "/usr/bin/env",
];

use crate::starts::{self, Starts};

use Takes::{Change, Command, Filter, Host, List, Nothing, Number, Path, Script, Sub, Text, Url};

static COMMANDS: &[Entry] = &[
    own("adduser", Change),
    own("apt-get", Sub(&["install", "update", "remove"])),
    own("arp", Nothing),
    common("at", Sub(&["now"])),
    own("attrib", Change),
    own("awk", Filter),
    own("base64", Filter),
    own("bash", Script),
    own("bcdedit", Nothing),
    own("bitsadmin", Sub(&["/transfer"])),
    own("busybox", Command),
    own("cacls", Change),
    own("calc", Nothing),
    common("cat", Path),
    own("certutil", Url),
    own("chattr", Change),
    own("chgrp", Change),
    own("chmod", Change),
    own("chown", Change),
    own("chpasswd", Nothing),
    common("clip", Nothing),
    own("cmd", Script),
    common("command", Command),
    common("copy", Change),
    own("copy-item", Change),
    own("cp", Change),
    own("crontab", Path),
    own("cscript", Script),
    own("csh", Script),
    own("curl", Url),
    common("cut", Filter),
    own("dash", Script),
    common("date", Nothing),
    own("dd", Change),
    own("del", Change),
    own("df", Nothing),
    common("diff", Path),
    own("dig", Host),
    own("dir", List),
    own("dmesg", Nothing),
    common("do", Command),
    own("docker", Sub(&["run", "ps", "exec", "images"])),
    own("du", List),
    common("echo", Text),
    own("egrep", Filter),
    own("elif", Command),
    common("else", Command),
    common("env", Nothing),
    common("exec", Command),
    own("expr", Text),
    common("false", Nothing),
    common("fetch", Url),
    own("fgrep", Filter),
    common("file", Path),
    common("find", Path),
    own("findstr", Filter),
    common("finger", Host),
    common("format", Change),
    own("ftp", Host),
    own("gawk", Filter),
    own("gcc", Change),
    own("get-childitem", List),
    own("get-content", Path),
    own("get-process", Nothing),
    own("get-service", Nothing),
    own(
        "get-wmiobject",
        Sub(&["win32_operatingsystem", "win32_process"]),
    ),
    own("getent", Sub(&["passwd", "hosts", "group", "shadow"])),
    own("git", Sub(&["clone"])),
    own("grep", Filter),
    own("gunzip", Change),
    common("head", Path),
    own("hexdump", Path),
    own("hg", Sub(&["clone"])),
    common("history", Nothing),
    common("host", Host),
    own("hostname", Nothing),
    own("icacls", Change),
    common("id", Nothing),
    own("iex", Script),
    own("ifconfig", Nothing),
    own("invoke-command", Script),
    own("invoke-expression", Script),
    own("invoke-restmethod", Url),
    own("invoke-webrequest", Url),
    own(
        "ip",
        Sub(&["a", "addr", "address", "route", "r", "link", "neigh"]),
    ),
    own("ipconfig", Nothing),
    own("iptables", Filter),
    own("irb", Script),
    own("irm", Url),
    own("iwr", Url),
    common("java", Script),
    common("kill", Change),
    own("killall", Filter),
    own("ksh", Script),
    common("last", Nothing),
    common("less", Path),
    own("ln", Change),
    common("locate", Path),
    own("ls", List),
    own("lsof", Nothing),
    own("lua", Script),
    own("lwp-download", Url),
    own("lynx", Url),
    common("mail", Change),
    common("mailx", Change),
    own("mawk", Filter),
    own("md5sum", Path),
    own("mkdir", Change),
    own("mkfifo", Change),
    own("mknod", Change),
    common("more", Path),
    common("mount", Nothing),
    common("move", Change),
    own("mshta", Url),
    own("msiexec", Url),
    common("mutt", Change),
    own("mv", Change),
    own("mysql", Filter),
    own("mysqldump", Filter),
    own("nawk", Filter),
    own("nc", Host),
    own("ncat", Host),
    common(
        "net",
        Sub(&[
            "user",
            "users",
            "view",
            "localgroup",
            "group",
            "share",
            "use",
            "start",
            "stop",
            "accounts",
            "session",
        ]),
    ),
    own("netcat", Host),
    own(
        "netsh",
        Sub(&["advfirewall", "firewall", "interface", "wlan"]),
    ),
    own("netstat", Nothing),
    own("new-object", Filter),
    common("nice", Command),
    common("nl", Path),
    own("nmap", Host),
    common("node", Script),
    own("nohup", Command),
    own("nslookup", Host),
    own("nsupdate", Nothing),
    own("od", Path),
    own("openssl", Sub(&["s_client", "enc", "passwd"])),
    own("passwd", Nothing),
    common("paste", Path),
    own("perl", Script),
    own("pgrep", Filter),
    own("php", Script),
    own("phpinfo", Nothing),
    common("ping", Host),
    own("pip", Sub(&["install"])),
    own("pkill", Filter),
    own("powershell", Script),
    own("printenv", Nothing),
    own("printf", Text),
    own(
        "ps",
        Sub(&[
            "aux", "auxw", "auxww", "-ef", "-aux", "-e", "-a", "ax", "axu", "-eaf",
        ]),
    ),
    own("pwd", Nothing),
    own("pwsh", Script),
    own("python", Script),
    own("python2", Script),
    own("python3", Script),
    own("readlink", Path),
    common("reboot", Nothing),
    own("reg", Sub(&["add", "query", "delete", "save"])),
    own("regsvr32", Url),
    own("rev", Filter),
    own("rm", Change),
    own("rmdir", Change),
    common("route", Sub(&["print", "-n", "add"])),
    own("rsync", Change),
    common("ruby", Script),
    own("rundll32", Filter),
    own("rvim", Script),
    own(
        "sc",
        Sub(&["query", "stop", "start", "config", "create", "delete"]),
    ),
    own("schtasks", Nothing),
    own("scp", Change),
    own("sed", Filter),
    common("sendmail", Filter),
    common("set", Sub(&["/a", "/p"])),
    own("setsid", Command),
    own("sftp", Host),
    own("sh", Script),
    common("shutdown", Nothing),
    common("sleep", Number),
    own("socat", Filter),
    common("sort", Path),
    own("ssh", Host),
    common("start", Script),
    own("start-process", Script),
    own("start-sleep", Number),
    own("stat", Path),
    own("strace", Filter),
    own("strings", Path),
    own("su", Nothing),
    own("sudo", Command),
    own(
        "systemctl",
        Sub(&[
            "stop",
            "start",
            "status",
            "restart",
            "enable",
            "disable",
            "daemon-reload",
        ]),
    ),
    own("systeminfo", Nothing),
    own("tac", Path),
    common("tail", Path),
    own("tar", Change),
    own("taskkill", Nothing),
    own("tasklist", Nothing),
    own("tclsh", Script),
    own("tcpdump", Filter),
    own("tcsh", Script),
    own("tee", Path),
    own("telnet", Host),
    own("telnetd", Filter),
    own("tftp", Host),
    common("then", Command),
    common("time", Command),
    common("timeout", Number),
    common("top", Nothing),
    common("touch", Change),
    own("tr", Filter),
    own("tracepath", Host),
    own("traceroute", Host),
    own("tracert", Host),
    common("true", Nothing),
    common("type", Path),
    own("umask", Nothing),
    own("uname", Nothing),
    own("uniq", Filter),
    common("until", Command),
    own("unzip", Change),
    own("uptime", Nothing),
    own("useradd", Change),
    own("usermod", Change),
    own("usleep", Number),
    common("ver", Nothing),
    own("vi", Path),
    own("vim", Path),
    own("vssadmin", Sub(&["delete", "list"])),
    common("w", Nothing),
    common("wait", Number),
    own("wc", Filter),
    own("wget", Url),
    common("while", Command),
    common("who", Nothing),
    own("whoami", Nothing),
    own("whois", Host),
    own(
        "wmic",
        Sub(&[
            "process",
            "os",
            "useraccount",
            "service",
            "qfe",
            "computersystem",
            "/node",
            "product",
            "logicaldisk",
        ]),
    ),
    common("write-host", Text),
    common("write-output", Text),
    own("wscript", Script),
    own("xargs", Filter),
    own("xcopy", Change),
    own("xterm", Filter),
    own("xxd", Path),
    own("zcat", Path),
    own("zsh", Script),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_in_order() {
        for pair in COMMANDS.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "{} {}",
                pair[0].name,
                pair[1].name
            );
        }
    }
}
