/** Fills memory with a text that repeats without end, from its byte `from` on. */
export function fillWith(target: Uint8Array, text: string, from: number): void {
  for (let index = 0; index < target.length; index += 1) {
    target[index] = text.charCodeAt((from + index) % text.length);
  }
}
