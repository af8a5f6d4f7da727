//! tower layers of the request path, each usable alone
