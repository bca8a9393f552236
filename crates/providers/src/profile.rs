//! What providers tell about a person, made fit to store.

/// The longest name that is kept, in characters.
pub(crate) const NAME: usize = 64;

/// An address as far as it can be one: it is only shown, and never links or signs in anybody.
pub(crate) fn clean_email(text: &str) -> Option<String> {
    let text = text.trim();
    let (name, domain) = text.rsplit_once('@')?;
    let plain = text.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"<>\"(),:;\\".contains(c));
    (plain && !name.is_empty() && domain.contains('.') && text.len() <= 254).then(|| text.to_owned())
}
