package main

import (
	"math"
	"slices"
	"sync"

	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/dbreader"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/mvcc"
)

// recordLog keeps per key the write records without a value: of committed
// Lock mutations, and of rollbacks. In TiKV they are versions of the key like
// Put and Delete and conflict with writers that began before them; unistore
// keeps them elsewhere, and its conflict check does not look there.
type recordLog struct {
	mu   sync.RWMutex
	keys map[string][]writeRecord // oldest first
}

type writeRecord struct {
	startTS  uint64
	commitTS uint64 // of a rollback: 0
}

// ts is where the record stands among the key's versions.
func (r writeRecord) ts() uint64 { return max(r.startTS, r.commitTS) }

// recordsPerKey bounds the log; what is forgotten is too old to matter to a test.
const recordsPerKey = 4096

func newRecordLog() *recordLog { return &recordLog{keys: make(map[string][]writeRecord)} }

func (l *recordLog) note(b *observedBatch) {
	for _, c := range b.changes {
		record := writeRecord{startTS: b.startTS}
		switch {
		case c.kind == changeRollback:
		case c.kind == changeCommit && c.op == kvrpcpb.Op_Lock:
			record.commitTS = b.commitTS
		default:
			continue
		}
		l.mu.Lock()
		records := l.keys[string(c.key)]
		if !slices.Contains(records, record) {
			if len(records) >= recordsPerKey {
				records = records[1:]
			}
			l.keys[string(c.key)] = append(records, record)
		}
		l.mu.Unlock()
	}
}

// of is what is recorded of a transaction on a key.
func (l *recordLog) of(key []byte, startTS uint64) (writeRecord, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, r := range l.keys[string(key)] {
		if r.startTS == startTS {
			return r, true
		}
	}
	return writeRecord{}, false
}

// after is the newest record beyond ts, if any.
func (l *recordLog) after(key []byte, ts uint64) (newest writeRecord, found bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, r := range l.keys[string(key)] {
		if r.ts() > ts && r.ts() > newest.ts() {
			newest, found = r, true
		}
	}
	return newest, found
}

// committed is when a transaction was committed on a key; 0 if it was not.
func (d *dataStore) committed(key []byte, startTS uint64) uint64 {
	if r, ok := d.records.of(key, startTS); ok {
		return r.commitTS
	}
	txn := d.bundle.DB.NewTransaction(false)
	defer txn.Discard()
	txn.SetReadTS(math.MaxUint64)
	it := dbreader.NewIterator(txn, false, key, append(slices.Clone(key), 0))
	defer it.Close()
	it.SetAllVersions(true)
	for it.Seek(key); it.Valid() && string(it.Item().Key()) == string(key); it.Next() {
		meta := mvcc.DBUserMeta(it.Item().UserMeta())
		if len(meta) == 16 && meta.StartTS() == startTS {
			return meta.CommitTS()
		}
		if len(meta) == 16 && meta.CommitTS() < startTS {
			break
		}
	}
	return 0
}

// lock is the lock on a key, nil if there is none.
func (d *dataStore) lock(key []byte) *mvcc.Lock {
	data := d.bundle.LockStore.Get(key, nil)
	if len(data) == 0 {
		return nil
	}
	lock := mvcc.DecodeLock(data)
	return &lock
}

// valueAt is the committed value of a key as of ts, nil if there is none.
func (d *dataStore) valueAt(key []byte, ts uint64) []byte {
	txn := d.bundle.DB.NewTransaction(false)
	defer txn.Discard()
	txn.SetReadTS(ts)
	item, err := txn.Get(key)
	if err != nil || item == nil {
		return nil
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil
	}
	return d.oldRows.asWritten(key, value)
}
