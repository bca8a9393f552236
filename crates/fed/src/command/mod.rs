//! The commands: one file each.

pub(crate) mod admin_key;
pub(crate) mod attempt;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod city;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod event;
pub(crate) mod import;
pub(crate) mod login;
pub(crate) mod manual;
pub(crate) mod master_key;
pub(crate) mod overview;
pub(crate) mod provider;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod webhook;
pub(crate) mod wechat_sim;
