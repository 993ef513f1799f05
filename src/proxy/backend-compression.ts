/** Whether connections to tidb-servers are compressed: never, where the client's is, or always. */
export const BACKEND_COMPRESSIONS = ['never', 'client', 'always'] as const;

/** @see BACKEND_COMPRESSIONS */
export type BackendCompression = (typeof BACKEND_COMPRESSIONS)[number];
