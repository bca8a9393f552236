//! Story: the Federation explains itself: what it offers, and what is still to be configured and how.

use crate::directory::Directory;
use crate::federation::Federation;
use downcity_core::Lang;
use downcity_providers::{EnvKey, catalogue, issuers};

impl Federation {
    /// A plain text for operators. It holds no value of any setting.
    #[must_use]
    pub fn instruction(&self) -> String {
        let directory = self.directory();
        let base = self.settings.public_url.origin().ascii_serialization();
        let mut text = format!(
            "Downcity Federation at {base}\n\
             Callback URL to register with providers: {}\n\
             API description: {base}/openapi.json\n\
             Public keys of user_token: {base}/.well-known/jwks.json\n\n",
            Self::callback_url(&self.settings.public_url)
        );
        for spec in catalogue() {
            let env = spec.env.iter().map(EnvKey::from).collect::<Vec<_>>();
            tell(&mut text, spec.label.get(Lang::En), spec.id, &env, &directory);
        }
        for spec in issuers(directory.env.keys().map(String::as_str)) {
            let label = directory.provider(&spec.id).map_or(spec.id.as_str(), |p| p.label(Lang::En));
            tell(&mut text, label, &spec.id, &spec.env, &directory);
        }
        text.push_str(
            "Any other OpenID Connect issuer: set OIDC_<NAME>_ISSUER, _CLIENT_ID and _CLIENT_SECRET.\n",
        );
        let origins: usize = directory.cities.values().map(|city| city.allowed_origins.len()).sum();
        if origins == 0 {
            text.push_str(
                "\nNo web page may call this Federation from a browser yet. Allow your product's origin:\n  \
                 fed city update city_downcity --allow-origin https://app.example.com\n",
            );
        }
        text
    }
}

/// Whether a provider is ready, else what it lacks.
fn tell(text: &mut String, label: &str, id: &str, env: &[EnvKey], directory: &Directory) {
    if directory.is_usable(id) {
        text.push_str(&format!("{label}: ready\n"));
        return;
    }
    text.push_str(&format!("{label}: not configured. Set in the Federation env:\n"));
    for need in env.iter().filter(|need| need.required && !directory.env.contains_key(&need.key)) {
        let description = need.description.get(Lang::En);
        text.push_str(&format!("  fed env set {:<24} {description}\n", need.key));
    }
}
