package main

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/cdcpb"
	"github.com/pingcap/kvproto/pkg/errorpb"
)

// pace is how often resolved timestamps are sent (cdc.min-ts-interval), and
// whether they are at all.
type pace struct {
	mu          sync.Mutex
	interval    time.Duration
	pausedUntil time.Time
	changed     chan struct{}
}

func newPace(interval time.Duration) *pace {
	return &pace{interval: interval, changed: make(chan struct{}, 1)}
}

func (p *pace) get() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.interval
}

func (p *pace) set(interval time.Duration) {
	p.mu.Lock()
	p.interval = max(interval, time.Millisecond)
	p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (p *pace) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pausedUntil = time.Now().Add(d)
}

func (p *pace) paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.pausedUntil)
}

// run sends resolved timestamps until ctx ends.
func (h *cdcHub) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.pace.changed:
			continue
		case <-time.After(h.pace.get()):
		}
		if !h.pace.paused() {
			h.resolve()
		}
	}
}

// resolve is one tick.
func (h *cdcHub) resolve() {
	ts := h.oracle.next()
	h.fence.wait()
	h.applying.Lock()
	defer h.applying.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	oldest := h.oldestFirst()
	resolved := make(map[*cdcConn][]resolvedRegion)
	for sub := range h.subs {
		if !sub.initialized || h.disturb(sub) {
			continue
		}
		sub.resolved = max(sub.resolved, least(oldest, sub.start, sub.end, ts))
		resolved[sub.conn] = append(resolved[sub.conn], resolvedRegion{sub.regionID, sub.requestID, sub.resolved})
	}
	for conn, regions := range resolved {
		conn.sendResolved(regions)
	}
}

// oldestFirst is the transactions with prewritten locks. Needs h.mu.
func (h *cdcHub) oldestFirst() []*heldTxn {
	txns := make([]*heldTxn, 0, len(h.held))
	for _, txn := range h.held {
		txns = append(txns, txn)
	}
	slices.SortFunc(txns, func(a, b *heldTxn) int { return cmp.Compare(a.startTS, b.startTS) })
	return txns
}

// least is the start ts of the oldest transaction with a lock in the range, or ts.
func least(oldest []*heldTxn, start, end []byte, ts uint64) uint64 {
	for _, txn := range oldest {
		if txn.startTS >= ts {
			break
		}
		if txn.touches(start, end) {
			return txn.startTS
		}
	}
	return ts
}

// safeTS is what TiKV reports as the store's safe timestamp for stale reads.
func (h *cdcHub) safeTS() uint64 {
	ts := h.oracle.next()
	h.fence.wait()
	h.applying.Lock()
	defer h.applying.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	return least(h.oldestFirst(), nil, nil, ts)
}

// disturb strikes with the faults of a tick and tells whether it ended the
// subscription. Needs h.mu.
func (h *cdcHub) disturb(sub *subscription) bool {
	if h.faults.strikes(feedStrayRollback, site{}) {
		row := &cdcpb.Event_Row{Type: cdcpb.Event_ROLLBACK, Key: slices.Clone(sub.start), StartTs: h.oracle.next() - uint64(h.faults.pick(1<<20))}
		if h.faults.pick(2) == 0 {
			row.Value = []byte{'p'}
		}
		sub.send([]*cdcpb.Event_Row{row})
	}
	if h.faults.strikes(feedRewrite, site{}) {
		h.rewriteOne(sub)
	}
	if h.faults.strikes(feedStop, site{}) {
		h.stop(sub, h.someError(sub.region))
		return true
	}
	return false
}

// rewriteOne sends PREWRITE again for some lock of the range, as TiKV does for
// a heartbeat: the older ones without the value if it is long.
func (h *cdcHub) rewriteOne(sub *subscription) {
	for _, txn := range h.held {
		if !txn.touches(sub.start, sub.end) {
			continue
		}
		for key, lock := range txn.locks {
			row := &cdcpb.Event_Row{Type: cdcpb.Event_PREWRITE, OpType: opType(lock.op), Key: []byte(key), StartTs: txn.startTS, TxnSource: lock.txnSource}
			if len(lock.value) <= shortValueMaxLen {
				row.Value = lock.value
			}
			if sub.wants(row) {
				sub.send([]*cdcpb.Event_Row{h.withOldValue(row)})
				return
			}
		}
	}
}

// someError is any error that may end a running subscription.
func (h *cdcHub) someError(r *region) *cdcpb.Error {
	switch h.faults.pick(6) {
	case 0:
		return &cdcpb.Error{Congested: &cdcpb.Congested{RegionId: r.meta.Id}}
	case 1:
		return &cdcpb.Error{ServerIsBusy: &errorpb.ServerIsBusy{Reason: "rig", BackoffMs: 20}}
	case 2:
		return &cdcpb.Error{NotLeader: &errorpb.NotLeader{RegionId: r.meta.Id}}
	case 3:
		return &cdcpb.Error{RegionNotFound: &errorpb.RegionNotFound{RegionId: r.meta.Id}}
	case 4:
		return &cdcpb.Error{EpochNotMatch: &errorpb.EpochNotMatch{}}
	default:
		return &cdcpb.Error{}
	}
}

type resolvedRegion struct{ regionID, requestID, ts uint64 }

// sendResolved sends one tick's timestamps of a stream in the form that its
// features and the client's version call for.
func (c *cdcConn) sendResolved(regions []resolvedRegion) {
	if !c.batched {
		if c.multiplexed {
			return // TiKV has no form for this client: silence
		}
		for _, r := range regions {
			c.push(&cdcpb.Event{RegionId: r.regionID, RequestId: r.requestID, Event: &cdcpb.Event_ResolvedTs{ResolvedTs: r.ts}})
		}
		return
	}
	byRequest := make(map[uint64][]resolvedRegion)
	for _, r := range regions {
		if !c.multiplexed {
			r.requestID = 0
		}
		byRequest[r.requestID] = append(byRequest[r.requestID], r)
	}
	for requestID, regions := range byRequest {
		slices.SortFunc(regions, func(a, b resolvedRegion) int { return cmp.Compare(a.ts, b.ts) })
		if c.hub.faults.strikes(feedZeroResolved, site{}) {
			c.pushResolved(requestID, 0, regions)
		}
		// TiKV sends the slowest eight regions with the least ts of theirs, then
		// the next 32 …, so that a region may be told less than it was before.
		grouped := c.hub.faults.strikes(feedGroupedResolved, site{})
		for size := 8; len(regions) > 0; size *= 4 {
			n := min(size, len(regions))
			if !grouped {
				for n = 1; n < len(regions) && regions[n].ts == regions[0].ts; n++ {
				}
			}
			c.pushResolved(requestID, regions[0].ts, regions[:n])
			regions = regions[n:]
		}
	}
}

func (c *cdcConn) pushResolved(requestID, ts uint64, regions []resolvedRegion) {
	ids := make([]uint64, len(regions))
	for i, r := range regions {
		ids[i] = r.regionID
	}
	slices.Sort(ids)
	c.pushMessage(&cdcpb.ChangeDataEvent{ResolvedTs: &cdcpb.ResolvedTs{Regions: ids, Ts: ts, RequestId: requestID}})
}
