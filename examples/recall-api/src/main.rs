//! `recall-api [PORT]`: serves the sample on 127.0.0.1, on a free port unless told which.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use recall_api::{Store, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("recall-api: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let port = match std::env::args().nth(1) {
        None => 0,
        Some(text) => text
            .parse::<u16>()
            .map_err(|_| format!("`{text}` is not a port; usage: recall-api [PORT]"))?,
    };
    // Never any other address: this program has holes on purpose.
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    eprintln!(
        "recall-api listens on http://{} (vulnerable on purpose; loopback only)",
        listener.local_addr()?
    );
    axum::serve(listener, router(Store::seeded()?))
        .with_graceful_shutdown(stop())
        .await?;
    Ok(())
}

/// Resolves at Ctrl-C or SIGTERM.
async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt => {}
        () = terminate => {}
    }
}
