/**
 * Typed access to parsed JSON, in which fields that nobody asks for do not matter. Go writes empty slices and maps as
 * `null` and leaves out fields marked `omitempty`, so both count as absent.
 */
import { fromUtf8 } from '../base/bytes.js';
import { SchemaError } from './schema-error.js';

/** A JSON object that knows what it is, for the messages of errors. */
export class JsonObject {
  readonly what: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new SchemaError(`${what} is no object`);
    this.what = what;
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  /**
   * Parses JSON text.
   *
   * @throws SchemaError — when it is no JSON object.
   */
  static parse(bytes: Uint8Array, what: string): JsonObject {
    let value: unknown;
    try {
      value = JSON.parse(fromUtf8(bytes));
    } catch (error) {
      throw new SchemaError(`${what} is not JSON`, error);
    }
    return new JsonObject(value, what);
  }

  /** Whether a field is there and not null. */
  has(field: string): boolean {
    return this.raw(field) !== undefined;
  }

  /** A field as it is; null counts as absent. */
  raw(field: string): unknown {
    return this.#fields[field] ?? undefined;
  }

  /** @throws SchemaError — when it is absent or no text. */
  text(field: string): string {
    const value = this.raw(field);
    return typeof value === 'string' ? value : this.#wrong(field, 'text');
  }

  optionalText(field: string): string | undefined {
    return this.has(field) ? this.text(field) : undefined;
  }

  /** @throws SchemaError — when it is absent or no integer that a double holds. */
  integer(field: string): number {
    const value = this.raw(field);
    return Number.isSafeInteger(value) ? (value as number) : this.#wrong(field, 'an integer');
  }

  optionalInteger(field: string): number | undefined {
    return this.has(field) ? this.integer(field) : undefined;
  }

  /** An absent field is false. */
  flag(field: string): boolean {
    const value = this.raw(field) ?? false;
    return typeof value === 'boolean' ? value : this.#wrong(field, 'true or false');
  }

  /** @throws SchemaError — when it is absent or no object. */
  object(field: string): JsonObject {
    return new JsonObject(this.raw(field), `${this.what}.${field}`);
  }

  optionalObject(field: string): JsonObject | undefined {
    return this.has(field) ? this.object(field) : undefined;
  }

  /** The objects of an array; an absent one is empty. */
  objects(field: string): JsonObject[] {
    return this.#array(field).map((value, i) => new JsonObject(value, `${this.what}.${field}[${i}]`));
  }

  /** The texts of an array; an absent one is empty. */
  texts(field: string): string[] {
    return this.#array(field).map((value) =>
      typeof value === 'string' ? value : this.#wrong(field, 'texts'),
    );
  }

  #array(field: string): readonly unknown[] {
    const value = this.raw(field) ?? [];
    return Array.isArray(value) ? value : this.#wrong(field, 'an array');
  }

  #wrong(field: string, wanted: string): never {
    throw new SchemaError(`${this.what}.${field} is not ${wanted}`);
  }
}
