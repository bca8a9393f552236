//! Failings seen in comparable systems, each a test that is named like its line in the list of failings.
//! Races are in `races`; what needs the person's answer is in `confirm`.

mod identity;
mod mailed;
mod provider;
mod sign_in;
mod tokens;
mod web;
