//! The signature in a voucher's QR: proof that this city issued it, checked without a network.
//!
//! Payload (86 bytes, then base 32): version, key number, code, place tag, first and last second of use, Ed25519
//! signature over all before. Base 32 in capitals keeps the QR in its dense alphanumeric mode.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::accounts::PlaceId;
use crate::base::{Chance, Code, Fault, Timestamp};
use crate::vouchers::model::Voucher;
use crate::vouchers::refusal::Refusal;

const PREFIX: &str = "HS1:";
const VERSION: u8 = 1;
/// The only key so far; rotation gives new ones the next numbers and keeps old public keys until the last expiry.
const KEY_NUMBER: u8 = 1;
const SIGNED_BYTES: usize = 22;
const PAYLOAD_BYTES: usize = SIGNED_BYTES + ed25519_dalek::SIGNATURE_LENGTH;
const PAYLOAD_CHARACTERS: usize = (PAYLOAD_BYTES * 8).div_ceil(5);

/// Signs and checks QR payloads.
pub struct Signer {
    key: SigningKey,
}

/// The text is no payload that this city signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a voucher of this city")]
pub struct Forged;

impl Signer {
    /// Reads the key of the city, or makes it: 32 bytes that only the owner of the folder can read.
    pub fn load(keys: &Path) -> Result<Signer, Fault> {
        let path = keys.join("vouchers-1.key");
        let fault = |error: std::io::Error| Fault::io("the key that signs vouchers", error);
        match fs::read(&path) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                let seed: &[u8; 32] = bytes[..]
                    .try_into()
                    .map_err(|_| Fault::corrupt("the key that signs vouchers", "it does not have 32 bytes"))?;
                Ok(Signer { key: SigningKey::from_bytes(seed) })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let seed: Zeroizing<[u8; 32]> = Zeroizing::new(Chance::from_system()?.bytes());
                let partial = keys.join("vouchers-1.key.partial");
                let mut file = fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&partial)
                    .map_err(fault)?;
                file.write_all(&seed[..]).and_then(|()| file.sync_all()).map_err(fault)?;
                fs::rename(&partial, &path).map_err(fault)?;
                fs::File::open(keys).and_then(|folder| folder.sync_all()).map_err(fault)?;
                Ok(Signer { key: SigningKey::from_bytes(&seed) })
            }
            Err(error) => Err(fault(error)),
        }
    }

    pub fn from_seed(seed: &[u8; 32]) -> Signer {
        Signer { key: SigningKey::from_bytes(seed) }
    }

    /// What the QR of a voucher says.
    pub fn qr_text(&self, voucher: &Voucher) -> String {
        let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
        payload.extend([VERSION, KEY_NUMBER]);
        payload.extend(voucher.code.bits().to_be_bytes());
        payload.extend(place_tag(voucher.place));
        payload.extend(seconds(voucher.use_from).to_be_bytes());
        payload.extend(seconds(voucher.use_until).to_be_bytes());
        let signature = self.key.sign(&payload);
        payload.extend(signature.to_bytes());
        format!("{PREFIX}{}", BASE32_NOPAD.encode(&payload))
    }

    /// The code in a QR that this city signed.
    pub fn read(&self, text: &str) -> Result<Code, Forged> {
        let text = text.trim().strip_prefix(PREFIX).filter(|text| text.len() == PAYLOAD_CHARACTERS).ok_or(Forged)?;
        let payload = BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| Forged)?;
        if payload[..2] != [VERSION, KEY_NUMBER] {
            return Err(Forged);
        }
        let (signed, signature) = payload.split_at(SIGNED_BYTES);
        let signature = Signature::from_slice(signature).map_err(|_| Forged)?;
        let public: VerifyingKey = self.key.verifying_key();
        public.verify_strict(signed, &signature).map_err(|_| Forged)?;
        let bits: [u8; 8] = signed[2..10].try_into().map_err(|_| Forged)?;
        Code::from_bits(u64::from_be_bytes(bits)).ok_or(Forged)
    }

    /// The code in what a person typed, or a scanner sent as if it were typed.
    pub fn code_in(&self, text: &str) -> Result<Code, Refusal> {
        if text.trim_start().starts_with(PREFIX) {
            return self.read(text).map_err(|Forged| Refusal::NotAVoucher);
        }
        Code::parse(text).map_err(Refusal::Mistyped)
    }
}

/// Four bytes that a till can compare with its own place; short, because a QR must stay readable on a cracked screen.
fn place_tag(place: PlaceId) -> [u8; 4] {
    let digest = Sha256::digest(place.as_bytes());
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Seconds since 1970 as far as 32 bits go (the year 2106).
fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.millis() / 1000).unwrap_or(if at.millis() < 0 { 0 } else { u32::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Currency, Id, Money};
    use crate::vouchers::model::{VoucherState, VoucherTender};

    fn voucher(bits: u64) -> Voucher {
        Voucher {
            order: Id::from_bytes([1; 16]),
            offer: Id::from_bytes([2; 16]),
            version: 1,
            merchant: Id::from_bytes([3; 16]),
            place: Id::from_bytes([4; 16]),
            holder: Id::from_bytes([5; 16]),
            code: Code::from_bits(bits).unwrap(),
            value: Money::new(1250, Currency::EUR),
            tender: VoucherTender::Platform,
            use_from: Timestamp::from_millis(1_800_000_000_000),
            use_until: Timestamp::from_millis(1_900_000_000_000),
            state: VoucherState::Valid,
            undone: 0,
            edges: 0,
            since: Timestamp::from_millis(0),
        }
    }

    proptest! {
        #[test]
        fn what_we_signed_reads_back_and_nothing_else_does(
            bits in 0u64..(1 << 60),
            at in 4usize..142,
            to in 0usize..32,
        ) {
            let signer = Signer::from_seed(&[7; 32]);
            let text = signer.qr_text(&voucher(bits));
            prop_assert_eq!(signer.read(&text).map(Code::bits), Ok(bits));
            prop_assert_eq!(Signer::from_seed(&[8; 32]).read(&text), Err(Forged));
            let mut forged = text.clone().into_bytes();
            forged[at] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[to];
            let forged = String::from_utf8(forged).unwrap();
            prop_assert!(forged == text || signer.read(&forged) == Err(Forged));
        }

        #[test]
        fn hostile_scans_are_refused(text in ".{0,300}") {
            prop_assert_eq!(Signer::from_seed(&[7; 32]).read(&text), Err(Forged));
            prop_assert_eq!(Signer::from_seed(&[7; 32]).read(&format!("{PREFIX}{text}")), Err(Forged));
        }
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let text = Signer::load(folder.path()).unwrap().qr_text(&voucher(1));
        assert!(Signer::load(folder.path()).unwrap().read(&text).is_ok());
        let mode = fs::metadata(folder.path().join("vouchers-1.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
