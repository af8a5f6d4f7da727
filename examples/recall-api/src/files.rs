//! The documents `/v1/files` serves: a file system of a few entries that exists only in this
//! table. The endpoint follows `..` as careless code does, so that a scanner can find the hole,
//! yet no path leads to the machine's own disk.

/// Where a careful caller stays.
const BASE: &str = "/srv/recalls/notices";

/// Path and content of every file there is.
const TREE: [(&str, &str); 6] = [
    (
        "/srv/recalls/notices/how-to-check.txt",
        "Look for the model number on the label under the seat. Compare it with the list.\n",
    ),
    (
        "/srv/recalls/notices/remedy-kit.txt",
        "The repair kit holds two brackets, four screws and a hex key. Fitting takes ten minutes.\n",
    ),
    (
        "/srv/recalls/notices/refund.txt",
        "Cut the harness straps, take a photo and send it with your address for a full refund.\n",
    ),
    (
        "/srv/recalls/private/staff.txt",
        "mara@recalls.example extension 114\nowen@recalls.example extension 121\n",
    ),
    (
        "/srv/recalls/.env",
        "DATABASE_URL=sqlite::memory:\nSESSION_KEY=not-a-real-key\n",
    ),
    (
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         recalls:x:1000:1000::/srv/recalls:/bin/sh\n",
    ),
];

/// The content under `name`, taken relative to the notices folder, `..` and absolute paths
/// followed.
#[must_use]
pub fn read(name: &str) -> Option<&'static str> {
    let path = resolve(name);
    TREE.iter()
        .find(|(own, _)| *own == path)
        .map(|(_, text)| *text)
}

fn resolve(name: &str) -> String {
    let whole = if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("{BASE}/{name}")
    };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hole_is_there_and_leads_nowhere_real() {
        assert!(read("refund.txt").is_some());
        assert!(read("../../../etc/passwd").is_some_and(|text| text.starts_with("root:")));
        assert!(read("../private/staff.txt").is_some());
        assert!(read("/etc/hostname").is_none());
        assert!(read("../../../../../../etc/passwd").is_some());
    }
}
