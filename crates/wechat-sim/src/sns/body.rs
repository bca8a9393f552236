//! JSON written the way WeChat writes it: compact, keys in the captured order, `\/` where asked, control
//! bytes left raw. A JSON library would rightly refuse to write some of these bodies.

use super::errors;

/// A JSON object being written.
#[derive(Debug, Default)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    escape_slash: bool,
}

impl Body {
    /// A body whose slashes are escaped, as in userinfo answers.
    pub(crate) fn with_escaped_slashes() -> Self {
        Self { bytes: Vec::with_capacity(512), escape_slash: true }
    }

    /// An error body.
    pub(crate) fn error(errcode: i32, rid: &str) -> Self {
        let text = format!("{}{}rid: {rid}", errors::text(errcode), errors::joint(errcode));
        Self::default().number("errcode", i64::from(errcode)).text("errmsg", &text)
    }

    pub(crate) fn number(self, key: &str, value: i64) -> Self {
        self.raw(key, value.to_string().as_bytes())
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        let escape_slash = self.escape_slash;
        let mut literal = Vec::with_capacity(value.len() + 2);
        literal.push(b'"');
        for byte in value.bytes() {
            match byte {
                b'"' | b'\\' => literal.extend([b'\\', byte]),
                b'/' if escape_slash => literal.extend(br"\/"),
                b'\n' => literal.extend(br"\n"),
                b'\r' => literal.extend(br"\r"),
                b'\t' => literal.extend(br"\t"),
                // Other control bytes go out raw: that is the trap.
                _ => literal.push(byte),
            }
        }
        literal.push(b'"');
        self.raw(key, &literal)
    }

    /// A value that is JSON already, or on purpose is not.
    pub(crate) fn raw(mut self, key: &str, value: &[u8]) -> Self {
        self.bytes.push(if self.bytes.is_empty() { b'{' } else { b',' });
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self.bytes.extend_from_slice(value);
        self
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        if self.bytes.is_empty() {
            self.bytes.push(b'{');
        }
        self.bytes.push(b'}');
        self.bytes
    }
}
