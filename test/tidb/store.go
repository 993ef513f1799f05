package main

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"

	"github.com/pingcap/badger"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	usconf "github.com/pingcap/tidb/pkg/store/mockstore/unistore/config"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/lockstore"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/mvcc"
)

// dataStore is the data of all stores: unistore's MVCC over badger, and the
// records that unistore does not keep.
type dataStore struct {
	server  *tikv.Server
	mvcc    *tikv.MVCCStore
	bundle  *mvcc.DBBundle
	records *recordLog
	oldRows *oldRows
}

// openStore assembles unistore by hand, from the same parts as its NewMock,
// so that the rig's own region manager, timestamp oracle and write observer
// take their places in it. Its data lives in memory and in dir, and is not
// meant to outlive the process.
func openStore(dir string, rm *regionManager, pd *storePD, hub *cdcHub) (*dataStore, error) {
	safePoint := &tikv.SafePoint{}
	opts := badger.DefaultOptions
	opts.ManagedTxns = true
	opts.Dir = filepath.Join(dir, "kv")
	opts.ValueDir = opts.Dir
	opts.ValueThreshold = 0
	opts.MaxMemTableSize = 32 << 20
	opts.NumCompactors = 1
	opts.SyncWrites = false
	opts.VolatileMode = true
	opts.CompactL0WhenClose = false
	opts.CompactionFilterFactory = safePoint.CreateCompactionFilter
	if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return nil, err
	}
	db, err := badger.Open(opts)
	if err != nil {
		return nil, err
	}
	d := &dataStore{
		bundle:  &mvcc.DBBundle{DB: db, LockStore: lockstore.NewMemStore(8 << 20), StateTS: pd.oracle.next()},
		records: newRecordLog(), oldRows: newOldRows(),
	}
	conf := usconf.DefaultConf
	conf.Engine.DBPath = dir
	conf.Server.Raft = false

	hub.data = d
	writer := &observedWriter{DBWriter: tikv.NewDBWriter(d.bundle), hub: hub, records: d.records}
	d.mvcc = tikv.NewMVCCStore(&conf, d.bundle, dir, safePoint, writer, pd)
	d.mvcc.DeadlockDetectSvr.ChangeRole(tikv.Leader)
	d.mvcc.StartDeadlockDetection(false)
	d.server = tikv.NewServer(rm, d.mvcc, tikv.NewStandAlongInnerServer(d.bundle))
	return d, nil
}

// observedWriter is unistore's write path with the CDC hub looking on. Every
// change of locks and data goes through it, whichever RPC caused it (prewrite,
// commit, one-phase commit, lock resolution, rollback by status check …), so
// it is this rig's equivalent of TiKV's raft-apply observer.
type observedWriter struct {
	mvcc.DBWriter
	hub     *cdcHub
	records *recordLog
}

// observedBatch remembers what goes into a write batch.
type observedBatch struct {
	mvcc.WriteBatch
	startTS, commitTS uint64
	txnSource         uint64
	protected         bool
	changes           []change
}

type changeKind int

const (
	changePrewrite changeKind = iota
	changeRewrite             // of a prewritten lock, by a heartbeat or a pushed min_commit_ts
	changeCommit
	changeRollback
)

type change struct {
	kind    changeKind
	key     []byte // raw
	op      kvrpcpb.Op
	value   []byte
	primary bool // the key is its transaction's primary
}

func (w *observedWriter) NewWriteBatch(startTS, commitTS uint64, ctx *kvrpcpb.Context) mvcc.WriteBatch {
	_, protected := w.hub.protecting.Load(ctx)
	return &observedBatch{
		WriteBatch: w.DBWriter.NewWriteBatch(startTS, commitTS, ctx),
		startTS:    startTS,
		commitTS:   commitTS,
		txnSource:  ctx.GetTxnSource(),
		protected:  protected,
	}
}

func (b *observedBatch) note(kind changeKind, key []byte, lock *mvcc.Lock) {
	b.changes = append(b.changes, change{kind, key, kvrpcpb.Op(lock.Op), lock.Value, bytes.Equal(key, lock.Primary)})
}

func (b *observedBatch) Prewrite(key []byte, lock *mvcc.Lock) {
	b.note(changePrewrite, key, lock)
	b.WriteBatch.Prewrite(key, lock)
}

// PessimisticLock also rewrites locks that are prewritten already.
func (b *observedBatch) PessimisticLock(key []byte, lock *mvcc.Lock) {
	b.note(changeRewrite, key, lock)
	b.WriteBatch.PessimisticLock(key, lock)
}

func (b *observedBatch) Commit(key []byte, lock *mvcc.Lock) {
	b.note(changeCommit, key, lock)
	if lock.Op == uint8(kvrpcpb.Op_Lock) {
		// unistore records the commit of a Lock only on the primary, so that nobody
		// could tell afterwards that a secondary was committed.
		own := *lock
		own.Primary = key
		lock = &own
	}
	b.WriteBatch.Commit(key, lock)
}

func (b *observedBatch) Rollback(key []byte, deleteLock bool) {
	b.changes = append(b.changes, change{kind: changeRollback, key: key})
	b.WriteBatch.Rollback(key, deleteLock)
}

// Write runs under the latches of the batch's keys.
func (w *observedWriter) Write(batch mvcc.WriteBatch) error {
	b := batch.(*observedBatch)
	w.hub.applying.RLock()
	defer w.hub.applying.RUnlock()
	w.hub.data.oldRows.learn(b)
	w.hub.announce(b)
	if err := w.DBWriter.Write(b.WriteBatch); err != nil {
		return err
	}
	w.records.note(b)
	w.hub.applied(b)
	return nil
}

// writeFence closes a hole in unistore: it picks the commit timestamp of an
// async-commit or one-phase-commit prewrite first and writes its locks or rows
// a moment later (TiKV has in-memory locks for that moment). A snapshot read,
// or a resolved timestamp, taken in between would miss a commit that lies
// before it. Such prewrites hold the fence shared; readers and the resolver
// wait until those already under way have been written.
type writeFence struct{ mu sync.RWMutex }

func (f *writeFence) enter() { f.mu.RLock() }
func (f *writeFence) leave() { f.mu.RUnlock() }
func (f *writeFence) wait()  { f.mu.Lock(); f.mu.Unlock() } //nolint:staticcheck // a barrier
