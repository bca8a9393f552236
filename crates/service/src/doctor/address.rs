//! Checks of the public addresses: the name, the certificate, and whether a request that is sent there comes back
//! here as it was sent.

use super::echo::PROOF_HEADER;
use crate::federation::Federation;
use downcity_core::Verdict::{Failed, Ok as Fine, Warning};
use downcity_core::time::DAY;
use downcity_core::{Finding, Said, Text, Timestamp, Verdict};
use downcity_providers::{Answer, Closed};
use serde::Deserialize;
use url::{Host, Url};

const NAME: Text = Text::new("Name of the public URL", "公网地址的域名");
const CERTIFICATE: Text = Text::new("TLS certificate", "TLS 证书");
const REACHED: Text = Text::new("Public URL leads here", "公网地址指向本 Federation");
const PROXY: Text = Text::new("What the proxy passes on", "代理转发的信息");
const CALLBACK: Text = Text::new("Callback path", "回调路径");
/// A certificate that ends so soon should have been renewed.
const SOON_DAYS: i64 = 21;

/// How a request arrived that was sent with a ticket.
#[derive(Debug, Clone, Deserialize)]
struct Echo {
    proof: String,
    host: Option<String>,
    network: String,
    peer: String,
    from_trusted_proxy: bool,
    names_sender: bool,
}

impl Federation {
    /// All that can be said of the public addresses, the main one first.
    pub(super) async fn check_addresses(&self) -> Vec<Finding> {
        let main = self.check_address(&self.settings.public_url);
        let others = self.settings.other_urls.iter().map(async |url| {
            let about = authority(url);
            self.check_address(url).await.into_iter().map(|finding| finding.about(about.clone())).collect()
        });
        let (main, others) = tokio::join!(main, futures::future::join_all(others));
        let others: Vec<Vec<Finding>> = others;
        main.into_iter().chain(others.into_iter().flatten()).collect()
    }

    async fn check_address(&self, url: &Url) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (name, goes_on) = self.check_name(url).await;
        findings.extend(name);
        if !goes_on {
            return findings;
        }
        let base = url.origin().ascii_serialization();
        let ticket = self.echo_ticket();
        let asked = format!("{base}/v1/federation/echo?ticket={}", ticket.reveal());
        let answer = match self.outside.knock(&asked, PROOF_HEADER).await {
            Ok(answer) => answer,
            Err(closed) => {
                findings.push(of_closed(url, &closed));
                return findings;
            }
        };
        if let Some(end) = answer.not_after {
            findings.push(of_end(end, self.clock.now()));
        }
        let proof = self.echo(ticket.reveal());
        let echo = serde_json::from_slice::<Echo>(&answer.body).ok();
        let echo = echo.filter(|echo| proof.as_ref().is_some_and(|proof| proof.reveal() == echo.proof));
        let Some(echo) = echo else {
            findings.push(of_stranger(&base, &answer));
            return findings;
        };
        let evidence = Said::new(
            format!("A request to {base} came back here."),
            format!("发往 {base} 的请求回到了这里。"),
        );
        findings.push(Finding::new(("url", "reached"), REACHED, (Fine, "fine"), evidence));
        findings.push(self.of_proxy(url, &echo));
        findings.push(self.check_callback(url).await);
        findings
    }

    /// Whether there is a way to go on, and what to say of the name, if it is one.
    async fn check_name(&self, url: &Url) -> (Option<Finding>, bool) {
        let Some(Host::Domain(host)) = url.host() else { return (None, true) };
        let found = self.outside.addresses(host).await;
        let find =
            |result, en: String, zh: String| Finding::new(("url", "name"), NAME, result, Said::new(en, zh));
        let why = match found {
            Ok(all) if !all.is_empty() => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                let all = all.join(", ");
                let (en, zh) = (format!("{host} leads to {all}."), format!("{host} 解析为 {all}。"));
                return (Some(find((Fine, "fine"), en, zh)), true);
            }
            Ok(_) => "no address".to_owned(),
            Err(why) => why,
        };
        let (en, zh) = (format!("{host} leads nowhere: {why}."), format!("无法解析 {host}：{why}。"));
        let remedy = Said::new(
            format!(
                "Make a DNS record (A, AAAA) for {host} that leads to the proxy, or correct --public-url."
            ),
            format!("请为 {host} 添加指向代理的 DNS 记录（A、AAAA），或更正 --public-url。"),
        );
        (Some(find((Failed, "no_address"), en, zh).remedy(remedy)), false)
    }

    /// Whether host and sender arrive.
    fn of_proxy(&self, url: &Url, echo: &Echo) -> Finding {
        let find =
            |result, en: String, zh: String| Finding::new(("url", "proxy"), PROXY, result, Said::new(en, zh));
        let (wanted, peer) = (authority(url), &echo.peer);
        let host = echo.host.as_deref().unwrap_or_default();
        if echo.names_sender && !echo.from_trusted_proxy {
            return find(
                (Failed, "proxy_not_trusted"),
                format!("A proxy at {peer} passes requests on, but is not known: everybody seems to come from there, so limits and confirmations take all people for one."),
                format!("位于 {peer} 的代理在转发请求，但未被信任：所有人看起来都来自该地址，限流与确认会把所有人当作同一人。"),
            )
            .remedy(Said::new(
                format!("Name it: --trusted-proxy {peer} (FED_TRUSTED_PROXY), or the network of all proxies."),
                format!("请将其列为可信：--trusted-proxy {peer}（FED_TRUSTED_PROXY），或填写全部代理所在的网段。"),
            ));
        }
        if url.scheme() == "https" && !echo.names_sender {
            return find(
                (Failed, "sender_missing"),
                format!("Requests arrive from {peer} without X-Forwarded-For: everybody seems to come from there, so limits and confirmations take all people for one."),
                format!("来自 {peer} 的请求不带 X-Forwarded-For：所有人看起来都来自该地址，限流与确认会把所有人当作同一人。"),
            )
            .remedy(Said::new(
                format!("Let the proxy say who calls (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; Caddy does so by itself), and name it: --trusted-proxy {peer}"),
                format!("请让代理告知来源（nginx：proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for；Caddy 默认如此），并将其列为可信：--trusted-proxy {peer}"),
            ));
        }
        if !host.eq_ignore_ascii_case(&wanted) {
            // With a single address every host is taken for it.
            let verdict = if self.settings.other_urls.is_empty() { Warning } else { Failed };
            let shown: String = host.chars().filter(char::is_ascii_graphic).take(100).collect();
            return find(
                (verdict, "host_changed"),
                format!("A request to {wanted} arrives with the host {shown}."),
                format!("发往 {wanted} 的请求到达时 Host 变成了 {shown}。"),
            )
            .remedy(Text::new(
                "Let the proxy pass the host on as it came (nginx: proxy_set_header Host $http_host).",
                "请让代理原样转发 Host（nginx：proxy_set_header Host $http_host）。",
            ));
        }
        find(
            (Fine, "fine"),
            format!("Host and sender arrive: the request came from {}.", echo.network),
            format!("Host 与来源均正确到达：请求来自 {}。", echo.network),
        )
    }

    /// A callback like a provider's, with a state that no sign-in has.
    async fn check_callback(&self, url: &Url) -> Finding {
        let callback = Self::callback_url(url);
        let ticket = self.echo_ticket();
        let asked = format!("{callback}?code=0&state={}", ticket.reveal());
        let find = |result, en: String, zh: String| {
            Finding::new(("url", "callback"), CALLBACK, result, Said::new(en, zh))
        };
        let remedy = Said::new(
            format!("Let the proxy pass {callback} on to this Federation, with its query."),
            format!("请让代理将 {callback} 连同查询参数转发到本 Federation。"),
        );
        let answer = match self.outside.knock(&asked, PROOF_HEADER).await {
            Ok(answer) => answer,
            Err(closed) => {
                let (_, why) = told(&closed);
                let (en, zh) =
                    (format!("{callback} does not answer: {why}."), format!("{callback} 没有应答：{why}。"));
                return find((Failed, "unreachable"), en, zh).remedy(remedy);
            }
        };
        let proof = self.echo(ticket.reveal());
        if proof.is_some_and(|proof| answer.header.as_deref() == Some(proof.reveal())) {
            let (en, zh) = (format!("{callback} leads here."), format!("{callback} 指向这里。"));
            return find((Fine, "fine"), en, zh);
        }
        let status = answer.status;
        let (en, zh) = (
            format!("{callback} leads elsewhere: HTTP {status}, and not from this Federation."),
            format!("{callback} 指向别处：返回 HTTP {status}，且不是本 Federation 的应答。"),
        );
        find((Failed, "elsewhere"), en, zh).remedy(remedy)
    }
}

/// Host and port, as browsers write them.
fn authority(url: &Url) -> String {
    crate::federation::authority(url)
}

/// A stable word for it, and the fault itself.
fn told(closed: &Closed) -> (&'static str, String) {
    match closed {
        Closed::Expired => ("expired", "the certificate has ended".to_owned()),
        Closed::NotYetValid => ("not_yet_valid", "the certificate is not valid yet".to_owned()),
        Closed::OtherName => ("other_name", "the certificate is for other names".to_owned()),
        Closed::UnknownIssuer => {
            ("unknown_issuer", "the certificate's issuer is not trusted here".to_owned())
        }
        Closed::Tls(why) => ("tls", why.clone()),
        Closed::Silent(why) => ("unreachable", why.clone()),
    }
}

fn of_closed(url: &Url, closed: &Closed) -> Finding {
    let host = authority(url);
    let (code, why) = told(closed);
    let find = |en: &str, zh: &str| {
        let evidence = Said::new(format!("{host}: {en}."), format!("{host}：{zh}。"));
        Finding::new(("url", "certificate"), CERTIFICATE, (Failed, code), evidence)
    };
    match closed {
        Closed::Expired => find("the certificate has ended", "证书已过期").remedy(RENEW),
        Closed::NotYetValid => find("the certificate is not valid yet", "证书尚未生效").remedy(Text::new(
            "Set this machine's clock, or use the certificate that is valid now.",
            "请校准本机时钟，或使用当前有效的证书。",
        )),
        Closed::OtherName => find("the certificate is for other names", "证书不含该域名").remedy(Said::new(
            format!("Let the proxy show a certificate for {host}, or correct --public-url."),
            format!("请让代理使用包含 {host} 的证书，或更正 --public-url。"),
        )),
        Closed::UnknownIssuer => find(
            "the certificate's issuer is not trusted here, or an intermediate certificate is missing",
            "证书的签发者不受信任，或缺少中间证书",
        )
        .remedy(Text::new(
            "Let the proxy send the full chain (fullchain.pem). For a CA of your own name it with --ca-file; people's browsers and WeChat must trust it too.",
            "请让代理发送完整证书链（fullchain.pem）。若使用自建 CA，请用 --ca-file 指定；用户的浏览器和微信也必须信任它。",
        )),
        Closed::Tls(_) => find(&why, &why).remedy(Text::new(
            "Look at the TLS settings of the proxy: TLS 1.2 or later with a certificate for this name.",
            "请检查代理的 TLS 设置：需要 TLS 1.2 或更高版本，以及该域名的证书。",
        )),
        Closed::Silent(_) => {
            let evidence = Said::new(format!("{host} does not answer: {why}."), format!("{host} 没有应答：{why}。"));
            Finding::new(("url", "reached"), REACHED, (Failed, code), evidence).remedy(Text::new(
                "Start the proxy, and open its port in the firewall. If people do reach it from elsewhere, only this machine can't (no way back into its own network): then let the name lead to the proxy's inner address here (/etc/hosts).",
                "请启动代理并在防火墙中开放端口。如果外部用户可以访问，只是本机无法访问（网络不支持回环访问），请在本机的 /etc/hosts 中将域名指向代理的内网地址。",
            ))
        }
    }
}

const RENEW: Text = Text::new(
    "Renew the certificate and reload the proxy. See why it was not renewed by itself (certbot renew --dry-run).",
    "请续期证书并重新加载代理，同时查明自动续期失败的原因（certbot renew --dry-run）。",
);

fn of_end(end: Timestamp, now: Timestamp) -> Finding {
    let days = (end.0 - now.0).div_euclid(DAY);
    let evidence =
        Said::new(format!("It is valid, and ends in {days} days."), format!("证书有效，{days} 天后过期。"));
    let find = |result: (Verdict, &'static str)| {
        Finding::new(("url", "certificate"), CERTIFICATE, result, evidence.clone())
    };
    if days < SOON_DAYS { find((Warning, "ends_soon")).remedy(RENEW) } else { find((Fine, "fine")) }
}

/// Something answered, but not with our proof.
fn of_stranger(base: &str, answer: &Answer) -> Finding {
    let status = answer.status;
    let find = |code, en: String, zh: String| {
        Finding::new(("url", "reached"), REACHED, (Failed, code), Said::new(en, zh))
    };
    let code = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let is_ours =
        code.is_some_and(|body| body["code"] == "unknown_ticket" || body["code"] == "unknown_route");
    if let Some(to) = answer.location.as_deref().filter(|_| (300..400).contains(&status)) {
        let to = Url::parse(to).ok().map(|url| url.origin().ascii_serialization());
        let to = to.unwrap_or_else(|| "another path".to_owned());
        return find(
            "redirects",
            format!("{base} sends people on to {to} (HTTP {status})."),
            format!("{base} 重定向到 {to}（HTTP {status}）。"),
        )
        .remedy(Text::new(
            "Give the address that needs no redirect as --public-url, or take the redirect out of the proxy.",
            "请将无需重定向的地址设为 --public-url，或在代理中去掉该重定向。",
        ));
    }
    if is_ours {
        return find(
            "other_federation",
            format!("Another Federation answers at {base} (HTTP {status})."),
            format!("{base} 上应答的是另一个 Federation（HTTP {status}）。"),
        )
        .remedy(Text::new(
            "Let the proxy lead to this one, or correct --public-url. Nodes of one Federation need the same database and master key.",
            "请让代理指向本 Federation，或更正 --public-url。同一 Federation 的各节点须使用相同的数据库和主密钥。",
        ));
    }
    if matches!(status, 502..=504) {
        return find(
            "proxy_finds_nobody",
            format!("A proxy answers at {base}, but does not reach this Federation (HTTP {status})."),
            format!("{base} 的代理无法连接到本 Federation（HTTP {status}）。"),
        )
        .remedy(Text::new(
            "Let the proxy pass requests on to the address that this Federation listens on (--listen).",
            "请让代理将请求转发到本 Federation 的监听地址（--listen）。",
        ));
    }
    find(
        "something_else",
        format!("Something else answers at {base} (HTTP {status})."),
        format!("{base} 上应答的是其他程序（HTTP {status}）。"),
    )
    .remedy(Text::new(
        "Let the proxy pass all paths on to this Federation, without a sign-in page or a check for robots before them.",
        "请让代理将所有路径转发到本 Federation，前面不要有登录页或人机验证。",
    ))
}
