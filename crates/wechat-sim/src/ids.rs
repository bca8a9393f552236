//! Names that WeChat makes up: uuid, code, tokens, openid, unionid, rid.
//!
//! Shapes are those of real captures. The randomness is enough to keep simulated sign-ins apart; it is
//! not secret, and nothing of value hangs on it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALNUM: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// SplitMix64: a tiny generator whose sequence is fixed for good, so that an openid of today is the openid
/// of the next release too (a library's generator may change its sequence between versions).
#[derive(Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    /// A generator seeded by the operating system.
    pub(crate) fn random() -> Self {
        Self(RandomState::new().hash_one("wechat-sim"))
    }

    /// A generator whose sequence follows from the words given (FNV-1a over them).
    fn of(words: &[&str]) -> Self {
        let bytes = words.iter().flat_map(|word| word.bytes().chain([0xff]));
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, prefix: &str, length: usize, alphabet: &[u8]) -> String {
        let mut text = String::with_capacity(prefix.len() + length);
        text.push_str(prefix);
        for _ in 0..length {
            // The high bits, scaled: no division, and no bias that matters here.
            let at = (u128::from(self.next()) * alphabet.len() as u128) >> 64;
            text.push(char::from(alphabet[at as usize]));
        }
        text
    }

    /// A QR session's uuid: 16 URL-safe characters.
    pub(crate) fn uuid(&mut self) -> String {
        self.text("", 16, URL_SAFE)
    }

    /// An authorization code: 32 letters and digits, the first a `0`.
    pub(crate) fn code(&mut self) -> String {
        self.text("0", 31, ALNUM)
    }

    /// An access or refresh token: `86_` and 107 URL-safe characters.
    pub(crate) fn token(&mut self) -> String {
        self.text("86_", 107, URL_SAFE)
    }

    /// A state that no site asked for.
    pub(crate) fn foreign_state(&mut self) -> String {
        self.text("foreign", 25, ALNUM)
    }

    /// A request id: the time in hexadecimal seconds and two random groups.
    pub(crate) fn rid(&mut self, now_ms: i64) -> String {
        let random = self.next();
        format!("{:08x}-{:08x}-{:08x}", now_ms / 1000, random >> 32, random & 0xffff_ffff)
    }
}

/// The openid of a person in an app: the same at every start.
pub(crate) fn openid(person: &str, appid: &str) -> String {
    Ids::of(&["openid", person, appid]).text("o", 27, URL_SAFE)
}

/// The unionid of a person in an open account: the same at every start.
pub(crate) fn unionid(person: &str, open_account: &str) -> String {
    Ids::of(&["unionid", person, open_account]).text("o", 27, URL_SAFE)
}

/// An app secret in WeChat's form (32 hexadecimal digits), derived from the appid.
pub(crate) fn secret(appid: &str) -> String {
    let mut ids = Ids::of(&["secret", appid]);
    format!("{:016x}{:016x}", ids.next(), ids.next())
}
