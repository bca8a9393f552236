//! Admins: how much a key allows, and the way its holder came.

/// How much an admin key allows. Each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks, and changes nothing.
    Viewer,
    /// Runs the Federation from day to day: settings, cities, people, webhooks.
    Operator,
    /// Also keeps the keys: those of admins, and those that tokens are signed with.
    Owner,
}

impl Role {
    /// Every role, the weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Owner];

    /// The stored and sent name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// Reads the stored or sent name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// The way an admin's call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// With an admin key as bearer.
    Api,
    /// Through a session of the web workspace.
    Workspace,
    /// From a command on the machine that holds the database.
    Machine,
}

impl Via {
    /// The stored and sent name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Workspace => "workspace",
            Self::Machine => "machine",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_do_all_that_the_weaker_ones_may() {
        assert!(Role::Owner > Role::Operator && Role::Operator > Role::Viewer);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
