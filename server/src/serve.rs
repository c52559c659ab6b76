//! `paydown serve`: one address, the app, the API and the background work, until told to stop.

use std::io::{self, Write};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Loaded;
use crate::start::{Injected, StartError, Started, start};
use crate::{router, web, work};

/// How long requests in hand may take once we were told to stop.
const DRAIN: Duration = Duration::from_secs(20);

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
    let working = tokio::spawn(work::run(portal.clone(), stopped.clone()));
    // A reader who has gone away is no fault of ours.
    let _ = writeln!(std::io::stdout().lock(), "Paydown listens on {own_address}");
    tracing::info!(address = own_address, mode = ?portal.gateway.mode(), "serving");

    let drained = async move {
        told_to_stop().await;
        tracing::info!("told to stop; finishing what is in hand");
        let _ = stop.send(true);
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(drained);
    let mut stopped = stopped;
    tokio::select! {
        outcome = serving => outcome?,
        // Connections that idle must not keep a stopping server alive.
        () = async {
            let _ = stopped.wait_for(|stop| *stop).await;
            tokio::time::sleep(DRAIN).await;
        } => tracing::warn!("some connections did not finish in time"),
    }
    let _ = tokio::time::timeout(DRAIN, working).await;
    portal.db.close().await;
    tracing::info!("stopped");
    Ok(())
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
