//! Story: the Federation explains itself: what it offers, and what is still to be configured and how.

use crate::federation::Federation;
use downcity_core::Lang;
use downcity_providers::catalogue;

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
            let label = spec.label.get(Lang::En);
            if directory.provider(spec.id).is_some() {
                text.push_str(&format!("{label}: ready\n"));
                continue;
            }
            text.push_str(&format!("{label}: not configured. Set in the Federation env:\n"));
            for need in spec.env.iter().filter(|need| need.required && !directory.env.contains_key(need.key))
            {
                text.push_str(&format!(
                    "  fed env set {:<24} {}\n",
                    need.key,
                    need.description.get(Lang::En)
                ));
            }
        }
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
