import { closestMatch } from 'leven';

/** The known name that a mistyped one probably means: it begins the same way, or at most a third of the letters differ. */
export function closest(given: string, known: readonly string[]): string | undefined {
  const longer = known.find((name) => given.length > 1 && name.startsWith(given));
  if (longer !== undefined) return longer;
  // leven compares with "less than", so one more than the distance that is still plausible.
  const maxDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
  return closestMatch(given, known, { maxDistance });
}

/**
 * The sentence for a name that nothing has: what was given, what is probably meant, and all that is allowed.
 *
 * @param what - the kind of thing, for example `contract`
 */
export function unknownName(what: string, given: string, known: readonly string[]): string {
  const meant = closest(given, known);
  const question = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  return `unknown ${what} ${JSON.stringify(given)}${question}; known are: ${known.join(', ')}`;
}
