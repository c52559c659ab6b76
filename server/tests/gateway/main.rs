//! The gateway room against gateways that answer well, badly or not at all.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod decoding;
mod localstripe;
mod misbehaving;
mod sandbox;
mod scenarios;
mod stage;
mod support;
mod tls;
