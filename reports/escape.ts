// Control characters but newline, the C1 controls, the bidirectional overrides, and what is not a character at all.
const UNSAFE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * Whatever a target printed is data: this makes it safe for a terminal and legal in XML 1.0. Characters that
 * would move the cursor, colour, reorder or break the document are shown as `\x1b` or `\u202e`. Newlines stay.
 */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
