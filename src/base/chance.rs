//! Randomness with a seed: the only source of chance that commands see, so that a command can be run again.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};

use crate::base::Fault;

/// A seeded stream of random bytes (ChaCha with 12 rounds: cryptographically strong, 1 ns a byte).
#[derive(Clone)]
pub struct Chance(ChaCha12Rng);

impl Chance {
    /// A stream that nobody can foresee, seeded by the operating system.
    pub fn from_system() -> Result<Chance, Fault> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| Fault::io("the system's randomness", error.to_string()))?;
        Ok(Chance::from_seed(seed))
    }

    /// The stream that belongs to this seed: the same seed gives the same bytes.
    pub fn from_seed(seed: [u8; 32]) -> Chance {
        Chance(ChaCha12Rng::from_seed(seed))
    }

    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// The next 64 bits.
    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut one, mut other) = (Chance::from_seed([1; 32]), Chance::from_seed([1; 32]));
        assert_eq!(one.bytes::<64>(), other.bytes::<64>());
        assert_eq!(one.u64(), other.u64());
        assert_ne!(Chance::from_seed([2; 32]).bytes::<64>(), Chance::from_seed([1; 32]).bytes::<64>());
    }

    #[test]
    fn nobody_foresees_the_systems_stream() {
        let draw = || Chance::from_system().unwrap().bytes::<32>();
        assert_ne!(draw(), draw());
    }

    #[test]
    fn a_stream_does_not_repeat_itself() {
        let mut chance = Chance::from_seed([3; 32]);
        assert_ne!(chance.bytes::<32>(), chance.bytes::<32>());
    }
}
