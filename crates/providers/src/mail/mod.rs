//! Mail over SMTP (RFC 5321), with TLS from the first byte (`smtps://`, RFC 8314) or by STARTTLS.

mod server;

use crate::catalogue::EnvSpec;
use downcity_core::network::host_is_here;
use downcity_core::{Secret, Text};
use lettre::Message;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use server::Server;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// How long handing over one mail may take, from connecting to the server's last word. A server that is slower has
/// perhaps taken it, and gets it again with the same Message-ID; so this is far longer than servers need.
pub const LONGEST: Duration = Duration::from_secs(45);
/// How long a check may take, for which somebody waits.
const CHECK: Duration = Duration::from_secs(8);

const SILENT: &str = "the mail server did not answer in time";

/// The id of the way in that needs mail.
pub const ID: &str = "email";
/// Where the mail server is.
pub const SMTP_URL: &str = "SMTP_URL";
/// Who the mails are from.
pub const MAIL_FROM: &str = "MAIL_FROM";

/// What signing in by e-mail reads from the Federation env.
pub(crate) const ENV: &[EnvSpec] = &[
    EnvSpec {
        key: SMTP_URL,
        description: Text::new(
            "The mail server: smtps://user:password@host, or smtp://user:password@host for STARTTLS.",
            "邮件服务器：smtps://用户:密码@主机，或用 smtp://用户:密码@主机 以 STARTTLS 连接。",
        ),
        required: true,
        secret: true,
        check: |value| match Mailer::new(&Secret::from(value.to_owned()), "a@example.com") {
            Ok(_) => None,
            Err(MailSetup::NoTls) => Some(Text::new(
                "Mail would leave this machine unencrypted, so none is sent: use smtps://, or smtp:// with STARTTLS.",
                "邮件将以明文离开本机，因此不会发送：请使用 smtps://，或支持 STARTTLS 的 smtp://。",
            )),
            Err(_) => Some(Text::new(
                "This is not smtps://user:password@host; characters such as @ in the password need percent-encoding.",
                "格式应为 smtps://用户:密码@主机；密码中的 @ 等字符需要进行百分号编码。",
            )),
        },
    },
    EnvSpec {
        key: MAIL_FROM,
        description: Text::new(
            "The sender of all mails, such as Product <no-reply@example.com>.",
            "所有邮件的发件人，例如 产品名 <no-reply@example.com>。",
        ),
        required: true,
        secret: false,
        check: |value| match value.trim().parse::<Mailbox>() {
            Ok(_) => None,
            Err(_) => Some(Text::new("This is not an address.", "这不是有效的邮箱地址。")),
        },
    },
];

/// A mail, written out.
#[derive(Clone, Serialize, Deserialize)]
pub struct Mail {
    /// The folded address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(…)")
    }
}

/// Why mail can't be sent with these settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MailSetup {
    /// Not a mail server's address.
    #[error(
        "SMTP_URL must be smtps://user:password@host, or smtp://…?tls=required; its password may need percent-encoding"
    )]
    Url,
    /// Passwords and links would travel readable.
    #[error(
        "SMTP_URL must use TLS (smtps://, or smtp:// with STARTTLS) unless the mail server is on this machine"
    )]
    NoTls,
    /// Not a sender.
    #[error("MAIL_FROM must be an address such as `Product <no-reply@example.com>`")]
    From,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFailure {
    /// Whether trying again later can help.
    pub temporary: bool,
    /// What the server said, without addresses and texts of ours.
    pub report: String,
}

/// Why a mail server takes nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailClosed {
    /// No connection, or no answer in time.
    Silent,
    /// No trusted TLS connection.
    Tls,
    /// User or password are wrong.
    Password,
    /// It knows no way to take a password.
    NoPassword,
    /// It answered with this code.
    Refused(u16),
}

/// Sends mail.
pub struct Mailer {
    server: Server,
    from: Mailbox,
}

impl Mailer {
    /// Reads `SMTP_URL` and `MAIL_FROM`; nothing is connected yet.
    ///
    /// # Errors
    /// See [`MailSetup`].
    pub fn new(smtp_url: &Secret, from: &str) -> Result<Self, MailSetup> {
        let url = Url::parse(smtp_url.expose_secret().trim()).map_err(|_| MailSetup::Url)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailSetup::Url)?;
        // To the parser the host of an `smtp` address is a name, also when it is written in digits.
        let here = host_is_here(host);
        let plain = url.query_pairs().any(|(key, value)| key == "tls" && value == "none");
        let tls = || TlsParameters::new(host.to_owned()).map_err(|_| MailSetup::Url);
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::Wrapper(tls()?), 465),
            "smtp" if plain && here => (Tls::None, 25),
            "smtp" if plain => return Err(MailSetup::NoTls),
            "smtp" => (Tls::Required(tls()?), 587),
            _ => return Err(MailSetup::Url),
        };
        let credentials = match url.username() {
            "" => None,
            user => Some((decoded(user)?, decoded(url.password().unwrap_or_default())?).into()),
        };
        let (host, port) = (host.to_owned(), url.port().unwrap_or(port));
        let server = Server { host, port, tls, credentials, kept: Arc::default() };
        let from = from.trim().parse().map_err(|_| MailSetup::From)?;
        Ok(Self { server, from })
    }

    /// The mail server's name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.server.host
    }

    /// Whether the server takes us in: connection, TLS, and the password where there is one. No mail is sent.
    ///
    /// # Errors
    /// See [`MailClosed`].
    pub async fn check(&self) -> Result<(), MailClosed> {
        let told = timeout(CHECK, self.server.answers()).await;
        match told.map_err(|_| MailClosed::Silent)? {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailClosed::Silent),
            Err(error) => Err(match error.status().map(u16::from) {
                Some(530 | 534 | 535 | 538) => MailClosed::Password,
                Some(code) => MailClosed::Refused(code),
                None if error.is_tls() => MailClosed::Tls,
                None if error.is_client() => MailClosed::NoPassword,
                None => MailClosed::Silent,
            }),
        }
    }

    /// Hands one mail to the server. `id` becomes its Message-ID, so that a mail handed over twice is seen to
    /// be the same.
    ///
    /// # Errors
    /// See [`MailFailure`].
    pub async fn send(&self, mail: &Mail, id: &str) -> Result<(), MailFailure> {
        self.send_within(LONGEST, mail, id).await
    }

    async fn send_within(&self, longest: Duration, mail: &Mail, id: &str) -> Result<(), MailFailure> {
        let permanent = |report: &str| MailFailure { temporary: false, report: report.to_owned() };
        let to: Mailbox = mail.to.parse().map_err(|_| permanent("the address can't be written in a mail"))?;
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .message_id(Some(format!("<{id}@{domain}>")))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|_| permanent("the mail can't be written"))?;
        match timeout(longest, self.server.send(&message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(MailFailure { temporary: !error.is_permanent(), report: describe(&error) }),
            Err(_) => Err(MailFailure { temporary: true, report: SILENT.to_owned() }),
        }
    }
}

/// A part of an address without its percent-encoding.
fn decoded(text: &str) -> Result<String, MailSetup> {
    let plain = percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| MailSetup::Url)?;
    Ok(plain.into_owned())
}

/// The server's code, or what kind of fault it was: a server's free text may repeat the address.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => SILENT.to_owned(),
        None if error.is_tls() => "no trusted TLS connection with the mail server".to_owned(),
        None => "the mail server could not be reached".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn setup(url: &str, from: &str) -> Result<(), MailSetup> {
        Mailer::new(&Secret::from(url.to_owned()), from).map(drop)
    }

    #[tokio::test]
    async fn mail_never_leaves_the_machine_readable() {
        let from = "Product <no-reply@example.com>";
        assert_eq!(setup("smtps://user:pa%40ss@mail.example.com", from), Ok(()));
        assert_eq!(setup("smtp://mail.example.com:587", from), Ok(()));
        assert_eq!(setup("smtp://127.0.0.1:2525?tls=none", from), Ok(()));
        assert_eq!(setup("smtp://mail.example.com?tls=none", from), Err(MailSetup::NoTls));
        assert_eq!(setup("https://mail.example.com", from), Err(MailSetup::Url));
        assert_eq!(setup("smtp://", from), Err(MailSetup::Url));
        assert_eq!(setup("smtps://mail.example.com", "nobody"), Err(MailSetup::From));
    }

    /// A mail server on loopback: of each connection it says these lines, the first by itself and each other when
    /// something has come, then nothing any more. Tells what came on each.
    async fn silent_after(lines: &'static [&'static str]) -> (u16, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
        let told = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let heard = Arc::clone(&told);
                let number = heard.lock().unwrap().len();
                heard.lock().unwrap().push(String::new());
                tokio::spawn(async move {
                    let (mut lines, mut buffer) = (lines.iter(), [0; 4096]);
                    loop {
                        if let Some(line) = lines.next() {
                            socket.write_all(line.as_bytes()).await.unwrap();
                        }
                        match socket.read(&mut buffer).await {
                            Ok(0) | Err(_) => return,
                            Ok(count) => {
                                heard.lock().unwrap()[number] += str::from_utf8(&buffer[..count]).unwrap();
                            }
                        }
                    }
                });
            }
        });
        (port, heard)
    }

    async fn two_mails(lines: &'static [&'static str]) -> (Vec<Result<(), MailFailure>>, Vec<String>) {
        let (port, heard) = silent_after(lines).await;
        let url = format!("smtp://127.0.0.1:{port}?tls=none");
        let mailer = Mailer::new(&Secret::from(url), "Product <no-reply@example.com>").unwrap();
        let mut results = Vec::new();
        for id in ["first", "second"] {
            let (to, subject) = (format!("{id}@example.org"), id.to_owned());
            let mail = Mail { to, subject, text: id.to_owned(), html: id.to_owned() };
            results.push(mailer.send_within(Duration::from_millis(300), &mail, id).await);
        }
        let heard = heard.lock().unwrap().clone();
        (results, heard)
    }

    #[tokio::test]
    async fn a_silent_server_is_not_waited_for_for_ever() {
        let silent = MailFailure { temporary: true, report: SILENT.to_owned() };
        let whole = ["220 here\r\n", "250 here\r\n", "250 from\r\n", "250 to\r\n", "354 go on\r\n"];
        for said in 0..=whole.len() {
            let (results, heard) = two_mails(whole[..said].to_vec().leak()).await;
            assert_eq!(results, [Err(silent.clone()), Err(silent.clone())], "after {said} lines");
            assert_eq!(
                heard.len(),
                2,
                "after {said} lines: a connection on which an answer is owed is used again"
            );
            assert!(!heard[1].contains("first@example.org"), "{heard:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_next_mail() {
        let mail = ["250 from\r\n", "250 to\r\n", "354 go on\r\n", "250 taken\r\n"];
        let lines: Vec<_> =
            [&["220 here\r\n", "250 here\r\n"], &mail[..], &["250 alive\r\n"], &mail[..]].concat();
        let (results, heard) = two_mails(lines.leak()).await;
        assert_eq!(results, [Ok(()), Ok(())]);
        let [both] = heard.as_slice() else { panic!("{heard:?}") };
        assert!(both.contains("first@example.org") && both.contains("second@example.org"), "{both}");
    }
}
