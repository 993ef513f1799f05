/** The only door of this layer (see service-types.ts for what passes through it). */
export { type ViewLayerOptions, startViewLayer, type ViewLayer } from './start.js';
export { type ClusterServers, Discovery } from './discovery.js';
export type { ControlLogin } from './control-pool.js';
export type {
  NameSnapshot,
  NamedView,
  ResultColumn,
  ResultPart,
  ServiceStatus,
  SessionContext,
  StatementInput,
  StatementService,
  ViewService,
} from './service-types.js';
export type { PinnedSession } from './pinned-session.js';
