//! The commands: one file each.

pub(crate) mod city;
pub(crate) mod demo;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod import;
pub(crate) mod serve;
pub(crate) mod token;
pub(crate) mod wechat_sim;
