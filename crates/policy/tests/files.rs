//! Which files a policy stands on: when one of them changes, it is loaded again.
#![allow(clippy::unwrap_used, reason = "a test")]

use babyshield_policy::Policy;
use babyshield_waf::source::Disk;

#[test]
fn files_that_rules_name_are_files_of_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    let files = [
        (
            "policy.toml",
            "version = 1\nupstream = \"http://127.0.0.1:1\"\n[waf]\nrules = [\"builtin\", \"own.conf\"]\n",
        ),
        (
            "own.conf",
            "Include more/*.conf\nSecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:2,deny\"\n",
        ),
        (
            "more/a.conf",
            "SecRule REMOTE_ADDR \"@ipMatchFromFile nets.data\" \"id:2,phase:1,deny\"\n",
        ),
        ("words.data", "bad\n"),
        ("more/nets.data", "192.0.2.0/24\n"),
    ];
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let policy = Policy::load(&folder.path().join("policy.toml"), &Disk).unwrap();
    let own = policy.files();
    for path in ["own.conf", "more/a.conf", "words.data", "more/nets.data"] {
        assert!(own.contains(&folder.path().join(path)), "{path}: {own:?}");
    }
}
