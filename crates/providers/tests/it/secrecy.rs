//! Nothing secret in any log line, span, error or `Debug` text, at the most talkative level of everything.

use crate::errors::NUMBERS;
use crate::fake::{ACCESS, APP_ID, CODE, Fake, Nothing, OPENID, Play, REFRESH, SECRET, person, say, token};
use downcity_core::Secret;
use downcity_providers::configured;
use std::io;
use std::sync::{LazyLock, Mutex};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

static HEARD: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

struct Ear;

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Ear {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

/// The HTTP libraries talk to `log`, not to `tracing`.
impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        HEARD.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

fn listen() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(Ear)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log::set_logger(&Ear).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

/// Answers that send back what must stay secret, in the places that a careless program would print.
fn echoes() -> Vec<Play> {
    let all = format!("{SECRET} {CODE} {ACCESS} {REFRESH}");
    let errmsg = |code: i64| say(format!(r#"{{"errcode":{code},"errmsg":"{all}, rid: {SECRET}"}}"#));
    let mut plays: Vec<_> = NUMBERS.iter().map(|(code, ..)| errmsg(*code)).collect();
    plays.extend([
        say(format!("<html>{all}</html>")),
        say(format!(r#"{{"errcode":"{all}"}}"#)),
        say(format!(r#"{{"access_token":"{ACCESS}","openid":"{all}"}}"#)),
        say(format!(r#"{{"access_token":"{ACCESS}","openid":"{OPENID}","scope":"{all}"}}"#)),
        say(format!(r#"{{"{all}":"#)),
        Play::Say { status: 502, kind: "text/html", body: all.clone().into() },
        Play::Redirect(format!("https://evil.test/?secret={SECRET}&code={CODE}&access_token={ACCESS}")),
        Play::Close,
        Play::Reset(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"),
        Play::Reset(b"nonsense"),
        Play::Flood { bytes: 1 << 20, announced: false },
    ]);
    plays
}

#[tokio::test]
async fn no_secret_code_or_token_is_ever_printed() {
    listen();
    let mut texts = String::new();
    let fake = Fake::start().await;
    let person_found = fake.identify().await.unwrap();
    texts += &format!("{person_found:?} {:?}", fake.outside);
    for play in echoes() {
        for (first, second) in [(play.clone(), say(person())), (say(token()), play.clone())] {
            let fake = Fake::start().await;
            fake.token([first]);
            fake.person([second]);
            if let Err(error) = fake.identify().await {
                texts += &format!("\n{error} {error:?} {error:#?}");
            }
        }
    }
    let fake = Fake::start().await;
    fake.token([Play::Hang]);
    let error = fake.identify().await.unwrap_err();
    texts += &format!("\n{error} {error:?}");

    let heard = String::from_utf8_lossy(&HEARD.lock().unwrap()).into_owned();
    assert!(heard.contains("WeChat answered"), "our own lines are heard");
    assert!(heard.contains("starting new connection"), "the HTTP library's lines are heard");
    assert!(texts.lines().count() > 2 * NUMBERS.len(), "every failure was seen");
    for (name, secret) in
        [("secret", SECRET), ("code", CODE), ("access token", ACCESS), ("refresh token", REFRESH)]
    {
        for text in [&heard, &texts] {
            if let Some(line) = text.lines().find(|line| line.contains(secret)) {
                panic!("the {name} was printed: {line}");
            }
        }
    }
    for key in ["secret=", "code=", "access_token=", "state="] {
        assert!(!heard.contains(key) && !texts.contains(key), "{key}");
    }
}

#[test]
fn a_provider_keeps_its_secret_to_itself() {
    let env = |key: &str| match key {
        "WECHAT_CLIENT_ID" => Some(Secret::from(APP_ID)),
        "WECHAT_CLIENT_SECRET" => Some(Secret::from(SECRET)),
        _ => None,
    };
    let outside = std::sync::Arc::new(downcity_providers::Outside::real().unwrap());
    let provider = configured(&outside, &env).pop().unwrap();
    let request = downcity_providers::Authorize {
        state: "s",
        redirect_uri: "https://x.example/",
        lang: None,
        fast_login: None,
        proofs: &Nothing,
    };
    assert!(!provider.authorize_url(&request).contains(SECRET));
}
