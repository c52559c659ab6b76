//! Asking other machines over HTTP: one set-up for everything that does.
//!
//! The roots travel in the binary: a container without certificates still knows whom it asks.
//! No redirect is followed, as what is sent is meant for one address.

use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum AddressProblem {
    #[error("only this machine is asked without TLS")]
    WithoutTls,
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A client for this address; what it may say and how long it may take is added by its user.
pub fn client_for(url: &Url) -> Result<ClientBuilder, AddressProblem> {
    if url.scheme() != "https" && !is_this_machine(url) {
        return Err(AddressProblem::WithoutTls);
    }
    if is_this_machine(url) { client_for_this_machine() } else { Ok(plain()?) }
}

/// What never leaves the machine needs no TLS.
pub fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// A proxy of the surroundings would be asked for this machine's own address, and fail.
pub fn client_for_this_machine() -> Result<ClientBuilder, AddressProblem> {
    Ok(plain()?.no_proxy())
}

fn plain() -> Result<ClientBuilder, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("paydown/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none()))
}
