//! Bad input to every route: never a 500, never a hang, nothing stored, and always our own words.

mod generated;
mod raw;
mod shapes;
