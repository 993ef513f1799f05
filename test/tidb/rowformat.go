package main

import (
	"bytes"
	"sync"

	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/tidb/pkg/util/rowcodec"
)

// oldRows keeps rows as they were written where unistore stores something else:
// it turns rows of format v1, in which TiDB writes a few of its own tables
// (mysql.tidb_ddl_job above all), into v2 for its coprocessor. TiKV stores what
// it is given, so reads and the feed get the original back. Which original
// belongs to what is stored is told by the stored bytes themselves: a read may
// come from a version or, through the lock of a committed transaction, from there.
type oldRows struct {
	mu   sync.RWMutex
	rows map[string][]*oldRow // by raw key, newest last
}

type oldRow struct {
	startTS           uint64
	original, written []byte
}

// oldRowsPerKey bounds what is kept of a key.
const oldRowsPerKey = 64

func newOldRows() *oldRows { return &oldRows{rows: make(map[string][]*oldRow)} }

// note keeps the old rows of a prewrite.
func (o *oldRows) note(req *kvrpcpb.PrewriteRequest) {
	for _, m := range req.Mutations {
		isPut := m.Op == kvrpcpb.Op_Put || m.Op == kvrpcpb.Op_Insert
		if !isPut || !rowcodec.IsRowKey(m.Key) || rowcodec.IsNewFormat(m.Value) {
			continue
		}
		o.mu.Lock()
		rows := o.rows[string(m.Key)]
		o.rows[string(m.Key)] = append(rows[max(0, len(rows)-oldRowsPerKey):], &oldRow{startTS: req.StartVersion, original: m.Value})
		o.mu.Unlock()
	}
}

// learn sees what is about to be stored of them.
func (o *oldRows) learn(b *observedBatch) {
	for _, c := range b.changes {
		if c.kind == changeRollback || len(c.value) == 0 || !o.has(c.key) {
			continue
		}
		o.mu.Lock()
		for _, row := range o.rows[string(c.key)] {
			if row.startTS == b.startTS {
				row.written = c.value
			}
		}
		o.mu.Unlock()
	}
}

// asWritten is the row that was written, for what is stored of it.
func (o *oldRows) asWritten(key, stored []byte) []byte {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, row := range o.rows[string(key)] {
		if len(stored) > 0 && bytes.Equal(row.written, stored) {
			return row.original
		}
	}
	return stored
}

func (o *oldRows) has(key []byte) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.rows[string(key)] != nil
}

// readBack gives pairs that were read the form they were written in.
func (o *oldRows) readBack(pairs []*kvrpcpb.KvPair) {
	for _, pair := range pairs {
		pair.Value = o.asWritten(pair.Key, pair.Value)
	}
}
