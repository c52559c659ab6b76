//! The stories: the real rooms, both databases, the sandbox gateway. One program for all of them,
//! since linking one for each took most of the time and the disk of a build.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[macro_use]
mod support;

mod alike;
mod api;
mod audit;
mod authorization;
mod backup;
mod book;
mod break_glass;
mod canaries;
mod check;
mod check_money_back;
mod corrections;
mod credit;
mod crowds;
mod db;
mod demo;
mod demo_staff;
mod desk_lists;
mod disputes;
mod export;
mod external_money;
mod forged_requests;
mod garbage;
mod holds;
mod import;
mod imports_as_jobs;
mod installation;
mod invitations;
mod limits;
mod not_taken;
mod openapi;
mod outages;
mod outbox;
mod passkeys;
mod payments;
mod payments_from_files;
mod payments_review;
mod personal_data;
mod posting;
mod privacy;
mod proof_events;
mod proof_kills;
mod proof_preview;
mod proof_races;
mod proof_refunds;
mod proof_simulator;
mod proof_swapped_ids;
mod recorded_by_staff;
mod refunds;
mod refunds_at_the_desk;
mod search;
mod sign_in;
mod slow_clients;
mod split_tender;
mod sql;
mod staff_sign_in;
mod staff_sign_in_certified;
mod stopping;
mod supply;
mod tidy;
mod timeline;
mod upgrades;
mod watched_table;
mod work_items;
mod work_list;
mod your_sign_in;
