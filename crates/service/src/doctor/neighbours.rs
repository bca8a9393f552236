//! Checks of whom the Federation sends things to: the mail server, and the servers of webhooks.

use crate::directory::Directory;
use crate::federation::Federation;
use downcity_core::Verdict::{Failed, Ok as Fine, Skipped, Warning};
use downcity_core::{Finding, Said, Text, Verdict};
use downcity_providers::mail::MailClosed;
use downcity_store::Webhook;
use futures::future::join_all;
use url::Url;

const SERVER: Text = Text::new("Mail server", "邮件服务器");
const TARGET: Text = Text::new("Server of a webhook", "Webhook 接收服务器");

/// Whether the mail server takes us in.
pub(super) async fn mail(directory: &Directory) -> Option<Finding> {
    let find = |result: (Verdict, &'static str), en: String, zh: String| {
        Finding::new(("email", "server"), SERVER, result, Said::new(en, zh))
    };
    if directory.mail_problem.is_some() {
        let (en, zh) = (
            "SMTP_URL or MAIL_FROM can't be used, so no mail is sent.",
            "SMTP_URL 或 MAIL_FROM 不可用，因此不会发送邮件。",
        );
        let remedy = Text::new(
            "Set SMTP_URL to smtps://user:password@host (or smtp:// for STARTTLS), with characters such as @ in the password percent-encoded, and MAIL_FROM to an address.",
            "请将 SMTP_URL 设为 smtps://用户:密码@主机（或用 smtp:// 以 STARTTLS 连接），密码中的 @ 等字符需百分号编码；MAIL_FROM 应为邮箱地址。",
        );
        return Some(find((Failed, "unusable"), en.into(), zh.into()).remedy(remedy));
    }
    let mailer = directory.mailer.as_ref()?;
    let host = mailer.host();
    let Err(closed) = mailer.check().await else {
        let (en, zh) = (
            format!("{host} takes mail from us; none was sent."),
            format!("{host} 可以接收我们的邮件；未发送任何邮件。"),
        );
        return Some(find((Fine, "fine"), en, zh));
    };
    let (code, en, zh, remedy) = match closed {
        MailClosed::Silent => (
            "unreachable",
            "does not answer".to_owned(),
            "没有应答".to_owned(),
            Text::new(
                "Check host and port in SMTP_URL, and that a firewall lets this machine out to it: many clouds close port 25; use 465 (smtps://) or 587 (smtp://).",
                "请检查 SMTP_URL 中的主机和端口，以及防火墙是否放行：许多云服务商封禁 25 端口，请使用 465（smtps://）或 587（smtp://）。",
            ),
        ),
        MailClosed::Tls => (
            "tls",
            "gives no trusted TLS connection".to_owned(),
            "无法建立受信任的 TLS 连接".to_owned(),
            Text::new(
                "Use the name that the server's certificate is for; smtps:// is TLS from the first byte (465), smtp:// is STARTTLS (587).",
                "请使用证书所对应的主机名；smtps:// 为全程 TLS（465），smtp:// 为 STARTTLS（587）。",
            ),
        ),
        MailClosed::Password => (
            "password_wrong",
            "refuses user and password".to_owned(),
            "拒绝了用户名或密码".to_owned(),
            Text::new(
                "Set SMTP_URL anew: many providers want an app password, and characters such as @ percent-encoded.",
                "请重新设置 SMTP_URL：许多邮箱服务需要专用的授权码，@ 等字符需百分号编码。",
            ),
        ),
        MailClosed::NoPassword => (
            "no_password",
            "knows no way to take a password that is known here".to_owned(),
            "不支持可用的密码认证方式".to_owned(),
            Text::new(
                "Leave user and password out of SMTP_URL, or use another port.",
                "请去掉 SMTP_URL 中的用户名和密码，或改用其他端口。",
            ),
        ),
        MailClosed::Refused(answer) => (
            "refused",
            format!("answers {answer}"),
            format!("返回 {answer}"),
            Text::new(
                "Look that code up with whoever runs the mail server: it may not take mail from this machine.",
                "请向邮件服务器的运营方查询该代码：它可能不接受来自本机的邮件。",
            ),
        ),
    };
    Some(find((Failed, code), format!("{host} {en}."), format!("{host} {zh}。")).remedy(remedy))
}

impl Federation {
    pub(super) async fn check_webhooks(&self) -> Vec<Finding> {
        let find = |result, evidence| Finding::new(("webhooks", "target"), TARGET, result, evidence);
        match self.store.webhooks().await {
            Ok(hooks) if hooks.is_empty() => {
                vec![find((Skipped, "none"), Said::new("There are no webhooks.", "没有 Webhook。"))]
            }
            Ok(hooks) => join_all(hooks.iter().map(|hook| self.check_target(hook))).await,
            Err(error) => {
                let evidence = Said::new(
                    format!("The webhooks can't be read: {error}."),
                    format!("无法读取 Webhook：{error}。"),
                );
                vec![
                    find((Failed, "unreadable"), evidence)
                        .remedy(Text::new("See what is said of the database.", "请查看数据库的检查结果。")),
                ]
            }
        }
    }

    /// Asks for headers alone: whatever the status, the server is there. Its path may hold a secret, so that only the
    /// host is told.
    async fn check_target(&self, hook: &Webhook) -> Finding {
        let host =
            Url::parse(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let find = |result: (Verdict, &'static str), en: String, zh: String| {
            let evidence = Said::new(format!("{host} {en}."), format!("{host} {zh}。"));
            Finding::new(("webhooks", "target"), TARGET, result, evidence).about(hook.webhook_id.as_str())
        };
        if !hook.active {
            return find(
                (Skipped, "off"),
                "is told nothing: the webhook is off".into(),
                "不会收到通知：该 Webhook 已停用".into(),
            );
        }
        match self.outside.knock_at_hook(&hook.url).await {
            Ok(status @ 500..) => find((Warning, "ailing"), format!("answers HTTP {status}"), format!("返回 HTTP {status}"))
                .remedy(Text::new("Look at the log of that server.", "请查看该服务器的日志。")),
            Ok(status) => find((Fine, "fine"), format!("is there (HTTP {status})"), format!("可以访问（HTTP {status}）")),
            Err(why) => find((Failed, "unreachable"), format!("does not answer: {why}"), format!("没有应答：{why}")).remedy(
                Text::new(
                    "Start that server, or correct the webhook's address. Events wait and are sent again for some days.",
                    "请启动该服务器，或更正 Webhook 地址。事件会保留并在数天内重试。",
                ),
            ),
        }
    }
}
