//! Nothing that a provider is told or tells secretly gets into the log (requirement C19), at its most
//! talkative.

use super::issuer::{Issuer, SECRET, come_back, started, with_issuer};
use crate::logs;
use crate::support::On;
use serde_json::json;

#[tokio::test]
async fn no_code_verifier_token_or_secret_is_logged() {
    logs::collect();
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let mut secrets = vec![SECRET.to_owned(), "upstream-access".to_owned()];
    for (number, claims) in [json!({"name": null}), json!({"aud": "another"})].into_iter().enumerate() {
        let (url, state) = started(&world, "corp").await;
        let sent = crate::kit::query_of(&url);
        let now = world.federation.now().0 / 1000;
        issuer.play(|script| {
            (script.nonce, script.now) = (sent["nonce"].clone(), now);
            script.claims = claims;
            script.userinfo = Some(json!({"sub": "248289761001", "name": "Jane"}));
        });
        let code = format!("c0de-number-{number}-of-the-issuer");
        come_back(&world, &state, &[("code", &code)]).await;
        let form = issuer.asked("/token").pop().unwrap();
        let verifier =
            form.body.split("code_verifier=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        secrets.extend([
            state,
            code,
            verifier,
            sent["nonce"].clone(),
            form.authorization.replace("Basic ", ""),
        ]);
    }
    assert!(!issuer.asked("/userinfo").is_empty());
    let log = logs::all();
    assert!(log.contains("The ID token from"), "the operator learns why");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}
