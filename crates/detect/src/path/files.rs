//! Files that are read through a hole, never by a link: relative to the root, in lower case, with `/`.

use super::climb::slash;
use crate::set::{self, Set};
use crate::starts::{self, Starts};

/// How telling a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Telling {
    /// A directory of the system, where much lies.
    Place,
    /// A file or directory that only an attack asks a web application for.
    Secret,
}

const SECRETS: &[&str] = &[
    ".aws/",
    ".azure/",
    ".bash_history",
    ".bashrc",
    ".docker/config",
    ".git-credentials",
    ".git/",
    ".gnupg/",
    ".htaccess",
    ".htpasswd",
    ".kube/config",
    ".my.cnf",
    ".mysql_history",
    ".netrc",
    ".npmrc",
    ".passwd",
    ".pgpass",
    ".psql_history",
    ".rhosts",
    ".ssh/",
    ".svn/",
    ".hg/",
    ".zsh_history",
    ".history",
    ".bash_profile",
    ".cshrc",
    ".forward",
    ".logout",
    ".profile",
    ".shosts",
    ".xauthority",
    "apache/conf/httpd.conf",
    "apache/logs/",
    "apache2/logs/",
    "autoexec.bat",
    "boot.ini",
    "boot/grub",
    "config.sys",
    "documents and settings/",
    "etc/aliases",
    "etc/anacrontab",
    "etc/apache",
    "etc/bash",
    "etc/chrootusers",
    "etc/cron",
    "etc/default/",
    "etc/environment",
    "etc/exports",
    "etc/fstab",
    "etc/ftp",
    "etc/group",
    "etc/gshadow",
    "etc/host",
    "etc/http",
    "etc/inetd.conf",
    "etc/init",
    "etc/inittab",
    "etc/issue",
    "etc/kubernetes/",
    "etc/ldap",
    "etc/lighttpd",
    "etc/logrotate",
    "etc/lsb-release",
    "etc/master.passwd",
    "etc/modules.conf",
    "etc/motd",
    "etc/mtab",
    "etc/my.cnf",
    "etc/mysql",
    "etc/network",
    "etc/nginx",
    "etc/nsswitch",
    "etc/openldap",
    "etc/os-release",
    "etc/pam.",
    "etc/passwd",
    "etc/php",
    "etc/postgresql",
    "etc/profile",
    "etc/proftp",
    "etc/pure-ftpd",
    "etc/pureftpd",
    "etc/redhat-release",
    "etc/redis",
    "etc/release",
    "etc/resolv.conf",
    "etc/samba",
    "etc/security/",
    "etc/services",
    "etc/shadow",
    "etc/shells",
    "etc/smb",
    "etc/snmp",
    "etc/squid",
    "etc/ssh",
    "etc/ssl/private",
    "etc/sudoers",
    "etc/sysconfig",
    "etc/sysctl",
    "etc/syslog",
    "etc/termcap",
    "etc/tomcat",
    "etc/updatedb",
    "etc/utmp",
    "etc/vhcs2",
    "etc/vsftpd",
    "etc/wtmp",
    "etc/wu-ftpd",
    "etc/x11/",
    "etc/xinetd",
    "etc/defaultrouter",
    "etc/mail/",
    "etc/mailman/",
    "etc/netconfig",
    "etc/system",
    "global.asa",
    "inetpub/",
    "logs/access",
    "logs/error",
    "meta-inf/",
    "minint/",
    "mysql/data/",
    "opt/apache",
    "opt/lampp/",
    "opt/xampp/",
    "pagefile.sys",
    "private/etc/",
    "proc/1/",
    "proc/cmdline",
    "proc/config.gz",
    "proc/cpuinfo",
    "proc/devices",
    "proc/filesystems",
    "proc/interrupts",
    "proc/ioports",
    "proc/meminfo",
    "proc/modules",
    "proc/mounts",
    "proc/net/",
    "proc/partitions",
    "proc/sched_debug",
    "proc/self/",
    "proc/stat",
    "proc/swaps",
    "proc/thread-self/",
    "proc/uptime",
    "proc/version",
    "program files/apache",
    "program files/mysql",
    "program files/xampp",
    "program files/filezilla",
    "proc/loadavg",
    "root/.",
    "run/secrets/",
    "secrets/kubernetes.io",
    "system volume information",
    "system32/",
    "sysprep",
    "tmp/sess_",
    "unattend.xml",
    "usr/etc/",
    "usr/home/",
    "usr/lib/php",
    "usr/local/apache",
    "usr/local/cpanel",
    "usr/local/etc/",
    "usr/local/mysql",
    "usr/local/nginx",
    "usr/local/php",
    "usr/local/pureftpd",
    "usr/local/tomcat",
    "usr/local/zeus",
    "usr/pkg/etc",
    "usr/pkgsrc/",
    "usr/ports/",
    "usr/sbin/pure",
    "users/administrator/",
    "usr/spool/",
    "var/adm/",
    "var/apache",
    "var/cpanel/",
    "var/lib/mlocate",
    "var/lib/mysql",
    "var/lib/php",
    "var/local/www",
    "var/log",
    "var/mail",
    "var/mysql",
    "var/nm2/",
    "var/run/",
    "var/spool/",
    "var/www/",
    "volumes/",
    "var/cron/",
    "var/lock/",
    "var/lp/",
    "var/root/",
    "var/saf/",
    "web-inf/",
    "win.ini",
    "windows/",
    "winnt/",
    "wp-config.php",
    "wamp/",
    "xampp/",
];

const PLACES: &[&str] = &[
    "bin/",
    "c:/",
    "dev/",
    "etc/",
    "home/",
    "opt/",
    "proc/",
    "program files/",
    "root/",
    "srv/",
    "sys/",
    "tmp/",
    "usr/",
    "users/",
    "var/",
    "web.config",
];

static SECRET_STARTS: Starts = starts::of(SECRETS);
static PLACE_STARTS: Starts = starts::of(PLACES);

/// The bytes these begin with.
const FIRST: Set = set::of(b".abcdeghilmoprstuvwx");

/// Where `file` ends if it stands at `at`, in any case and with any separators.
fn stands(text: &[u8], at: usize, file: &str) -> Option<usize> {
    let mut here = at;
    for wanted in file.bytes() {
        if wanted == b'/' {
            let (len, _) = slash(text, here)?;
            here += len;
            while let Some((len, _)) = slash(text, here).filter(|_| here < at + 96) {
                here += len;
            }
            if text.get(here) == Some(&b'.') && slash(text, here + 1).is_some() {
                here += 2;
            }
        } else {
            let own = *text.get(here)?;
            if own.to_ascii_lowercase() != wanted {
                return None;
            }
            here += 1;
        }
    }
    Some(here)
}

/// The file at `at`: how telling it is, and where its known part ends.
pub(super) fn known(text: &[u8], at: usize) -> Option<(Telling, usize)> {
    let first = text.get(at)?.to_ascii_lowercase();
    if !set::has(FIRST, first) {
        return None;
    }
    let second = text.get(at + 1).map(u8::to_ascii_lowercase);
    let find = |files: &[&str], starts: &Starts| {
        let own = files.get(starts::range(starts, first)).unwrap_or_default();
        // Separators have many spellings.
        let mut own = own.iter().filter(|file| match file.as_bytes() {
            [_, b'/', ..] => true,
            [_, own, ..] => Some(*own) == second,
            _ => true,
        });
        own.find_map(|file| stands(text, at, file))
    };
    if first == b'.'
        && let Some(end) = environment(text, at)
    {
        return Some((Telling::Secret, end));
    }
    if let Some(end) = find(SECRETS, &SECRET_STARTS) {
        return Some((Telling::Secret, end));
    }
    if first == b'h'
        && let Some(end) = hidden_home(text, at)
    {
        return Some((Telling::Secret, end));
    }
    find(PLACES, &PLACE_STARTS).map(|end| (Telling::Place, end))
}

/// Files by which servers are set up and that they write, wherever they lie.
const SERVED: &[&str] = &[
    "access.log",
    "access_log",
    "applicationhost.config",
    "config.inc.php",
    "error.log",
    "error_log",
    "httpd.conf",
    "metabase.xml",
    "my.cnf",
    "my.ini",
    "mysql-bin.log",
    "mysql.err",
    "mysql.log",
    "nginx.conf",
    "php.ini",
    "sysprep.inf",
    "sysprep.xml",
    "unattend.txt",
    "unattend.xml",
    "unattended.txt",
    "unattended.xml",
    "web.config",
];

/// Folders of Windows that hold keys and how it was set up.
const SETUP: &[&str] = &[
    "windows/panther/",
    "windows/repair/",
    "windows/system32/config/",
    "windows/system32/drivers/etc/",
    "windows/system32/inetsrv/",
    "windows/system32/license.rtf",
    "windows/system32/sysprep",
    "windows/system32/unattend",
];

/// Whether a path ends in a file that servers are set up by, perhaps cut off by a NUL.
pub(super) fn served(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let name = text.rsplit(|own| matches!(own, b'/' | b'\\')).next();
    let name = name.unwrap_or_default();
    let own = |file: &&str| name.eq_ignore_ascii_case(file.as_bytes());
    name.len() < text.len() && SERVED.iter().any(own)
}

/// Whether one of those folders stands at `at`.
pub(super) fn setup(text: &[u8], at: usize) -> bool {
    SETUP.iter().any(|file| stands(text, at, file).is_some())
}

/// `.env`, `.env.local`.
fn environment(text: &[u8], at: usize) -> Option<usize> {
    let end = stands(text, at, ".env")?;
    let ends = text
        .get(end)
        .is_none_or(|next| matches!(next, b'.' | 0 | b'?' | b' ' | b'/'));
    ends.then_some(end)
}

/// `home/somebody/.ssh`.
fn hidden_home(text: &[u8], at: usize) -> Option<usize> {
    let start = stands(text, at, "home/")?;
    let name = text.get(start..text.len().min(start + 32))?;
    let len = name.iter().position(|own| matches!(own, b'/' | b'\\'))?;
    (text.get(start + len + 1) == Some(&b'.')).then_some(start + len + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_begins_with_a_byte_that_is_looked_for() {
        for file in SECRETS.iter().chain(PLACES) {
            assert!(set::has(FIRST, file.as_bytes()[0]), "{file}");
        }
    }

    #[test]
    fn files_are_known_in_any_spelling() {
        for text in [
            "etc/passwd",
            "ETC\\passwd",
            "etc//./passwd",
            "etc%2fpasswd",
            "windows\\win.ini",
            ".env",
            "home/a/.ssh",
        ] {
            let own = known(text.as_bytes(), 0);
            assert_eq!(own.map(|own| own.0), Some(Telling::Secret), "{text}");
        }
        for text in [".environment", "et", "usr", "home/a/x"] {
            assert_ne!(
                known(text.as_bytes(), 0).map(|own| own.0),
                Some(Telling::Secret),
                "{text}"
            );
        }
    }
}
