/** A configuration that cannot be used (exit code 2); the message names the key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
