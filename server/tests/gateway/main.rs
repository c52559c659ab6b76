//! The gateway room against gateways that answer well, badly or not at all.

mod decoding;
mod misbehaving;
mod sandbox;
mod stage;
mod support;
