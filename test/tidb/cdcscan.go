package main

import (
	"bytes"
	"slices"
	"time"

	"github.com/pingcap/badger"
	"github.com/pingcap/kvproto/pkg/cdcpb"
	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/dbreader"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/mvcc"
)

// subscribe starts watching and scans what the checkpoint has not seen.
func (h *cdcHub) subscribe(sub *subscription) {
	scan, ok := h.begin(sub)
	if !ok {
		return
	}
	if h.faults.strikes(feedLateScan, site{}) {
		time.Sleep(h.faults.delay())
	}
	scan.run()

	h.mu.Lock()
	defer h.mu.Unlock()
	sub.scanning = nil
	if !sub.stopped.Load() {
		sub.initialized = true
		sub.send(scan.ending())
	}
}

// begin puts the subscription among the others and takes the locks of that
// very moment, which no batch can be in the middle of.
func (h *cdcHub) begin(sub *subscription) (*incrementalScan, bool) {
	h.applying.Lock()
	defer h.applying.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.regions.byID(sub.regionID); now != sub.region {
		// It changed since the request was checked: let the client look again.
		sub.stopped.Store(true)
		sub.conn.sendError(sub.regionID, sub.requestID, &cdcpb.Error{EpochNotMatch: &errorpb.EpochNotMatch{}})
		return nil, false
	}
	sub.scanning = make(map[versionKey]struct{})
	h.subs[sub] = struct{}{}
	scan := &incrementalScan{
		hub: h, sub: sub, safePoint: h.gc.safePoint(),
		twice: h.faults.strikes(feedDuplicate, site{}), stale: h.faults.strikes(feedStaleRow, site{}),
	}
	for _, txn := range h.held {
		if !txn.touches(sub.start, sub.end) {
			continue
		}
		for key, lock := range txn.locks {
			row := &cdcpb.Event_Row{
				Type: cdcpb.Event_PREWRITE, OpType: opType(lock.op),
				Key: []byte(key), StartTs: txn.startTS, Value: lock.value, TxnSource: lock.txnSource,
			}
			if sub.wants(row) {
				scan.locks = append(scan.locks, h.withOldValue(row))
			}
		}
	}
	slices.SortFunc(scan.locks, compareRows)
	return scan, true
}

// incrementalScan reads the versions of a subscription's range that are newer
// than its checkpoint and were there when it began.
type incrementalScan struct {
	hub       *cdcHub
	sub       *subscription
	safePoint uint64
	locks     []*cdcpb.Event_Row // not yet sent, by key
	rows      []*cdcpb.Event_Row // not yet sent
	// newer is the row of the same key just above, waiting for its old value.
	newer *cdcpb.Event_Row
	// collected says that what follows of the present key is gone by GC.
	key       []byte
	collected bool
	// Faults.
	twice, stale bool
	oldRows      []*cdcpb.Event_Row // some versions that the checkpoint has seen
}

const scanBatch = 1024

// run sends newest versions first per key, a key's lock before them.
func (s *incrementalScan) run() {
	txn := s.hub.data.bundle.DB.NewTransaction(false)
	defer txn.Discard()
	end := s.sub.end
	if len(end) == 0 {
		end = []byte{0xff} // unistore keeps records of its own from there on
	}
	it := dbreader.NewIterator(txn, false, s.sub.start, end)
	defer it.Close()
	it.SetAllVersions(true)
	for it.Seek(s.sub.start); it.Valid() && !s.sub.stopped.Load(); it.Next() {
		if bytes.Compare(it.Item().Key(), end) >= 0 {
			break
		}
		s.take(it.Item())
		if last := len(s.rows) - 1; last >= scanBatch {
			s.sendStale()
			s.sub.send(s.rows[:last])
			s.rows = slices.Clone(s.rows[last:]) // it may still get its old value
		}
	}
	s.locksUpTo(nil)
	s.sendStale()
}

func (s *incrementalScan) take(item *badger.Item) {
	key, meta := item.Key(), mvcc.DBUserMeta(item.UserMeta())
	if len(meta) < 16 || isExtraKey(key) {
		return
	}
	if !bytes.Equal(key, s.key) {
		s.key, s.newer, s.collected = bytes.Clone(key), nil, false
		s.locksUpTo(s.key)
	}
	value, err := item.ValueCopy(nil)
	if err != nil || s.collected {
		return
	}
	if meta.CommitTS() <= s.safePoint {
		// GC keeps the newest version below the safe point, and not even that of
		// a deletion. Whoever asks for older ones gets nothing, without a word.
		if s.collected = true; len(value) == 0 {
			return
		}
	}
	value = s.hub.data.oldRows.asWritten(key, value)
	if s.newer != nil {
		s.newer.OldValue, s.newer = value, nil
	}
	row := &cdcpb.Event_Row{
		Type: cdcpb.Event_COMMITTED, OpType: cdcpb.Event_Row_PUT,
		Key: s.key, Value: value, StartTs: meta.StartTS(), CommitTs: meta.CommitTS(),
	}
	if len(value) == 0 {
		row.OpType = cdcpb.Event_Row_DELETE
	}
	if row.CommitTs <= s.sub.checkpoint {
		if s.stale && len(s.oldRows) < 4 {
			s.oldRows = append(s.oldRows, row)
		}
		return
	}
	if s.leavesOut(row) {
		return
	}
	s.newer = row
	s.rows = append(s.rows, row)
}

// leavesOut tells whether the row goes out live, or not at all.
func (s *incrementalScan) leavesOut(row *cdcpb.Event_Row) bool {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	version := versionKey{string(row.Key), row.CommitTs}
	row.TxnSource = s.hub.sources[version]
	_, live := s.sub.scanning[version]
	return live && !s.twice || !s.sub.wants(row)
}

// locksUpTo moves the locks on keys up to key (nil: all) to the rows.
func (s *incrementalScan) locksUpTo(key []byte) {
	n := 0
	for n < len(s.locks) && (key == nil || bytes.Compare(s.locks[n].Key, key) <= 0) {
		n++
	}
	s.rows = append(s.rows, s.locks[:n]...)
	s.locks = s.locks[n:]
}

// sendStale sends, as if they had just been committed, versions that the
// checkpoint has seen.
func (s *incrementalScan) sendStale() {
	for _, row := range s.oldRows {
		if s.hub.faults.pick(2) == 0 {
			s.sub.send([]*cdcpb.Event_Row{row})
			continue
		}
		prewrite, commit := *row, *row
		prewrite.Type, prewrite.CommitTs = cdcpb.Event_PREWRITE, 0
		if commit.Type = cdcpb.Event_COMMIT; len(row.Value) > shortValueMaxLen {
			commit.Value = nil
		}
		s.sub.send([]*cdcpb.Event_Row{&prewrite})
		s.sub.send([]*cdcpb.Event_Row{&commit})
	}
	s.oldRows, s.stale = nil, false
}

// ending is the last rows and INITIALIZED, perhaps with some rows again on both sides.
func (s *incrementalScan) ending() []*cdcpb.Event_Row {
	initialized := &cdcpb.Event_Row{Type: cdcpb.Event_INITIALIZED}
	if !s.twice {
		return append(s.rows, initialized)
	}
	var again []*cdcpb.Event_Row
	for _, row := range s.rows[max(0, len(s.rows)-8):] {
		if row.Type == cdcpb.Event_COMMITTED {
			again = append(again, row)
		}
	}
	rows := append(slices.Clone(s.rows), again...)
	return append(append(rows, initialized), again...)
}

// isExtraKey tells unistore's rollback and lock-only records ('n' for 'm' keys,
// 'u' for 't' keys) from data.
func isExtraKey(key []byte) bool { return key[0] == 'n' || key[0] == 'u' }
