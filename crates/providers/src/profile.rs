//! What providers tell about a person, made fit to store.

use downcity_core::email::Address;

/// The longest name that is kept, in characters.
pub(crate) const NAME: usize = 64;

/// A verified address in the one form in which addresses are compared. It is only shown, and never links or
/// signs in anybody.
pub(crate) fn clean_email(text: &str) -> Option<String> {
    Address::parse(text).map(|address| address.as_str().to_owned())
}
