//! The wire contract, route by route: statuses, codes, headers and fields that clients rely on.

mod accounts;
mod cities;
mod collect;
mod env;
mod federation;
mod return_to;
mod tokens;
mod wire;
