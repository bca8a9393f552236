//! Story: the browser that finished looks at the outcome. Looking changes nothing, so reloading is harmless.

use crate::confirm::CODE_TRIES;
use crate::federation::Federation;
use downcity_core::attempt::Standing;
use downcity_core::{Failure, Lang, OpaqueToken, Said, Stage, Timestamp};
use downcity_store::StoreError;

/// What the page shows.
#[derive(Debug)]
pub struct Outcome {
    /// The attempt, for the form.
    pub attempt_id: String,
    /// The city's name.
    pub city: String,
    /// The provider's name.
    pub provider: Said,
    /// The language that the sign-in was started in.
    pub lang: Lang,
    /// Whether a provider is linked to an account, instead of signing in.
    pub link: bool,
    /// What happened.
    pub view: View,
}

/// The faces of the page.
#[derive(Debug)]
pub enum View {
    /// Still being settled.
    Working,
    /// The person is asked.
    Confirm(Question),
    /// Signed in.
    Done {
        /// The product's address, if the browser goes there.
        onward: Option<String>,
    },
    /// Ended without a token.
    Failed {
        /// Why.
        failure: Failure,
        /// The product's address, if the browser goes there.
        onward: Option<String>,
    },
    /// Ran out.
    Expired,
}

/// What the person needs to know to answer.
#[derive(Debug)]
pub struct Question {
    /// When the sign-in was started.
    pub started_at: Timestamp,
    /// From which address.
    pub network: String,
    /// With which program.
    pub agent: String,
    /// Whether that was another client than the one that finished, as far as is known.
    pub elsewhere: bool,
    /// What the form has to send back.
    pub form_token: OpaqueToken,
    /// Where the person has to type the code that the product shows.
    pub code: Option<AskedCode>,
}

/// How it stands with the code that is to be typed.
#[derive(Debug, Clone, Copy)]
pub struct AskedCode {
    /// Whether a wrong one was typed before.
    pub again: bool,
    /// How many tries are left.
    pub tries_left: i64,
}

impl Federation {
    /// The outcome, for the browser that finished; `None` for any other.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn login_outcome(
        &self,
        attempt_id: &str,
        finisher: Option<&OpaqueToken>,
        state: Option<&str>,
    ) -> Result<Option<Outcome>, StoreError> {
        let Some(attempt) = self.finished_by(attempt_id, finisher).await? else { return Ok(None) };
        let onward = || state.and_then(|state| self.product_url(&attempt, state));
        let view = match attempt.standing(self.clock.now()) {
            Standing::Pending if matches!(attempt.stage, Stage::Confirming) => View::Confirm(Question {
                started_at: attempt.created_at,
                network: attempt.starter.network.shown(),
                agent: attempt.starter.agent.clone(),
                elsewhere: !attempt.finished_by.as_ref().is_some_and(|by| by.same_client),
                form_token: self.form_token(&attempt),
                code: attempt
                    .code_tries
                    .map(|tries| AskedCode { again: tries > 0, tries_left: (CODE_TRIES - tries).max(0) }),
            }),
            Standing::Pending => View::Working,
            Standing::Ready | Standing::Collected => View::Done { onward: onward() },
            Standing::Failed(failure) => View::Failed { failure, onward: onward() },
            Standing::Expired => View::Expired,
        };
        let directory = self.directory();
        let label = |lang| directory.provider_label(&attempt.provider, lang);
        let provider = Said::new(label(Lang::En), label(Lang::Zh));
        Ok(Some(Outcome {
            attempt_id: attempt_id.to_owned(),
            city: directory.city_name(&attempt.city_id),
            provider,
            lang: attempt.lang,
            link: attempt.link.is_some(),
            view,
        }))
    }
}
