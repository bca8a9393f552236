//! The model of one sign-in: callbacks, the confirmation page, and who gets the outcome.

use super::moves::{Brings, Place, Shows};
use super::rules::{Attempt, Model, Request, Stage, same_network};

impl Attempt {
    /// The sessions of a person were ended: so is what they have signed in and not collected.
    pub(super) fn revoke(&mut self, whose: usize, now: i64) {
        let ready = self.standing(now) == "ready";
        match self.stage {
            Stage::Done { person, collected: None, .. } if ready && person == whose => {
                self.stage = Stage::Failed("sign_in_revoked");
            }
            _ => {}
        }
    }
}

impl Model {
    pub(super) fn callback(
        &mut self,
        request: &mut Request,
        at: usize,
        brings: Brings,
        from: Place,
    ) -> Result<(), String> {
        const CLAIMED: u8 = 1;
        const SETTLED: u8 = 2;
        let (now, ended) = (self.now, self.ended);
        let attempt = self.attempt(at);
        match request.phase {
            0 if brings == Brings::WrongState => request.ends("problem unknown_login"),
            0 if attempt.stage != Stage::Waiting => request.goes_on(SETTLED),
            0 if now >= attempt.expires_at => request.ends(if attempt.return_to {
                "the product, login_expired"
            } else {
                "problem login_expired"
            }),
            0 => {
                (attempt.stage, attempt.claimed) = (Stage::Exchanging, Some(brings));
                request.goes_on(CLAIMED)
            }
            CLAIMED => {
                attempt.stage = match brings {
                    Brings::CodeOf(person) if attempt.needs_confirmation(from) => {
                        Stage::Confirming { person }
                    }
                    Brings::CodeOf(person) => attempt.finished(person, ended, now),
                    Brings::BadCode => Stage::Failed("code_rejected"),
                    _ => Stage::Failed("access_denied"),
                };
                if let Stage::Done { person, .. } = attempt.stage {
                    self.users[person].1 = true;
                }
                request.goes_on(SETTLED)
            }
            _ if attempt.stage == Stage::Exchanging => Err("it waits for the outcome".into()),
            _ => {
                let finisher = attempt.claimed == Some(brings);
                let expected = match (&attempt.stage, attempt.standing(now)) {
                    _ if !finisher => "our page".to_owned(),
                    (_, "ready") if attempt.return_to => "the product, with a code".to_owned(),
                    (Stage::Failed(why), _) if attempt.return_to => format!("the product, {why}"),
                    (_, "410 login_expired") if attempt.return_to => "the product, login_expired".to_owned(),
                    _ => "our page, as the browser that finished".to_owned(),
                };
                if let Some(code) = &request.seen.login_code {
                    attempt.held.login_code = Some(code.clone());
                }
                if let Some(finished) = &request.seen.finished {
                    attempt.held.finished = Some(finished.clone());
                }
                request.ends(&expected)
            }
        }
    }

    pub(super) fn look(
        &mut self,
        request: &mut Request,
        at: usize,
        from: Place,
        (verifier, code): (Shows, Shows),
        last: bool,
    ) -> Result<(), String> {
        let now = self.now;
        let attempt = self.attempt(at);
        let pkce = attempt.held.verifier.is_some();
        // Nobody can show a code that did not come.
        let code = if code == Shows::Right && !request.with.login_code { Shows::Nothing } else { code };
        let refusal = match (pkce, verifier) {
            (true, Shows::Nothing) => Some("403 code_verifier_required"),
            // Also for what was started without a challenge.
            (_, Shows::Wrong) => Some("403 code_verifier_wrong"),
            _ if code == Shows::Wrong => Some("403 login_code_wrong"),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return request.ends(refusal);
        }
        let bound = pkce || attempt.return_to;
        match (attempt.standing(now), &attempt.stage) {
            // Who waits is told as soon as there is something to tell.
            ("pending", _) if request.with.waits && !last => Err("it waits for the outcome".into()),
            (_, Stage::Failed(why)) => request.ends(&format!("failed {why}")),
            ("ready", _) if attempt.return_to && code == Shows::Nothing => {
                request.ends("403 login_code_required")
            }
            ("ready", _) if !bound && from == Place::Away => request.ends("403 other_client"),
            ("ready", _) => request.goes_on(1),
            (standing, _) => request.ends(standing),
        }
    }

    pub(super) fn collect(&mut self, request: &mut Request, at: usize, from: Place) -> Result<(), String> {
        let (now, next) = (self.now, self.sessions.len());
        let attempt = self.attempts[at].as_mut().expect("it was started");
        let (pkce, refresh, policy) = (attempt.held.verifier.is_some(), attempt.refresh, attempt.policy);
        let Stage::Done { person, collected, .. } = &mut attempt.stage else {
            // It was ready a moment ago.
            return request.ends("failed sign_in_revoked");
        };
        let person = *person;
        match *collected {
            None => {
                *collected = Some((now, from));
                attempt.session = Some(next);
                request.ends("done")?;
                let tokens = request.seen.tokens.clone().expect("done has tokens");
                self.begin(tokens, person, refresh, policy)
            }
            Some((_, first)) => {
                let session = &self.sessions[attempt.session.expect("collected ones have a session")];
                if session.revoked || !(pkce || same_network(first, from)) {
                    return request.ends("410 already_collected");
                }
                request.ends("done")?;
                match request.seen.tokens.as_ref() == Some(&session.chain[0].0) {
                    true => Ok(()),
                    false => Err("asked for again, and it was another token".into()),
                }
            }
        }
    }

    pub(super) fn confirm(
        &mut self,
        request: &mut Request,
        at: usize,
        (allow, by_stranger): (bool, bool),
    ) -> Result<(), String> {
        const PRESSED: u8 = 1;
        const TAKEN: u8 = 2;
        let (now, ended) = (self.now, self.ended);
        let attempt = self.attempt(at);
        let asked = match attempt.stage {
            Stage::Confirming { person } if attempt.standing(now) == "pending" => Some(person),
            _ => None,
        };
        match (request.phase, asked) {
            _ if by_stranger => request.ends("problem cannot_confirm"),
            // Whoever saw the page before presses the button as it was.
            (0, _) if request.with.form => request.goes_on(PRESSED),
            (0, None) => request.ends("the page does not ask"),
            (0, Some(_)) => {
                attempt.held.form_token = request.seen.form_token.clone();
                request.goes_on(PRESSED)
            }
            (PRESSED, Some(_)) => request.goes_on(TAKEN),
            (TAKEN, Some(person)) => {
                attempt.stage = match allow {
                    true => attempt.finished(person, ended, now),
                    false => Stage::Failed("login_cancelled"),
                };
                self.users[person].1 |= allow;
                request.ends("303 taken")
            }
            _ => request.ends("303 taken"),
        }
    }
}
