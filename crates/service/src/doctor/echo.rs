//! A call that comes back: what the doctor sends to a public address carries a ticket that only this Federation (any
//! of its nodes) can have made, and the answer a proof that only it can give. So another server, and another
//! Federation, is told from this one, and nobody else learns anything.

use crate::federation::Federation;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downcity_core::OpaqueToken;

/// The header that a proof comes back in, where the body is not ours to fill.
pub const PROOF_HEADER: &str = "x-downcity-echo";
/// How long a ticket is good, in seconds.
const LIFE: i64 = 60;
/// The time in it, and chance.
const HEAD: usize = 16;

impl Federation {
    /// A fresh ticket. It looks like the `state` of a sign-in, so that it can walk the callback's way.
    pub(crate) fn echo_ticket(&self) -> OpaqueToken {
        let mut bytes: [u8; 32] = self.random.bytes();
        let until = self.clock.now().seconds() + LIFE;
        bytes[..8].copy_from_slice(&until.to_be_bytes());
        let (head, tail) = bytes.split_at_mut(HEAD);
        tail.copy_from_slice(&self.echo_mark(head));
        OpaqueToken::from_bytes(&bytes)
    }

    /// The proof for a ticket of ours that is still good.
    #[must_use]
    pub fn echo(&self, ticket: &str) -> Option<OpaqueToken> {
        let bytes = URL_SAFE_NO_PAD.decode(ticket).ok().filter(|bytes| bytes.len() == 32)?;
        let (head, tail) = bytes.split_at(HEAD);
        let until = i64::from_be_bytes(head[..8].try_into().ok()?);
        let good = aws_lc_rs::constant_time::verify_slices_are_equal(&self.echo_mark(head), tail).is_ok();
        (good && self.clock.now().seconds() < until).then(|| self.vault.derive("echo proof", ticket))
    }

    fn echo_mark(&self, head: &[u8]) -> [u8; 16] {
        let mark = self.vault.derive("echo ticket", &URL_SAFE_NO_PAD.encode(head));
        let mark = downcity_core::Digest::of(mark.reveal()).0;
        std::array::from_fn(|at| mark[at])
    }
}
