//! Files that are read through a hole, never by a link: relative to the root, in lower case, with `/`.

use super::climb::slash;
use crate::set::{self, Set};

/// How telling a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Telling {
    /// A directory of the system, where much lies.
    Place,
    /// A file or directory that only an attack asks a web application for.
    Secret,
}

/// In order.
const SECRETS: &[&str] = &[
    ".aws/",
    ".azure/",
    ".bash_history",
    ".bash_profile",
    ".bashrc",
    ".cshrc",
    ".docker/config",
    ".forward",
    ".git-credentials",
    ".git/",
    ".gnupg/",
    ".hg/",
    ".history",
    ".htaccess",
    ".htpasswd",
    ".kube/config",
    ".logout",
    ".my.cnf",
    ".mysql_history",
    ".netrc",
    ".npmrc",
    ".passwd",
    ".pgpass",
    ".profile",
    ".psql_history",
    ".rhosts",
    ".shosts",
    ".ssh/",
    ".svn/",
    ".xauthority",
    ".zsh_history",
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
    "etc/defaultrouter",
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
    "etc/mail/",
    "etc/mailman/",
    "etc/master.passwd",
    "etc/modules.conf",
    "etc/motd",
    "etc/mtab",
    "etc/my.cnf",
    "etc/mysql",
    "etc/netconfig",
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
    "etc/system",
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
    "proc/loadavg",
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
    "program files/filezilla",
    "program files/mysql",
    "program files/xampp",
    "root/.",
    "run/secrets/",
    "secrets/kubernetes.io",
    "sysprep",
    "system volume information",
    "system32/",
    "tmp/sess_",
    "unattend.xml",
    "users/administrator/",
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
    "usr/spool/",
    "var/adm/",
    "var/apache",
    "var/cpanel/",
    "var/cron/",
    "var/lib/mlocate",
    "var/lib/mysql",
    "var/lib/php",
    "var/local/www",
    "var/lock/",
    "var/log",
    "var/lp/",
    "var/mail",
    "var/mysql",
    "var/nm2/",
    "var/root/",
    "var/run/",
    "var/saf/",
    "var/spool/",
    "var/www/",
    "volumes/",
    "wamp/",
    "web-inf/",
    "win.ini",
    "windows/",
    "winnt/",
    "wp-config.php",
    "xampp/",
];

/// In order.
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
    "users/",
    "usr/",
    "var/",
    "web.config",
];

/// The bytes these begin with.
const FIRST: Set = set::of(b".abcdeghilmoprstuvwx");

/// What stands at `here` of a file's name that begins at `at`, in one spelling, and where it ends: a
/// letter in lower case, or `/` for all separators that follow one another and the `./` behind them.
fn unit(text: &[u8], at: usize, here: usize) -> Option<(u8, usize)> {
    let own = *text.get(here)?;
    let Some((len, _)) = slash(text, here) else {
        return Some((own.to_ascii_lowercase(), here + 1));
    };
    let mut end = here + len;
    while let Some((len, _)) = slash(text, end).filter(|_| end < at + 96) {
        end += len;
    }
    if text.get(end) == Some(&b'.') && slash(text, end + 1).is_some() {
        end += 2;
    }
    Some((b'/', end))
}

/// Where `file` ends if it stands at `at`, in any case and with any separators.
fn stands(text: &[u8], at: usize, file: &str) -> Option<usize> {
    file.bytes().try_fold(at, |here, wanted| {
        let (own, end) = unit(text, at, here)?;
        (own == wanted).then_some(end)
    })
}

/// Where the file ends that stands at `at`, the shortest of those that do: fewer and fewer files begin
/// as the text does.
fn find(text: &[u8], at: usize, files: &[&str]) -> Option<usize> {
    let mut left = files;
    let mut here = at;
    for place in 0.. {
        let byte = |file: &&str| file.as_bytes().get(place).copied();
        if left.first().is_some_and(|file| byte(file).is_none()) {
            return Some(here);
        }
        let (own, end) = unit(text, at, here)?;
        let from = left.partition_point(|file| byte(file) < Some(own));
        let to = left.partition_point(|file| byte(file) <= Some(own));
        left = left.get(from..to).filter(|left| !left.is_empty())?;
        here = end;
    }
    None
}

/// The file at `at`: how telling it is, and where its known part ends.
pub(super) fn known(text: &[u8], at: usize) -> Option<(Telling, usize)> {
    let first = text.get(at)?.to_ascii_lowercase();
    if !set::has(FIRST, first) {
        return None;
    }
    if first == b'.'
        && let Some(end) = environment(text, at)
    {
        return Some((Telling::Secret, end));
    }
    if let Some(end) = find(text, at, SECRETS) {
        return Some((Telling::Secret, end));
    }
    if first == b'h'
        && let Some(end) = hidden_home(text, at)
    {
        return Some((Telling::Secret, end));
    }
    find(text, at, PLACES).map(|end| (Telling::Place, end))
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

/// Of these, the accounts, and the passwords that it was set up with: no program reports them.
const KEYS: &[&str] = &[
    "windows/panther/unattend",
    "windows/repair/",
    "windows/system32/config/regback/",
    "windows/system32/config/sam",
    "windows/system32/config/security",
    "windows/system32/sysprep.",
    "windows/system32/sysprep/sysprep.",
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

/// Whether the home of the system's own services stands at `at`.
pub(super) fn services(text: &[u8], at: usize) -> bool {
    stands(text, at, "windows/system32/config/systemprofile").is_some()
}

/// Whether one of those files stands at `at`.
pub(super) fn keys(text: &[u8], at: usize) -> bool {
    KEYS.iter().any(|file| stands(text, at, file).is_some())
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
    fn files_lie_in_order() {
        for files in [SECRETS, PLACES] {
            assert!(files.is_sorted());
            for file in files {
                let own = find(file.as_bytes(), 0, files).unwrap();
                assert!(
                    file.get(..own).is_some_and(|own| files.contains(&own)),
                    "{file}"
                );
            }
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
