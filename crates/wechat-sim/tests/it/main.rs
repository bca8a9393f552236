//! The simulator over real HTTP: every endpoint, every golden body, every switch.

mod support;

mod flow;
