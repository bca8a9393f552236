//! Links the release build so that starting it touches less of it: relative relocations in their packed form (`DT_RELR`)
//! are a sixtieth of the usual size. The C library has to know that form; glibc does since 2.36. A program runs where the
//! C library is no older than where it was linked, so the one that is here decides.

use std::env::var;
use std::process::Command;

/// The first version of glibc that knows the packed form.
const FIRST: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let native =
        var("TARGET").ok() == var("HOST").ok() && var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu");
    if native && var("PROFILE").as_deref() == Ok("release") && glibc().is_some_and(|found| found >= FIRST) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the C library here, where it is glibc.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
