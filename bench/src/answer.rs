//! As much of HTTP/1.1 as the load generator needs: the end of an answer, its status, its body.

use memchr::memmem;

/// A complete answer at the beginning of a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The answer, once all of it is there. Only answers with a length are understood, as all of ours are.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = memmem::find(bytes, b"\r\n\r\n")?;
        let (head, rest) = (&bytes[..end], &bytes[end + 4..]);
        let length = memmem::find(head, b"\r\ncontent-length: ").map_or(0, |at| number(&head[at + 18..]));
        let status = number(head.get(9..12)?);
        let body = rest.get(..length)?;
        Some(Self { status: u16::try_from(status).unwrap_or(0), body })
    }

    /// The text of a member of a JSON object; enough for values without escapes.
    pub(crate) fn text(&self, member: &str) -> Option<&'a str> {
        let opening = format!("\"{member}\":\"");
        let rest = &self.body[memmem::find(self.body, opening.as_bytes())? + opening.len()..];
        std::str::from_utf8(&rest[..memchr::memchr(b'"', rest)?]).ok()
    }
}

fn number(digits: &[u8]) -> usize {
    let digits = digits.iter().take_while(|digit| digit.is_ascii_digit());
    digits.fold(0_usize, |sum, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_the_last_byte_of_its_body() {
        let whole = b"HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 13\r\nc: d\r\n\r\n{\"state\":\"x\"}";
        for cut in 0..whole.len() {
            assert!(Answer::read(&whole[..cut]).is_none(), "{cut}");
        }
        let answer = Answer::read(whole).unwrap();
        assert_eq!((answer.status, answer.text("state"), answer.text("none")), (200, Some("x"), None));
    }

    #[test]
    fn an_answer_without_length_has_no_body() {
        let answer = Answer::read(b"HTTP/1.1 303 See Other\r\nlocation: /\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.body), (303, &b""[..]));
    }
}
