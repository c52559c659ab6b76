//! The gateway room against gateways that answer well, badly or not at all.

mod misbehaving;
mod support;
