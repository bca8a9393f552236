//! The tabs: one file each.

mod attempts;
mod audit;
mod cities;
mod doctor;
mod env;
mod keys;
mod overview;
mod providers;
mod users;

use super::tab::Tab;

/// All tabs, as they stand beside each other.
pub(crate) const TABS: &[&Tab] = &[
    &overview::TAB,
    &providers::TAB,
    &env::TAB,
    &cities::TAB,
    &users::TAB,
    &attempts::TAB,
    &audit::TAB,
    &keys::TAB,
    &doctor::TAB,
];
