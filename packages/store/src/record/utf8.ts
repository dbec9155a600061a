/**
 * UTF-8 facts about JavaScript strings without encoding them. Strings of a record are well-formed Unicode
 * (BatchBuilder sees to it), so UTF-8 byte order is code point order.
 */

/** Number of bytes of `text` in UTF-8; a lone surrogate counts as U+FFFD, three bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdbff || !isLow(text.charCodeAt(i + 1))) bytes += 2;
    else {
      bytes += 2; // four bytes for two units
      i++;
    }
  }
  return bytes;
}

/**
 * Orders two well-formed strings as their UTF-8 bytes. UTF-16 units already sort that way except that
 * surrogates (which stand for code points above U+FFFF) sort below U+E000–U+FFFF: at the first difference
 * they are lifted above.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? lift(x) - lift(y) : x - y;
  }
  return a.length - b.length;
}

/** The longest prefix of `text` that takes at most `bytes` bytes of UTF-8; never splits a character. */
export function utf8Prefix(text: string, bytes: number): string {
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += utf8Length(character);
    if (used > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Surrogates (0xD800–0xDFFF) move above U+E000–U+FFFF, keeping their own order. */
function lift(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
