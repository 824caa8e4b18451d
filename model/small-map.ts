/** How many entries a map may have that is copied for each one more. */
const LONG = 64;

/** A map that never changes, in the order in which its keys came in. */
export interface Table<Key, Value> extends Iterable<readonly [Key, Value]> {
  readonly size: number;
  get: (key: Key) => Value | undefined;
  has: (key: Key) => boolean;
  keys: () => readonly Key[];
  values: () => readonly Value[];
  /** A copy in which a key has a value. */
  with: (key: Key, value: Value) => Table<Key, Value>;
  /** A copy without a key. */
  without: (key: Key) => Table<Key, Value>;
  /** A copy for changes. */
  copy: () => SmallMap<Key, Value>;
}

/**
 * A map of a few entries, ordered as a `Map` is: a key that is set again keeps its place, one that was deleted comes last. States
 * of the model are copied all the time and hold a handful of each thing: two short arrays are copied several times
 * faster than a `Map`, and searched as fast. Whoever has made a copy may change it; every other one stays as it is.
 */
export class SmallMap<Key, Value> implements Table<Key, Value> {
  #keys: Key[];
  #values: Value[];

  constructor(keys: Key[] = [], values: Value[] = []) {
    this.#keys = keys;
    this.#values = values;
  }

  get size(): number {
    return this.#keys.length;
  }

  get(key: Key): Value | undefined {
    const keys = this.#keys;
    for (let index = 0; index < keys.length; index++) if (keys[index] === key) return this.#values[index];
    return undefined;
  }

  has(key: Key): boolean {
    return this.#keys.includes(key);
  }

  keys(): readonly Key[] {
    return this.#keys;
  }

  values(): readonly Value[] {
    return this.#values;
  }

  *[Symbol.iterator](): Iterator<readonly [Key, Value]> {
    for (const [index, key] of this.#keys.entries()) yield [key, this.#values[index] as Value];
  }

  copy(): SmallMap<Key, Value> {
    return new SmallMap(this.#keys.slice(), this.#values.slice());
  }

  set(key: Key, value: Value): void {
    const index = this.#keys.indexOf(key);
    if (index !== -1) {
      this.#values[index] = value;
    } else if (this.#keys.length < LONG) {
      this.#keys = appended(this.#keys, key);
      this.#values = appended(this.#values, value);
    } else {
      this.#keys.push(key);
      this.#values.push(value);
    }
  }

  delete(key: Key): void {
    const index = this.#keys.indexOf(key);
    if (index === -1) return;
    this.#keys.splice(index, 1);
    this.#values.splice(index, 1);
  }

  with(key: Key, value: Value): SmallMap<Key, Value> {
    const index = this.#keys.indexOf(key);
    if (index === -1) return new SmallMap(appended(this.#keys, key), appended(this.#values, value));
    const copy = this.copy();
    copy.#values[index] = value;
    return copy;
  }

  without(key: Key): SmallMap<Key, Value> {
    const copy = this.copy();
    copy.delete(key);
    return copy;
  }
}

/** A list and one more: just as long as that, where `push` makes room for sixteen more, which all states would carry along. */
function appended<Item>(list: readonly Item[], item: Item): Item[] {
  const longer = new Array<Item>(list.length + 1);
  for (let index = 0; index < list.length; index++) longer[index] = list[index] as Item;
  longer[list.length] = item;
  return longer;
}
