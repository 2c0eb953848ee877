//! Who is asking: from an `Authorization` header to a [`Viewer`].
//!
//! Takes header bytes, key text and the rows that a key's hash leads to; gives the one value without which nothing can
//! be read. Pure: no database, no HTTP, no clock. A made-up key is refused by its checksum, before anything is looked
//! up. Deliberately absent: passwords, sessions, and keys in URLs.

mod key;

use entity::{Instant, accounts, api_tokens};

pub use key::{AccountToken, Key};

/// Why a caller is not let in.
///
/// All but [`AuthError::WrongAccount`] answer alike; which one it was is for the log only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no `Authorization` header.
    #[error("no API key was sent")]
    Missing,
    /// The header, or the key in it, is of no known form, or there are several headers.
    #[error("the Authorization header holds no well-formed API key")]
    Malformed,
    /// The key is well formed, and none of ours.
    #[error("the API key is unknown")]
    Unknown,
    /// The key's time is over.
    #[error("the API key has expired")]
    Expired,
    /// The key was taken back.
    #[error("the API key was revoked")]
    Revoked,
    /// The account token that was sent is not that of the key's account.
    #[error("the account token is not that of the key's account")]
    WrongAccount,
}

/// The key that a request brings, from all of its `Authorization` headers.
///
/// `Bearer KEY`, `Token KEY`, `Token token="KEY"` or `Token token=KEY`; the scheme and the parameter's name
/// in any case.
///
/// Source: RFC 9110, 11.4 and 11.6.2; RFC 6750, 2.1.
///
/// # Errors
///
/// [`AuthError::Missing`] without a header; [`AuthError::Malformed`] for any other form, a key that fails
/// its checksum, or two headers.
pub fn credentials<'a>(mut headers: impl Iterator<Item = &'a [u8]>) -> Result<Key, AuthError> {
    let header = headers.next().ok_or(AuthError::Missing)?;
    if headers.next().is_some() {
        return Err(AuthError::Malformed);
    }
    let header = str::from_utf8(header)
        .map_err(|_| AuthError::Malformed)?
        .trim_matches([' ', '\t']);
    let (scheme, rest) = header.split_once(' ').ok_or(AuthError::Malformed)?;
    let rest = rest.trim_start_matches(' ');
    let text = if scheme.eq_ignore_ascii_case("bearer") {
        rest
    } else if scheme.eq_ignore_ascii_case("token") {
        token_parameter(rest).unwrap_or(rest)
    } else {
        return Err(AuthError::Malformed);
    };
    Key::parse(text)
}

/// The value of `token=KEY` or `token="KEY"`. No key has a character that a quoted string would escape.
fn token_parameter(text: &str) -> Option<&str> {
    let (name, value) = text.split_once('=')?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    name.eq_ignore_ascii_case("token")
        .then_some(quoted.unwrap_or(value))
}

/// A caller who was let in. Whoever reads on a caller's behalf asks for one, and takes the account from it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    account_id: i64,
    account_name: String,
    token_id: i64,
}

impl Viewer {
    /// Lets the owner of a token in, to the token's account.
    ///
    /// `account_token` is what the caller sent in `Account-Token`, if anything. A token is expired from its instant of
    /// expiry on.
    ///
    /// # Errors
    ///
    /// [`AuthError::Revoked`] and [`AuthError::Expired`] by the token; [`AuthError::Unknown`] where the
    /// account is not the token's; [`AuthError::WrongAccount`] where the account token is not the account's.
    pub fn admit(
        token: &api_tokens::Model,
        account: &accounts::Model,
        account_token: Option<&str>,
        now: Instant,
    ) -> Result<Self, AuthError> {
        if token.account_id != account.id {
            return Err(AuthError::Unknown);
        }
        if token.revoked_at.is_some() {
            return Err(AuthError::Revoked);
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            return Err(AuthError::Expired);
        }
        if let Some(text) = account_token
            && !same(&AccountToken::parse(text)?.hash(), &account.token_hash)
        {
            return Err(AuthError::WrongAccount);
        }
        Ok(Self {
            account_id: account.id,
            account_name: account.name.clone(),
            token_id: token.id,
        })
    }

    /// The account whose rows exist for this caller.
    #[must_use]
    pub fn account_id(&self) -> i64 {
        self.account_id
    }

    /// What people call the account.
    #[must_use]
    pub fn account_name(&self) -> &str {
        &self.account_name
    }

    /// The token that let the caller in.
    #[must_use]
    pub fn token_id(&self) -> i64 {
        self.token_id
    }
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
fn same(one: &[u8; 32], other: &[u8]) -> bool {
    let difference = one
        .iter()
        .zip(other)
        .fold(0, |bits, (left, right)| bits | (left ^ right));
    other.len() == one.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(token: &AccountToken) -> (api_tokens::Model, accounts::Model) {
        let created_at = Instant::MIN;
        let account = accounts::Model {
            id: 7,
            name: "Acme".to_owned(),
            token_hash: token.hash().to_vec(),
            created_at,
        };
        let token = api_tokens::Model {
            id: 3,
            account_id: 7,
            name: String::new(),
            hash: Key::generate().hash().to_vec(),
            created_at,
            expires_at: None,
            revoked_at: None,
        };
        (token, account)
    }

    fn at(micros: i64) -> Instant {
        Instant::from_micros(micros).unwrap()
    }

    #[test]
    fn every_promised_form_of_the_header_is_read() {
        let key = Key::generate();
        let text = key.reveal();
        for header in [
            format!("Bearer {text}"),
            format!("bearer {text}"),
            format!("BEARER   {text}"),
            format!(" Bearer {text} "),
            format!("Token {text}"),
            format!("tOKEN {text}"),
            format!("Token token=\"{text}\""),
            format!("Token token={text}"),
            format!("token TOKEN=\"{text}\""),
        ] {
            assert_eq!(
                credentials([header.as_bytes()].into_iter()),
                Ok(key.clone()),
                "{header}"
            );
        }
    }

    #[test]
    fn every_other_form_of_the_header_is_refused() {
        let key = Key::generate();
        let text = key.reveal();
        for header in [
            String::new(),
            text.to_owned(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Basic {text}"),
            format!("Bearer{text}"),
            format!("Bearer token={text}"),
            format!("Bearer \"{text}\""),
            format!("Bearer {text} {text}"),
            format!("Bearer {text}, Bearer {text}"),
            format!("Bearer {}", &text[1..]),
            format!("Bearer {text}0"),
            format!("Token token=\"{text}"),
            format!("Token token={text}\""),
            format!("Token key=\"{text}\""),
            "Token token=\"".to_owned(),
            format!("Bearer {}", text.to_uppercase()),
        ] {
            let found = credentials([header.as_bytes()].into_iter());
            assert_eq!(found, Err(AuthError::Malformed), "{header}");
        }
        assert_eq!(
            credentials([&b"Bearer \xff"[..]].into_iter()),
            Err(AuthError::Malformed)
        );
    }

    #[test]
    fn no_header_is_missing_and_two_are_refused_even_if_alike() {
        let header = format!("Bearer {}", Key::generate().reveal());
        assert_eq!(credentials(std::iter::empty()), Err(AuthError::Missing));
        let twice = [header.as_bytes(), header.as_bytes()];
        assert_eq!(credentials(twice.into_iter()), Err(AuthError::Malformed));
    }

    #[test]
    fn a_token_lets_its_owner_into_its_account() {
        let secret = AccountToken::generate();
        let (token, account) = rows(&secret);
        let viewer = Viewer::admit(&token, &account, None, at(0)).unwrap();
        assert_eq!(
            (viewer.account_id(), viewer.account_name(), viewer.token_id()),
            (7, "Acme", 3)
        );
        assert_eq!(
            Viewer::admit(&token, &account, Some(secret.reveal()), at(0)),
            Ok(viewer)
        );
    }

    #[test]
    fn a_token_is_expired_from_its_last_instant_on() {
        let (mut token, account) = rows(&AccountToken::generate());
        token.expires_at = Some(at(100));
        assert!(Viewer::admit(&token, &account, None, at(99)).is_ok());
        assert_eq!(
            Viewer::admit(&token, &account, None, at(100)),
            Err(AuthError::Expired)
        );
    }

    #[test]
    fn a_revoked_token_stays_refused_whatever_the_clock_says() {
        let (mut token, account) = rows(&AccountToken::generate());
        token.revoked_at = Some(at(100));
        assert_eq!(
            Viewer::admit(&token, &account, None, at(0)),
            Err(AuthError::Revoked)
        );
    }

    #[test]
    fn another_account_or_its_token_is_refused() {
        let (token, mut account) = rows(&AccountToken::generate());
        let foreign = AccountToken::generate();
        for text in [foreign.reveal(), "", "7", "iga_"] {
            let found = Viewer::admit(&token, &account, Some(text), at(0));
            assert_eq!(found, Err(AuthError::WrongAccount), "{text}");
        }
        account.id = 8;
        assert_eq!(
            Viewer::admit(&token, &account, None, at(0)),
            Err(AuthError::Unknown)
        );
    }

    #[test]
    fn hashes_are_the_same_only_in_every_byte() {
        let hash = Key::generate().hash();
        assert!(same(&hash, &hash));
        assert!(!same(&hash, &hash[..31]));
        assert!(!same(&hash, &[]));
        for place in 0..32 {
            let mut other = hash;
            other[place] ^= 1;
            assert!(!same(&hash, &other));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let found = credentials([bytes.as_slice()].into_iter());
            prop_assert!(found.is_err());
        }
    }
}
