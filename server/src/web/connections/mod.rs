//! The connections that people and strangers open: how many there may be, and how long one may
//! take to say what it wants and to take its answer.
//!
//! Whoever is slow costs us a place, so a place is lent and not given: a request's head and its
//! body must come in time, an answer must be taken in time, and when all places are taken one that
//! waits for somebody's next word gives up its own: first of those that never finished a request,
//! then of the others, whoever has been waiting longest. One that is being answered never does.

mod drained;
mod places;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

use drained::Drained;
use places::{Place, Places};

/// For the head of a request, and for a connection that waits for its next one.
const HEAD: Duration = Duration::from_secs(10);
/// More than the longest head that is read as a request, so that one too long gets our own words.
const READ_AHEAD: usize = 64 * 1024;
const MOST_HEADERS: usize = 96;
/// How long we accept nobody when the machine has no file left for a connection.
const REST: Duration = Duration::from_millis(250);

/// Who is at the other end of the connection: a payer, or a proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The request is here to its last byte; its connection is ours until it is answered.
#[derive(Clone, Default)]
pub struct Arrived(Option<Arc<Place>>);

impl Arrived {
    pub fn note(&self) {
        if let Some(place) = &self.0 {
            place.is_answered();
        }
    }
}

/// Serves whoever connects until told to stop, then finishes what is in hand.
pub async fn serve(
    listener: TcpListener,
    service: Router,
    at_most: usize,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Places::new(at_most);
    // Closes when the last connection has dropped its end.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let place = places.take();
                let talk = talk(stream, address, service.clone(), place, stopped.clone());
                let open = open.clone();
                tokio::spawn(async move {
                    talk.await;
                    drop(open);
                });
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
    drop((listener, open));
    all_closed.recv().await;
}

/// The other end went away before it was accepted: nothing is wrong with us.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn talk(
    stream: TcpStream,
    address: SocketAddr,
    service: Router,
    place: Arc<Place>,
    mut stopped: watch::Receiver<bool>,
) {
    let answering = place.clone();
    let service = service.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let arrived = Arrived(Some(answering.clone()));
        if request.body().is_end_stream() {
            arrived.note();
        }
        request.extensions_mut().insert(Peer(address));
        request.extensions_mut().insert(arrived);
        request
    });
    let waiting = place.clone();
    let service = service.map_response(move |response| {
        waiting.waits_again();
        response
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(MOST_HEADERS)
        .max_buf_size(READ_AHEAD)
        .serve_connection(TokioIo::new(Drained::of(stream)), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let mut told_to_stop = false;
    loop {
        tokio::select! {
            // How it ended is the other end's business; our answers have log lines of their own.
            _ = connection.as_mut() => break,
            () = place.is_wanted() => break,
            _ = stopped.wait_for(|stop| *stop), if !told_to_stop => {
                told_to_stop = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
