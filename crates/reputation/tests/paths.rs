//! Paths: the built-in list, the operator's patterns, and the spellings that must not get around
//! either.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::HashSet;

use babyshield_reputation::path::{Plan, Spec};

fn plan(patterns: &[&str]) -> Plan {
    Plan::compile(&Spec::from(patterns)).unwrap()
}

fn faults(pattern: &str) -> String {
    let faults = Plan::compile(&Spec::from([pattern].as_slice())).unwrap_err();
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("\n")
}

#[test]
fn the_builtin_list_is_large_without_repeating_itself() {
    let plan = plan(&["builtin"]);
    let mut seen = HashSet::new();
    for entry in plan.entries() {
        assert!(
            seen.insert(&entry.pattern),
            "{} stands twice",
            entry.pattern
        );
        assert!(!entry.category.is_empty(), "{}", entry.pattern);
    }
    let categories: HashSet<&str> = plan
        .entries()
        .map(|entry| entry.category.as_str())
        .collect();
    assert!(seen.len() >= 1000, "{} entries", seen.len());
    assert!(categories.len() >= 15, "{categories:?}");
}

#[test]
fn every_literal_entry_finds_itself() {
    let plan = plan(&["builtin"]);
    for entry in plan
        .entries()
        .filter(|entry| entry.pattern.starts_with('/') && !entry.pattern.contains('['))
    {
        let path = entry.pattern.as_bytes();
        assert!(
            plan.find(path).is_some(),
            "{} does not find itself",
            entry.pattern
        );
    }
}

#[test]
fn each_form_of_entry_finds_what_it_means() {
    let plan = plan(&["builtin"]);
    for (path, category) in [
        // exact
        ("/Dockerfile", "project-file"),
        // prefix, with something behind it and without
        ("/phpmyadmin", "database-admin"),
        ("/phpmyadmin/index.php", "database-admin"),
        // suffix
        ("/a/b/id_rsa", "credentials"),
        // within
        ("/shop/.git/HEAD", "vcs"),
        ("/shop/.git", "vcs"),
        // regex
        ("/api/.env.production", "environment"),
        ("/login.php~", "backup"),
        // capitals count
        ("/CHANGELOG.txt", "case-sensitive"),
    ] {
        let hit = plan
            .find(path.as_bytes())
            .unwrap_or_else(|| panic!("{path} is not found"));
        assert_eq!(hit.category, category, "{path}");
    }
    assert!(plan.find(b"/changelog.txt").is_none());
}

const ORDINARY: [&str; 67] = [
    "/",
    "/index.html",
    "/favicon.ico",
    "/robots.txt",
    "/sitemap.xml",
    "/.well-known/acme-challenge/x",
    "/.well-known/openid-configuration",
    "/.well-known/security.txt",
    "/admin",
    "/admin/users/7",
    "/login",
    "/logout",
    "/api",
    "/api/v1/users",
    "/api/v1/recalls?brand=x",
    "/v1/recalls/2024-117",
    "/v2/products/42/images/1.jpg",
    "/graphql",
    "/health",
    "/healthz",
    "/status",
    "/metrics",
    "/swagger/index.html",
    "/swagger-ui.html",
    "/openapi.json",
    "/docs",
    "/actuator/health",
    "/actuator/info",
    "/config",
    "/settings",
    "/env",
    "/environment",
    "/debug",
    "/search",
    "/files/report.pdf",
    "/downloads/app.zip",
    "/uploads/2024/photo.png",
    "/static/js/main.8f3a.js",
    "/static/css/app.css.map",
    "/assets/vendor/jquery.min.js",
    "/images/logo.svg",
    "/oauth/token",
    "/oauth2/authorize",
    "/saml/acs",
    "/socket.io/",
    "/ws",
    "/events",
    "/cart/checkout",
    "/blog/how-to-use-git",
    "/blog/.netflix-and-chill",
    "/docs/backup-and-restore",
    "/products/c99-compiler",
    "/wiki/WordPress",
    "/p/phpmyadmin-alternatives",
    "/u/shell",
    "/tags/.net",
    "/caf%C3%A9/menü",
    "/%E8%A3%BD%E5%93%81/42",
    "/a/b/../c",
    "/search/100%25-cotton",
    "/index.php",
    "/users/login.php",
    "/items/1;v=2",
    "/v1.0/items",
    "/~user/home.html",
    "/report.sql-analysis.html",
    "/exchange/rates",
];

#[test]
fn what_an_ordinary_api_serves_is_not_on_the_list() {
    let plan = plan(&["builtin"]);
    for path in ORDINARY {
        assert_eq!(plan.find(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn no_spelling_gets_around_the_list() {
    let plan = plan(&["builtin", "/internal/**"]);
    for path in [
        "/.GIT/config",
        "//.git/config",
        "/%2egit/config",
        "/%252e%2567it/config",
        "/x/../.git/config",
        "/x/..;/.git/config",
        "/static/..%5c..%5c.git\\config",
        "/.git;a=b/config",
        "/%u002egit/config",
        "/%c0%aegit/config",
        "/.git%00/config",
        "/.env%00.jpg",
        "/.env%20",
        "/.env.",
        "/.env::$DATA",
        "/INTERNAL",
        "/internal/x",
        "/./internal",
        "/%69nternal/x",
        "/internal%2fx",
        "/public/%2e%2e/internal/",
        "/.git/config?x=y",
        "/wp-login.php/",
        "/wp-login.php;x",
        "/wp-login.php%0a",
    ] {
        assert!(plan.find(path.as_bytes()).is_some(), "{path}");
    }
}

#[test]
fn own_patterns_mean_what_they_say() {
    for (pattern, hits, misses) in [
        (
            "/internal",
            ["/internal", "/Internal/"],
            ["/internal/x", "/x/internal"],
        ),
        (
            "/internal/**",
            ["/internal", "/internal/a/b"],
            ["/internals", "/x/internal"],
        ),
        ("*.bak", ["/a/b.bak", "/.bak"], ["/a.bak/c", "/a.bakery"]),
        (
            "/*/debug",
            ["/v1/debug", "/v2/debug"],
            ["/debug", "/a/b/debug"],
        ),
        ("/a/**/z", ["/a/z", "/a/b/c/z"], ["/az", "/a/b"]),
        (
            "/v*/debug/**",
            ["/v1/debug", "/v22/debug/x"],
            ["/v1/debugger", "/x/v1/debug"],
        ),
        (
            "**/secret",
            ["/secret", "/a/b/secret"],
            ["/secrets", "/a/xsecret"],
        ),
        (
            "re:^/v[0-9]+/debug",
            ["/v1/debug", "/v12/debugger"],
            ["/v/debug", "/V1/debug"],
        ),
    ] {
        let plan = plan(&[pattern]);
        for path in hits {
            let hit = plan
                .find(path.as_bytes())
                .unwrap_or_else(|| panic!("{pattern} misses {path}"));
            assert_eq!(
                (hit.pattern.as_str(), hit.category.as_str()),
                (pattern, "own")
            );
        }
        for path in misses {
            assert_eq!(plan.find(path.as_bytes()), None, "{pattern} takes {path}");
        }
    }
}

#[test]
fn a_freed_path_is_not_blocked_by_any_entry() {
    let plan = plan(&[
        "builtin",
        "/internal/**",
        "!/wp-login.php",
        "!/internal/health",
    ]);
    assert!(plan.find(b"/wp-login.php").is_none());
    assert!(plan.find(b"/internal/health").is_none());
    assert!(plan.find(b"/wp-config.php").is_some());
    assert!(plan.find(b"/internal/x").is_some());
}

#[test]
fn faults_name_the_pattern_and_what_to_write() {
    assert!(faults("bultin").contains("did you mean `builtin`?"));
    assert!(faults("internal/x").contains("write `/internal/x`"));
    assert!(faults("/x?y=1").contains("queries are the business of the rules"));
    assert!(faults("/x/{id}").contains("after `re:`"));
    assert!(faults("/**").contains("would match every path"));
    assert!(faults("re:(").contains("is not a usable expression"));
    assert!(faults("re:(?=x)").contains("look-around"));
    let all = Plan::compile(&Spec::from(["x", "re:(", "/a?"].as_slice())).unwrap_err();
    assert_eq!(all.len(), 3, "every fault is told");
}

#[test]
fn an_empty_list_blocks_nothing() {
    assert!(plan(&[]).find(b"/.git/config").is_none());
}
