//! The door and everything behind it, over real HTTP: a Federation on a real store, the WeChat simulator as
//! the provider, a clock that tests can move.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod admins;
mod at_rest;
mod attempts;
mod bad_input;
mod breaker;
mod city_apps;
mod clock_jumps;
mod confirm;
mod confirm_page;
mod contract;
mod corpus;
mod doctor;
mod email_change;
mod forgetting;
mod introspect;
mod keys;
mod kit;
mod limits;
mod local;
mod login_steps;
mod logs;
mod mail;
mod mail_login;
mod metrics;
mod model;
mod moving_in;
mod notices;
mod one_user;
mod openapi;
mod overview;
mod own;
mod passwords;
mod people;
mod person;
mod providers;
mod races;
mod refresh;
mod regressions;
mod resting;
mod secrets;
mod skewed;
mod spec;
mod support;
mod switches;
mod switches_callback;
mod switches_identity;
mod upgrade;
mod user_code;
mod vanishing;
mod walk;
mod ways;
mod webhooks;
mod workspace;
