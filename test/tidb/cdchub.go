package main

import (
	"bytes"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/kvproto/pkg/cdcpb"
	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
)

// Change data capture with TiKV's semantics over unistore, which has none.
//
// What TiKV's cdc component does, and this follows:
//   - keys in rows are raw (decoded) keys; start_key and end_key of a request
//     are encoded, and an undecodable pair means the whole region;
//   - a registration answers with an incremental scan of (checkpoint_ts, now],
//     of the moment of registration: COMMITTED rows for versions, PREWRITE rows
//     for the locks of that moment, keys ascending, then one INITIALIZED row.
//     Live rows come in between, so a COMMIT may overtake its own PREWRITE;
//   - live: PREWRITE with the value and the old value, COMMIT with the value only
//     when it is short (≤ 255 bytes), ROLLBACK with one byte "p" if it is the
//     protected one of a primary, COMMITTED for one-phase commit; Lock and
//     pessimistic-lock records never; nothing of a txn_source ≥ 256;
//   - a lock rewritten by a heartbeat or a pushed min_commit_ts sends PREWRITE
//     again if its value is short;
//   - rows of one transaction come in no particular order;
//   - a resolved timestamp T says that every commit ≤ T has been sent: it is the
//     least start_ts of the locks in the range, or a fresh timestamp without
//     locks. Within one subscription it never goes back, though an older
//     transaction may prewrite late; a new one starts below such a lock;
//   - a split, merge or change of leader ends the subscription with an error event.

const shortValueMaxLen = 255

type cdcHub struct {
	oracle  *tsOracle
	fence   *writeFence
	regions *regionManager
	gc      *gcState
	faults  *faults
	stats   *stats
	data    *dataStore
	pace    *pace

	// protecting holds the contexts of requests whose rollbacks are protected.
	protecting sync.Map

	// applying is held shared while a batch is written and published, and
	// exclusively by whoever needs the store and the subscriptions to agree.
	applying sync.RWMutex

	mu      sync.Mutex // guards what follows, and the subscriptions' state
	subs    map[*subscription]struct{}
	held    map[uint64]*heldTxn   // transactions with prewritten Puts or Deletes, by start ts
	sources map[versionKey]uint64 // txn_source of the committed versions that have one
}

// heldTxn is the prewritten locks of one transaction.
type heldTxn struct {
	startTS         uint64
	locks           map[string]heldLock // by raw key
	least, greatest string
}

type heldLock struct {
	op        kvrpcpb.Op
	value     []byte
	txnSource uint64
	primary   bool
}

type versionKey struct {
	key      string
	commitTS uint64
}

// subscription is one region watched on one stream.
type subscription struct {
	conn                *cdcConn
	regionID, requestID uint64
	start, end          []byte // raw
	checkpoint          uint64
	filterLoop          bool

	region      *region // the version of the region it was registered for
	initialized bool
	resolved    uint64
	stopped     atomic.Bool
	// scanning holds, during the incremental scan, the versions written since it
	// began: they go out live, and the scan (which may see them) leaves them out.
	scanning map[versionKey]struct{}
}

func newCDCHub(oracle *tsOracle, fence *writeFence, regions *regionManager, gc *gcState, f *faults, s *stats, interval time.Duration) *cdcHub {
	return &cdcHub{
		oracle: oracle, fence: fence, regions: regions, gc: gc, faults: f, stats: s, pace: newPace(interval),
		subs: make(map[*subscription]struct{}), held: make(map[uint64]*heldTxn), sources: make(map[versionKey]uint64),
	}
}

// announce runs before a batch is written.
func (h *cdcHub) announce(b *observedBatch) {
	if b.commitTS == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.subs {
		if sub.scanning == nil {
			continue
		}
		for _, c := range b.changes {
			if c.kind == changeCommit && within(c.key, sub.start, sub.end) {
				sub.scanning[versionKey{string(c.key), b.commitTS}] = struct{}{}
			}
		}
	}
}

// applied runs after a batch was written.
func (h *cdcHub) applied(b *observedBatch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows := make([]*cdcpb.Event_Row, 0, len(b.changes))
	for _, c := range b.changes {
		if row := h.track(b, c); row != nil {
			rows = append(rows, row)
		}
	}
	h.faults.shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for sub := range h.subs {
		var mine []*cdcpb.Event_Row
		for _, row := range rows {
			if sub.wants(row) {
				mine = append(mine, h.withOldValue(row))
			}
		}
		sub.send(mine)
	}
}

func (sub *subscription) wants(row *cdcpb.Event_Row) bool {
	return within(row.Key, sub.start, sub.end) && row.TxnSource>>8 == 0 && !(sub.filterLoop && row.TxnSource != 0)
}

// withOldValue adds what PREWRITE and COMMITTED carry.
func (h *cdcHub) withOldValue(row *cdcpb.Event_Row) *cdcpb.Event_Row {
	if row.OldValue == nil {
		switch row.Type {
		case cdcpb.Event_PREWRITE:
			row.OldValue = h.data.valueAt(row.Key, math.MaxUint64)
		case cdcpb.Event_COMMITTED:
			row.OldValue = h.data.valueAt(row.Key, row.CommitTs-1)
		}
	}
	return row
}

// track keeps the lock table and makes the row that a change sends, if any.
func (h *cdcHub) track(b *observedBatch, c change) *cdcpb.Event_Row {
	row := &cdcpb.Event_Row{Key: c.key, StartTs: b.startTS, TxnSource: b.txnSource, OpType: opType(c.op)}
	isData := row.OpType != cdcpb.Event_Row_UNKNOWN
	lock, locked := h.lockOf(b.startTS, c.key)
	if locked {
		row.TxnSource = lock.txnSource
	}
	c.value = h.data.oldRows.asWritten(c.key, c.value)
	switch c.kind {
	case changePrewrite:
		if !isData {
			return nil
		}
		h.hold(b.startTS, c.key, heldLock{c.op, c.value, b.txnSource, c.primary})
		row.Type, row.Value, row.TxnSource = cdcpb.Event_PREWRITE, c.value, b.txnSource
	case changeRewrite:
		if !isData || !locked {
			return nil
		}
		row.Type = cdcpb.Event_PREWRITE
		if len(c.value) <= shortValueMaxLen {
			row.Value = c.value
		} else if !h.faults.strikes(feedRewrite, site{}) {
			return nil
		}
	case changeCommit:
		h.release(b.startTS, c.key)
		if !isData {
			return nil
		}
		row.CommitTs = b.commitTS
		if row.TxnSource != 0 {
			h.sources[versionKey{string(c.key), b.commitTS}] = row.TxnSource
		}
		if !locked { // one-phase commit
			row.Type, row.Value = cdcpb.Event_COMMITTED, c.value
			break
		}
		row.Type = cdcpb.Event_COMMIT
		if len(c.value) <= shortValueMaxLen {
			row.Value = c.value
		}
	case changeRollback:
		h.release(b.startTS, c.key)
		row.Type, row.OpType = cdcpb.Event_ROLLBACK, cdcpb.Event_Row_UNKNOWN
		if lock.primary || b.protected {
			row.Value = []byte{'p'}
		}
	}
	return row
}

func opType(op kvrpcpb.Op) cdcpb.Event_Row_OpType {
	switch op {
	case kvrpcpb.Op_Put:
		return cdcpb.Event_Row_PUT
	case kvrpcpb.Op_Del:
		return cdcpb.Event_Row_DELETE
	default:
		return cdcpb.Event_Row_UNKNOWN
	}
}

func (h *cdcHub) lockOf(startTS uint64, key []byte) (heldLock, bool) {
	txn := h.held[startTS]
	if txn == nil {
		return heldLock{}, false
	}
	lock, ok := txn.locks[string(key)]
	return lock, ok
}

func (h *cdcHub) hold(startTS uint64, key []byte, lock heldLock) {
	txn := h.held[startTS]
	if txn == nil {
		txn = &heldTxn{startTS: startTS, locks: make(map[string]heldLock), least: string(key)}
		h.held[startTS] = txn
	}
	txn.locks[string(key)] = lock
	txn.least, txn.greatest = min(txn.least, string(key)), max(txn.greatest, string(key))
}

func (h *cdcHub) release(startTS uint64, key []byte) {
	if txn := h.held[startTS]; txn != nil {
		if delete(txn.locks, string(key)); len(txn.locks) == 0 {
			delete(h.held, startTS)
		}
	}
}

// touches tells whether the transaction has a lock in the range.
func (t *heldTxn) touches(start, end []byte) bool {
	if t.greatest < string(start) || len(end) > 0 && t.least >= string(end) {
		return false
	}
	for key := range t.locks {
		if within([]byte(key), start, end) {
			return true
		}
	}
	return false
}

// regionChanged ends the subscriptions of a region that changed.
func (h *cdcHub) regionChanged(c regionChange) {
	h.applying.Lock()
	defer h.applying.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.subs {
		if sub.regionID != c.old.Id {
			continue
		}
		switch {
		case c.kind == regionMoved:
			err := &errorpb.NotLeader{RegionId: c.old.Id}
			if h.faults.pick(2) == 0 { // TiKV does not always know the new one
				err.Leader = c.leader
			}
			h.stop(sub, &cdcpb.Error{NotLeader: err})
		case c.kind == regionMerged && h.faults.pick(3) == 0:
			h.stop(sub, &cdcpb.Error{RegionNotFound: &errorpb.RegionNotFound{RegionId: c.old.Id}})
		default: // a merge names no regions
			h.stop(sub, &cdcpb.Error{EpochNotMatch: &errorpb.EpochNotMatch{CurrentRegions: c.current}})
		}
	}
}

// stop needs h.mu. A nil error ends the subscription silently.
func (h *cdcHub) stop(sub *subscription, err *cdcpb.Error) {
	if sub.stopped.Swap(true) {
		return
	}
	delete(h.subs, sub)
	if err != nil {
		sub.conn.sendError(sub.regionID, sub.requestID, err)
	}
}

// send splits rows into events of bounded size.
func (sub *subscription) send(rows []*cdcpb.Event_Row) {
	if sub.stopped.Load() {
		return
	}
	for len(rows) > 0 {
		n, size := 0, 0
		for n < len(rows) && n < maxEventRows && (n == 0 || size < maxEventBytes) {
			size += len(rows[n].Key) + len(rows[n].Value) + len(rows[n].OldValue)
			n++
		}
		sub.conn.push(&cdcpb.Event{
			RegionId:  sub.regionID,
			RequestId: sub.requestID,
			Event:     &cdcpb.Event_Entries_{Entries: &cdcpb.Event_Entries{Entries: rows[:n:n]}},
		})
		rows = rows[n:]
	}
}

// counts is the hub's part of the statistics.
func (h *cdcHub) counts() (subscriptions, locks int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, txn := range h.held {
		locks += len(txn.locks)
	}
	return len(h.subs), locks
}

func compareRows(a, b *cdcpb.Event_Row) int { return bytes.Compare(a.Key, b.Key) }
