//! `babyshield rules …` as a user runs it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail them"
)]

mod terminal;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use terminal::{babyshield, fed, json, told};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

const MESSY: &str = "SecRule  ARGS \"@rx a\"  \\\n\"id:1, pass\"\n\n\n\nSecMarker   X\n";
const LAID: &str = "SecRule ARGS \"@rx a\" \\\n    \"id:1,pass\"\n\nSecMarker X\n";

#[test]
fn fmt_writes_in_place_and_then_has_nothing_to_do() {
    let folder = folder(&[("a.conf", MESSY), ("sub/b.conf", MESSY), ("c.data", MESSY)]);
    let path = folder.path().join("a.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink("a.conf", folder.path().join("link.conf")).expect("a link");
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "fmt", "--check", "."],
    ));
    assert_eq!((code, out.lines().count()), (1, 3), "{out}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    assert_eq!(read("a.conf"), MESSY);
    let (code, ..) = told(&babyshield(folder.path(), &["rules", "fmt", "."]));
    assert_eq!(code, 0);
    assert_eq!([read("a.conf"), read("sub/b.conf")], [LAID, LAID]);
    assert_eq!(read("c.data"), MESSY);
    let kept = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(kept & 0o777, 0o640);
    assert!(folder.path().join("link.conf").is_symlink());
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 4, "nothing is left beside");
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "fmt", "--check", "."],
    ));
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn fmt_lays_out_standard_input() {
    let here = Path::new(".");
    let (code, out, _) = told(&fed(here, &["rules", "fmt", "-"], MESSY));
    assert_eq!((code, out.as_str()), (0, LAID));
    let (code, ..) = told(&fed(here, &["rules", "fmt", "--check", "-"], MESSY));
    assert_eq!(code, 1);
    let (code, ..) = told(&fed(here, &["rules", "fmt", "--check", "-"], LAID));
    assert_eq!(code, 0);
    let json_of = ["rules", "fmt", "--check", "--format", "json", "-"];
    let (_, out, _) = told(&fed(here, &json_of, MESSY));
    assert_eq!(json(&out)["changed"][0], "<standard input>");
}

#[test]
fn fmt_touches_nothing_where_one_file_is_wrong() {
    let folder = folder(&[("a.conf", MESSY), ("b.conf", "SecRule ARGS \"@rx a\n")]);
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "."]));
    assert_eq!(code, 2);
    assert!(
        err.contains("b.conf:1:14: error: this quote is never closed"),
        "{err}"
    );
    let own = fs::read_to_string(folder.path().join("a.conf")).expect("a file");
    assert_eq!(own, MESSY);
    fs::write(folder.path().join("b.conf"), b"# \xff\n").expect("a file");
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "."]));
    assert!(
        code == 2 && err.contains("is not UTF-8 from byte 2 on"),
        "{err}"
    );
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "nowhere"]));
    assert!(
        code == 2 && err.contains("`nowhere` cannot be read"),
        "{err}"
    );
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "-", "a.conf"]));
    assert!(code == 2 && err.contains("`-` stands alone"), "{err}");
}
