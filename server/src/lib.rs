//! The thin API of Paydown: who is asking, one database transaction, the gateway, the outbox.
#![recursion_limit = "256"]

pub mod accounts;
pub mod adjustments;
pub mod audit;
pub mod backend;
pub mod backup;
pub mod bills;
pub mod clock;
pub mod config;
pub mod counter;
pub mod db;
pub mod demo;
pub mod desk;
pub mod external_payments;
mod failpoints;
pub mod gateway;
pub mod gateway_events;
pub mod health;
mod http_client;
pub mod imports;
pub mod installation;
pub mod ledger;
pub mod limits;
pub mod outbox;
pub mod payments;
pub mod portal_page;
pub mod privacy;
pub mod problem;
pub mod receipts;
pub mod router;
pub mod serve;
pub mod sign_in;
pub mod start;
pub mod state;
pub mod web;
pub mod work;
pub mod work_list;
