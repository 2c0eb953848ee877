//! Who is asking: from an `Authorization` header to a [`Viewer`].
//!
//! Takes header bytes, key text and the rows that a key's hash leads to; gives the one value without which nothing can
//! be read. Pure: no database, no HTTP, no clock. A made-up key is refused by its checksum, before anything is looked
//! up. Deliberately absent: passwords, sessions, and keys in URLs.

use std::fmt;

use entity::{Instant, accounts, api_tokens};
use rand::TryRng as _;
use sha2::{Digest, Sha256};

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

/// An API key, as a caller sends it.
///
/// **Shape**: `igw_`, 30 random characters of base62 (178 bits), 6 characters of base62 that are the CRC-32 of all
/// before them. It is shown once, when it is made: `Debug` hides it, and only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    const PREFIX: &str = "igw_";

    /// A new key, from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(generate(Self::PREFIX))
    }

    /// The key of a text, if its prefix, length, alphabet and checksum are right.
    ///
    /// **Errors**: [`AuthError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        check(Self::PREFIX, text)
            .then(|| Self(text.to_owned()))
            .ok_or(AuthError::Malformed)
    }

    /// SHA-256 of the text: what the database knows of a key.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The text itself, to be shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// An account token: which account a caller means, where a client wants to say it.
///
/// **Shape**: as [`Key`], with the prefix `iga_`. It opens nothing by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountToken(String);

impl AccountToken {
    const PREFIX: &str = "iga_";

    /// A new account token, from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(generate(Self::PREFIX))
    }

    /// The account token of a text, if its prefix, length, alphabet and checksum are right.
    ///
    /// **Errors**: [`AuthError::WrongAccount`], as there is no account with such a token.
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        check(Self::PREFIX, text)
            .then(|| Self(text.to_owned()))
            .ok_or(AuthError::WrongAccount)
    }

    /// SHA-256 of the text: what the database knows of an account token.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The text itself, to be shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccountToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The key that a request brings, from all of its `Authorization` headers.
///
/// **Shape**: `Bearer KEY`, `Token KEY`, `Token token="KEY"` or `Token token=KEY`; the scheme and the parameter's name
/// in any case.
///
/// **Errors**: [`AuthError::Missing`] without a header; [`AuthError::Malformed`] for any other form, a key that fails
/// its checksum, or two headers.
///
/// **Source**: RFC 9110, 11.4 and 11.6.2; RFC 6750, 2.1.
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
    /// **Errors**: [`AuthError::Revoked`] and [`AuthError::Expired`] by the token; [`AuthError::Unknown`] where the
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

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 30 characters of 62 are 178.6 bits.
const RANDOM_CHARACTERS: usize = 30;
/// 62 to the sixth is more than 2 to the 32nd.
const CHECKSUM_CHARACTERS: usize = 6;

fn generate(prefix: &str) -> String {
    let mut text = String::with_capacity(prefix.len() + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS);
    text.push_str(prefix);
    let mut bytes = [0; 64];
    while text.len() < prefix.len() + RANDOM_CHARACTERS {
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .expect("the operating system gives randomness: no key can be made without");
        // Six bits of a byte name one of 64; the two that no character has are passed over, so all 62 are as likely.
        let characters = bytes.iter().filter_map(|byte| BASE62.get(usize::from(byte & 63)));
        let missing = prefix.len() + RANDOM_CHARACTERS - text.len();
        text.extend(characters.take(missing).map(|character| char::from(*character)));
    }
    let sum = checksum(&text);
    text.extend(sum.map(char::from));
    text
}

fn check(prefix: &str, text: &str) -> bool {
    let body_bytes = prefix.len() + RANDOM_CHARACTERS;
    text.len() == body_bytes + CHECKSUM_CHARACTERS
        && text.starts_with(prefix)
        && text.as_bytes()[prefix.len()..]
            .iter()
            .all(u8::is_ascii_alphanumeric)
        && text.as_bytes()[body_bytes..] == checksum(&text[..body_bytes])
}

/// The CRC-32 of a text, in base62, most significant digit first.
fn checksum(text: &str) -> [u8; CHECKSUM_CHARACTERS] {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [BASE62[0]; CHECKSUM_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
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
    fn a_new_key_has_the_promised_shape_and_reads_back() {
        let key = Key::generate();
        assert_eq!(key.reveal().len(), 40);
        assert!(key.reveal().starts_with("igw_"));
        assert_eq!(Key::parse(key.reveal()), Ok(key.clone()));
        assert_ne!(key, Key::generate());
        let token = AccountToken::generate();
        assert!(token.reveal().starts_with("iga_"));
        assert_eq!(AccountToken::parse(token.reveal()), Ok(token));
    }

    #[test]
    fn the_checksum_is_the_crc_of_what_precedes_it() {
        // CRC-32 of "123456789" is 0xCBF43926, the check value of the published algorithm.
        let digits = checksum("123456789");
        let value = digits.iter().fold(0_u64, |sum, digit| {
            sum * 62 + BASE62.iter().position(|one| one == digit).unwrap() as u64
        });
        assert_eq!(value, 0xCBF4_3926);
    }

    #[test]
    fn random_characters_use_the_whole_alphabet() {
        let text: String = (0..200)
            .map(|_| generate("")[..RANDOM_CHARACTERS].to_owned())
            .collect();
        for character in BASE62 {
            assert!(
                text.contains(char::from(*character)),
                "{}",
                char::from(*character)
            );
        }
    }

    #[test]
    fn any_single_changed_byte_is_refused() {
        let key = Key::generate();
        for place in 0..key.reveal().len() {
            for byte in 0..=127_u8 {
                let mut bytes = key.reveal().as_bytes().to_vec();
                if bytes[place] != byte {
                    bytes[place] = byte;
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(Key::parse(&text), Err(AuthError::Malformed), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_key_and_an_account_token_are_no_substitutes() {
        assert_eq!(
            Key::parse(AccountToken::generate().reveal()),
            Err(AuthError::Malformed)
        );
        assert_eq!(
            AccountToken::parse(Key::generate().reveal()),
            Err(AuthError::WrongAccount)
        );
    }

    #[test]
    fn debug_hides_secrets() {
        let (key, token) = (Key::generate(), AccountToken::generate());
        assert_eq!(format!("{key:?} {token:?}"), "[redacted] [redacted]");
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
        let hash = sha256("one");
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
        fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in ".{0,60}") {
            let found = credentials([bytes.as_slice()].into_iter());
            prop_assert!(found.is_err());
            prop_assert!(Key::parse(&text).is_err());
            let prefixed = "igw_".to_owned() + &text;
            prop_assert!(Key::parse(&prefixed).is_err());
        }
    }
}
