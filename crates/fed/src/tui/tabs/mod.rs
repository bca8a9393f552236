//! The tabs: one file each.

mod attempts;
mod audit;
mod cities;
mod env;
mod keys;
mod providers;
mod users;

use super::tab::Tab;

/// All tabs, as they stand beside each other.
pub(crate) const TABS: &[&Tab] =
    &[&providers::TAB, &env::TAB, &cities::TAB, &users::TAB, &attempts::TAB, &audit::TAB, &keys::TAB];
