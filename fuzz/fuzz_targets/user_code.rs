//! See `downcity_http::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| downcity_http::fuzzing::run("user_code", bytes));
