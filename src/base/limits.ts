/**
 * The bounds of every queue, cache, buffer, retry and transaction in the program (law 4). A bound that is reached is
 * back-pressure or a typed error, never growth. Units are in the names. One place, so that a reader can add them up.
 */
export const limits = {
  /** Keys in one commit or rollback RPC: TiKV's time grows faster than linearly beyond (TRUTH §4). */
  commitKeysPerRpc: 500,
  /** Key and value bytes in one prewrite RPC. */
  prewriteBytesPerRpc: 64 * 1024,
  /** RPCs of one transaction in flight at once. */
  transactionRpcsInFlight: 16,
  /** Transactions with fewer keys in a region have their locks resolved one by one, larger ones by region. */
  resolveLiteKeys: 512,
  /** Time a reader spends on removing locks that he could pass as well. */
  readerCleanUpMs: 500,
  /** Transactions whose locks one reader carries along as passed; older ones are asked about again. */
  passedLocksPerReader: 1024,
  /** Locks fetched in one scan for locks. */
  locksPerScan: 1024,
  /** Life of our locks, counted anew at every heartbeat: a dead owner holds others up for no longer. */
  lockTtlMs: 3000,
  /** A transaction that was opened ahead and found nothing to write for so long is given up. */
  openingAgeMs: 1000,
  /** Pause between two heartbeats of a transaction. */
  heartbeatMs: 1000,
  /** One value: TiKV's raft entry is 8 MiB at most and carries some overhead. */
  valueBytes: 7 * 1024 * 1024,
  /** Longest key TiKV takes (`storage.max-key-size`). */
  keyBytes: 8 * 1024,
  /** Regions kept in the region cache. */
  regionsCached: 50_000,
  /** Table versions kept parsed by the catalog: some tens of kilobytes each. */
  tableVersionsCached: 2048,
  /** Regions asked for in one message to PD. */
  regionsPerLookup: 1024,
  /** A cached region that nobody has asked for in so long is looked up again. */
  regionIdleMs: 600_000,
  /** Transaction statuses remembered by the lock resolver. */
  transactionStatusesCached: 2048,
  /** Time one logical PD or TiKV operation may take over all its retries. */
  rpcBudgetMs: 20_000,
  /** The same for prewrite and commit. */
  writeBudgetMs: 40_000,
  /** One attempt of a unary RPC. */
  rpcAttemptMs: 10_000,
  /** Commands to a store joined into one message, and their bytes unless one alone has more. */
  batchCommands: 128,
  batchBytes: 1024 * 1024,
  /** TSO requests joined into one message. */
  tsoBatch: 10_000,
  /** TSO messages sent and not answered yet; requests beyond wait and are joined. */
  tsoMessagesInFlight: 16,
  /** A TSO stream that has not answered for so long is given up. */
  tsoAttemptMs: 3000,
  /** One key and its value, written by the embedded front end: TiDB's `txn-entry-size-limit`. */
  embeddedEntryBytes: 6 * 1024 * 1024,
  /** What one of its transactions writes: TiDB's `txn-total-size-limit`. */
  embeddedTransactionBytes: 100 * 1024 * 1024,
  /** How long the embedded cluster keeps history that no barrier holds: TiDB's `tidb_gc_life_time`. */
  embeddedHistoryMs: 600_000,
  /** Bytes of feed events that a stream of the embedded cluster holds for a client that does not read them. */
  embeddedFeedQueueBytes: 64 * 1024 * 1024,
  /** The same, above which incremental scans wait. */
  embeddedScanQueueBytes: 1024 * 1024,
  /** Bytes that one feed stream holds for a consumer that does not drain it. */
  feedQueueBytes: 64 * 1024 * 1024,
  /** Prewritten values held while their commit is awaited, over all spans of a feed. */
  feedUncommittedBytes: 1024 * 1024 * 1024,
  /** Committed rows waiting for their epoch, over all sources. */
  epochBytes: 512 * 1024 * 1024,
  /** Row changes in one epoch's transaction; above it the views are rebuilt beside (law 4). */
  epochRows: 1_000_000,
  /** Rows of a delta between two operators of a circuit, before rows that cancel out are taken away. */
  operatorRows: 16_000_000,
  /** Rows of one page of a scan, at most; fewer when they are long. */
  scanPageRows: 16_384,
  /** Rows of the first page of a scan: their lengths decide how many the next may have. */
  scanFirstPageRows: 256,
  /** Bytes that one page of a scan should not exceed by much. */
  scanPageBytes: 4 * 1024 * 1024,
  /** Keys of one batch get. */
  batchGetKeysPerRpc: 1024,
  /** Rows written by one transaction of a build. */
  buildBatchRows: 4096,
  /** Bytes of a statement held back until it is known whether it touches a view. */
  statementBytes: 64 * 1024 * 1024,
  /** A packet's header says at most this; longer messages continue in the next packet. */
  packetBytes: 0xff_ff_ff,
  /** Bytes of a socket's outgoing queue above which the other side is paused. */
  relayHighWaterBytes: 1024 * 1024,
  /** Short pieces that wait to be written to a client, above which it is no longer read from. */
  relayQueuedWrites: 1024,
  /** Bytes read from a tidb-server at a time; one buffer of this size is shared, one is lent to each large answer. */
  relayReadBytes: 64 * 1024,
  /** Clients connected at once, unless told otherwise; one more gets error 1040. */
  clientConnections: 10_000,
  /** Addresses of clients whose rate of new connections is known. */
  clientAddresses: 65_536,
  /** Commands of one client whose answers have not ended; beyond, its input waits. */
  pipelinedCommands: 1024,
  /** Bytes of a client's input that wait while a statement before them is answered; beyond, its socket is paused. */
  heldInputBytes: 1024 * 1024,
  /** One message of a login. */
  handshakeBytes: 256 * 1024,
  /** Time from a client's connection to the end of its login, unless told otherwise. */
  handshakeMs: 10_000,
  /** Time for one tidb-server to take a connection and greet. */
  backendConnectMs: 3_000,
  /** tidb-servers known at once. */
  backends: 1_000,
  /** Time for a tidb-server to show that it is healthy. */
  backendCheckMs: 2_000,
  /** Between two checks of all tidb-servers. */
  backendCheckPauseMs: 2_000,
  /** Time in which a tidb-server that has come, or come back, grows to its full share of clients. */
  slowStartMs: 10_000,
  /** Between two looks at how busy the tidb-servers are. */
  loadPauseMs: 5_000,
  /** Time for a tidb-server to say how busy it is. */
  loadReadMs: 2_000,
  /** Figures of a tidb-server's load that are older say nothing any more. */
  loadStaleMs: 15_000,
  /** What a tidb-server's status port may answer: TiDB's metrics are some hundreds of kilobytes. */
  statusAnswerBytes: 16 * 1024 * 1024,
  /** Between two looks for sessions whose server is to be left. */
  moveLookMs: 100,
  /** For so long a server must have been unhealthy, and not said why, before sessions leave it. */
  moveUnhealthyMs: 5_000,
  /** Sessions that are moved to other servers at once. */
  movesAtOnce: 8,
  /** Time for a session to stand still once another server waits for it. */
  moveStillMs: 2_000,
  /** Time for a server to take a session that moves to it. */
  moveEnterMs: 5_000,
  /** Pause after a session was not moved, doubled each time, and the longest. */
  movePauseMs: 500,
  movePauseMsMax: 30_000,
  /** Time for TiDB to list its servers. */
  discoveryMs: 5_000,
  /** Between two looks at the list of servers. */
  discoveryPauseMs: 5_000,
  /** Time for which an ended connection's last bytes may take to be read. */
  lingerMs: 2_000,
  /** Time for which a tidb-server may go on answering a client that will send no more. */
  halfOpenMs: 60_000,
  /** Rows of the answer to a statement of our own on a client's session. */
  ownQueryBytes: 16 * 1024 * 1024,
  /** Bytes of an answer of our own that are gathered before they are written. */
  localAnswerBytes: 64 * 1024,
  /** Prepared statements of one session that are answered here. */
  localPreparedStatements: 1024,
  /** What one session keeps of the statements that it has prepared by PREPARE, and that are ours or write. */
  namedStatementBytes: 4 * 1024 * 1024,
  /** Time for a front-end process to listen. */
  workerStartMs: 30_000,
  /** Time for one to take the names of views; one that is later hangs, and is ended. */
  workerAckMs: 5_000,
  /** Time for one to say how it is. */
  workerStatusMs: 1_000,
  /** Time for one that has drained to end. */
  workerExitMs: 2_000,
  /** One that has lived for so long is started again at once when it dies. */
  workerSettledMs: 60_000,
  /** Between two looks at whether the names of views have changed; statements that change them do not wait for it. */
  nameWatchMs: 20,
  /** Bytes of a statement's beginning that slow-query and audit logs look at. */
  loggedStatementBytes: 4096,
  /** Prepared statements of a session whose text these logs remember. */
  loggedPreparedStatements: 256,
  /** Characters of records that wait to be written to a log file; beyond, records are dropped and counted. */
  recordQueueLength: 4 * 1024 * 1024,
  /** Registered views. */
  views: 10_000,
} as const;
