//! The server: listen, TLS, HTTP, routes, upstreams, reload
