//! Shuffles that spread packed values over eight or four positions, one for every mask of as many bits.

/// A table aligned for vector loads.
#[repr(align(64))]
pub(super) struct Table<T, const MASKS: usize = 256>(pub(super) [T; MASKS]);

/// Entry of a shuffle that makes a byte zero.
const ZERO: u8 = 0x80;

/// Shuffles of bytes: byte `p` comes from the `r`-th packed byte if the mask has its `r`-th one at `p`.
pub(super) static BYTES: Table<[u8; 8]> = Table(shuffles(1, 1));

/// Shuffles of two-byte values in eight two-byte lanes.
pub(super) static HALVES: Table<[u8; 16]> = Table(shuffles(2, 2));

/// Shuffles of two-byte values into the upper halves of eight four-byte lanes, where both 128-bit lanes hold all packed
/// values.
#[cfg(target_arch = "x86_64")]
pub(super) static UPPER_HALVES: Table<[u8; 32]> = Table(shuffles(4, 2));

/// Shuffles of four-byte values: the index of each lane's value, negative where the mask is zero.
#[cfg(target_arch = "x86_64")]
pub(super) static WORDS: Table<[i32; 8]> = Table(words());

/// Shuffles of four-byte values in four four-byte lanes, for masks of four bits.
#[cfg(target_arch = "aarch64")]
pub(super) static QUADS: Table<[u8; 16], 16> = Table(shuffles(4, 4));

/// The lower nibble of each byte that is one in the mask.
#[cfg(target_arch = "x86_64")]
pub(super) static NIBBLES: Table<u64> = Table(nibbles());

/// The rank of each one of every mask, and `None` at zeros.
const fn ranks(mask: usize) -> [Option<u8>; 8] {
    let mut ranks = [None; 8];
    let (mut position, mut rank) = (0, 0);
    while position < 8 {
        if mask >> position & 1 == 1 {
            ranks[position] = Some(rank);
            rank += 1;
        }
        position += 1;
    }
    ranks
}

/// Shuffles into lanes of `lane` bytes; the upper `value` bytes of each hold a packed value.
const fn shuffles<const BYTES: usize, const MASKS: usize>(lane: usize, value: usize) -> [[u8; BYTES]; MASKS] {
    let mut table = [[ZERO; BYTES]; MASKS];
    let mut mask = 0;
    while mask < MASKS {
        let ranks = ranks(mask);
        let mut position = 0;
        while position < 8 {
            if let Some(rank) = ranks[position] {
                let mut byte = 0;
                while byte < value {
                    table[mask][(position + 1) * lane - value + byte] = rank * value as u8 + byte as u8;
                    byte += 1;
                }
            }
            position += 1;
        }
        mask += 1;
    }
    table
}

#[cfg(target_arch = "x86_64")]
const fn words() -> [[i32; 8]; 256] {
    let mut table = [[-1; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let ranks = ranks(mask);
        let mut position = 0;
        while position < 8 {
            if let Some(rank) = ranks[position] {
                table[mask][position] = rank as i32;
            }
            position += 1;
        }
        mask += 1;
    }
    table
}

#[cfg(target_arch = "x86_64")]
const fn nibbles() -> [u64; 256] {
    let mut table = [0; 256];
    let mut mask = 0;
    while mask < 256 {
        let mut position = 0;
        while position < 8 {
            if mask >> position & 1 == 1 {
                table[mask] |= 0x0f << (8 * position);
            }
            position += 1;
        }
        mask += 1;
    }
    table
}
