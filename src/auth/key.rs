//! Secrets as people hold them: [`Key`] and [`AccountToken`], text that proves itself by a checksum.
//!
//! Gives new ones, and hashes for the database. One form serves both kinds; their prefixes tell them apart, also to
//! programs that search published code for lost secrets.

use std::fmt;

use rand::TryRng as _;
use sha2::{Digest as _, Sha256};

use super::AuthError;

/// An API key, as a caller sends it.
///
/// `igw_`, 30 random characters of base62 (178 bits), 6 characters of base62 that are the CRC-32 of all
/// before them. It is shown once, when it is made: `Debug` hides it, and only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    const PREFIX: &str = "igw_";

    /// A new key, from the operating system's randomness. Panics where that has none, as a key must not be guessable.
    #[must_use]
    pub fn generate() -> Self {
        Self(generate(Self::PREFIX))
    }

    /// The key of a text, if its prefix, length, alphabet and checksum are right.
    ///
    /// # Errors
    ///
    /// [`AuthError::Malformed`].
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
/// As [`Key`], with the prefix `iga_`. It opens nothing by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountToken(String);

impl AccountToken {
    const PREFIX: &str = "iga_";

    /// A new account token, from the operating system's randomness, as [`Key::generate`].
    #[must_use]
    pub fn generate() -> Self {
        Self(generate(Self::PREFIX))
    }

    /// The account token of a text, if its prefix, length, alphabet and checksum are right.
    ///
    /// # Errors
    ///
    /// [`AuthError::WrongAccount`], as there is no account with such a token.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,60}") {
            for text in [text.clone(), "igw_".to_owned() + &text, "iga_".to_owned() + &text] {
                prop_assert!(Key::parse(&text).is_err());
                prop_assert!(AccountToken::parse(&text).is_err());
            }
        }
    }
}
