//! A gateway whose certificate nobody vouches for is told nothing: the call ends before anything
//! of it was sent, with the key in it or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::World;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use receivables::money::Currency;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use server::gateway::GatewayError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Listens with a certificate of its own making, and counts what comes through.
struct Stranger {
    port: u16,
    certificate: CertificateDer<'static>,
    heard: Arc<AtomicUsize>,
    turned_away: Arc<AtomicUsize>,
}

fn ring() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Stranger {
    async fn listen() -> Self {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let tls = rustls::ServerConfig::builder_with_provider(ring())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, turned_away) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let stranger = Self { port, certificate, heard, turned_away };
        stranger.serve(listener, TlsAcceptor::from(Arc::new(tls)));
        stranger
    }

    fn serve(&self, listener: TcpListener, acceptor: TlsAcceptor) {
        let (heard, turned_away) = (self.heard.clone(), self.turned_away.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    turned_away.fetch_add(1, Ordering::SeqCst);
                    continue;
                };
                let mut bytes = [0; 1024];
                let count = stream.read(&mut bytes).await.unwrap_or(0);
                heard.fetch_add(count, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
    }

    /// Somebody who trusts this certificate says hello.
    async fn is_greeted(&self) {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let tls = rustls::ClientConfig::builder_with_provider(ring())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
}

#[tokio::test]
async fn a_gateway_nobody_vouches_for_is_told_nothing() {
    let stranger = Stranger::listen().await;
    let world = World::new();
    let request = world.request(6234, Currency::USD);
    for host in ["127.0.0.1", "localhost"] {
        let gateway = world.gateway(&format!("https://{host}:{}/", stranger.port));
        let outcome = gateway.create_intent(&request).await;
        assert!(matches!(outcome, Err(GatewayError::Busy { .. })), "{outcome:?}");
    }
    assert!(stranger.turned_away.load(Ordering::SeqCst) >= 2, "it was never asked");
    assert_eq!(stranger.heard.load(Ordering::SeqCst), 0);
    // It would have heard.
    stranger.is_greeted().await;
    assert_eq!(stranger.heard.load(Ordering::SeqCst), 5);
}
