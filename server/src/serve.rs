//! `paydown serve`: one address, the app, the API and the background work, until told to stop.

use std::io::{self, Write};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Loaded;
use crate::start::{Injected, StartError, Started, start};
use crate::state::Shared;
use crate::{health, router, web, work};

/// How long requests in hand may take once we were told to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// What the background work may take beyond them; it stops between two pieces of work.
const DRAIN_WORK: Duration = Duration::from_secs(4);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: String, source: io::Error },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the server stopped: {0}")]
    Io(#[from] io::Error),
}

/// Serves until the process is told to stop, then finishes what is in hand.
pub async fn serve(loaded: Loaded) -> Result<(), ServeError> {
    let address = loaded.settings.listen.clone();
    let listen = |source| ServeError::Listen { address: address.clone(), source };
    let listener = TcpListener::bind(&address).await.map_err(listen)?;
    let own_address = format!("http://{}", listener.local_addr()?);
    let Started { portal, sandbox } =
        start(loaded, Injected::from_the_machine(), &own_address).await?;

    let mut rooms = router::rooms();
    if let Some(sandbox) = &sandbox {
        rooms = rooms.merge(sandbox.router().with_state(()));
        tokio::spawn(sandbox.clone().keep_time());
    }
    let service = web::serve(rooms, router::signed(), &portal);
    let (stop, stopped) = watch::channel(false);
    let watching = watched(&portal).await?;
    let working = tokio::spawn(work::run(portal.clone(), stopped.clone()));
    // A reader who has gone away is no fault of ours.
    let _ = writeln!(std::io::stdout().lock(), "Paydown listens on {own_address}");
    tracing::info!(address = own_address, mode = ?portal.gateway.mode(), "serving");

    tokio::spawn(async move {
        told_to_stop().await;
        tracing::info!("told to stop; finishing what is in hand");
        let _ = stop.send(true);
    });
    let at_most = portal.settings.connections;
    let serving = web::accept(listener, service, at_most, stopped.clone());
    let mut stopped = stopped;
    tokio::select! {
        () = serving => {}
        // Connections that idle must not keep a stopping server alive.
        () = async {
            let _ = stopped.wait_for(|stop| *stop).await;
            tokio::time::sleep(DRAIN).await;
        } => tracing::warn!("some connections did not finish in time"),
    }
    let work_ended = tokio::time::timeout(DRAIN_WORK, working).await.is_ok();
    if !work_ended {
        tracing::warn!("some background work did not finish in time");
    }
    if let Some(watching) = watching {
        watching.abort();
    }
    portal.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The listener of those who watch over the portal, where there is one. It answers until the
/// end, also while requests in hand are being finished.
async fn watched(
    portal: &Shared,
) -> Result<Option<tokio::task::JoinHandle<io::Result<()>>>, ServeError> {
    let address = portal.settings.metrics_listen.clone();
    if address.is_empty() {
        return Ok(None);
    }
    let listen = |source| ServeError::Listen { address: address.clone(), source };
    let listener = TcpListener::bind(&address).await.map_err(listen)?;
    let own_address = listener.local_addr()?;
    let _ = writeln!(std::io::stdout().lock(), "Paydown is watched on http://{own_address}");
    let service = health::watchers_router(portal);
    Ok(Some(tokio::spawn(async move { axum::serve(listener, service).await })))
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be heard; use an interrupt");
                let _ = interrupt.await;
                return;
            }
        };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
