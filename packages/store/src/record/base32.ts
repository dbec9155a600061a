/**
 * Lower-case base32 (RFC 4648 alphabet, no padding): writer ids and hashes in names. Chosen because names must
 * survive file systems that fold case, and because 26 characters hold 130 bits.
 */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** The first `length` base32 characters of `bytes`; missing bits are zero. */
export function encodeBase32(bytes: Uint8Array, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    const bit = i * 5;
    const at = bit >> 3;
    const pair = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    text += ALPHABET.charAt((pair >> (11 - (bit & 7))) & 31);
  }
  return text;
}
