//! What answers inside of a network alone: ports and pages.

use super::is;
use crate::authority::{Authority, Reach};

/// Ports on which developers serve what they write.
pub(super) const WORKSHOP: [u16; 18] = [
    1313, 3000, 3001, 3333, 4000, 4200, 5000, 5001, 5173, 8000, 8001, 8080, 8081, 8443, 8888, 9000,
    9090, 19006,
];

/// Ports of services that are not for browsers.
const SERVICES: [u16; 28] = [
    21, 22, 23, 25, 110, 111, 135, 139, 143, 389, 445, 1433, 2049, 2375, 2376, 2379, 3306, 3389,
    4444, 5432, 5984, 6379, 8500, 9200, 10250, 11211, 27017, 61616,
];

/// Whether nothing for browsers answers on its port.
pub(super) fn serves(own: &Authority<'_>) -> bool {
    own.port.is_some_and(|port| SERVICES.contains(&port))
}

pub(super) fn is_inner(own: &Authority<'_>) -> bool {
    matches!(
        own.reach,
        Reach::Loopback | Reach::Private | Reach::Link | Reach::Rebinding
    )
}

/// Pages that only the inside shows.
pub(super) fn telling(rest: &[u8]) -> bool {
    const PAGES: [&[u8]; 22] = [
        b"/server-status",
        b"/latest/meta",
        b"/actuator",
        b"/manager/",
        b"/_cat/",
        b"/_search",
        b"/.env",
        b"/.git",
        b"/solr/",
        b"/v1/agent",
        b"/computemetadata",
        b"/metadata/",
        b"/opc/",
        b"/shutdown",
        b"/jolokia/exec",
        b"/jolokia/read",
        b"/jolokia/write",
        b"/_cluster/",
        b"/_nodes/",
        b"/containers/json",
        b"/v1/kv/",
        b"/heapdump",
    ];
    PAGES
        .iter()
        .any(|page| rest.get(..page.len()).is_some_and(|own| is(own, page)))
}
