package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/mvcc"
)

// The transaction commands, where unistore's answers differ from TiKV's:
//   - a repeated prewrite or commit is answered as done, also for Lock
//     mutations, for one-phase and async commit, and after the commit (unistore
//     calls some of them conflicts, and takes a batch for done if one key is);
//   - records of Lock mutations and rollbacks conflict with older writers;
//   - a prewrite after the transaction's own rollback is a typed conflict,
//     SelfRolledBack, on every key; a late commit is TxnLockNotFound, as text;
//   - a committed transaction is never rolled back.

const (
	maxKeySize   = 8 << 10
	maxEntrySize = 8 << 20 // a write command becomes one raft entry
)

// txnLatches keep the check of a transaction's state and the act upon it
// together: rollbacks hold the slot of their start timestamp exclusively,
// prewrites and commits (which check by themselves) share it.
type txnLatches [256]sync.RWMutex

func (l *txnLatches) of(startTS uint64) *sync.RWMutex {
	return &l[(startTS^startTS>>18)%uint64(len(l))]
}

// mvccError is the text that TiKV makes of its innermost errors.
func mvccError(format string, args ...any) string {
	return "Error(Txn(Error(Mvcc(Error(" + fmt.Sprintf(format, args...) + ")))))"
}

// rustBytes prints a key as Rust prints a Vec<u8>.
func rustBytes(key []byte) string {
	return strings.ReplaceAll(fmt.Sprint(key), " ", ", ")
}

func committedError(startTS, commitTS uint64, key []byte) *kvrpcpb.KeyError {
	return &kvrpcpb.KeyError{Abort: mvccError("Committed { start_ts: TimeStamp(%d), commit_ts: TimeStamp(%d), key: %s }", startTS, commitTS, rustBytes(key))}
}

func (s *kvService) KvPrewrite(ctx context.Context, req *kvrpcpb.PrewriteRequest) (*kvrpcpb.PrewriteResponse, error) {
	if err := s.regionError(req.Context, keysOf(req.Mutations)...); err != nil {
		return &kvrpcpb.PrewriteResponse{RegionError: err}, nil
	}
	size := 0
	for _, m := range req.Mutations {
		if len(m.Key) > maxKeySize {
			text := fmt.Sprintf("Error(KeyTooLarge { size: %d, limit: %d })", len(m.Key), maxKeySize)
			return &kvrpcpb.PrewriteResponse{Errors: []*kvrpcpb.KeyError{{Abort: text}}}, nil
		}
		size += len(m.Key) + len(m.Value)
	}
	if size > maxEntrySize {
		return &kvrpcpb.PrewriteResponse{RegionError: &errorpb.Error{
			Message:           fmt.Sprintf("raft entry is too large, region %d, entry size %d", req.Context.GetRegionId(), size),
			RaftEntryTooLarge: &errorpb.RaftEntryTooLarge{RegionId: req.Context.GetRegionId(), EntrySize: uint64(size)},
		}}, nil
	}
	latch := s.txns.of(req.StartVersion)
	latch.RLock()
	defer latch.RUnlock()
	if conflict := s.recordConflict(req); conflict != nil {
		return &kvrpcpb.PrewriteResponse{Errors: []*kvrpcpb.KeyError{conflict}}, nil
	}
	locks := s.leaveOutPrewritten(req)
	if len(req.Mutations) == 0 {
		return &kvrpcpb.PrewriteResponse{MinCommitTs: asyncMinCommitTS(locks)}, nil
	}
	if missing := s.missingPessimisticLock(req); missing != nil {
		if commitTS := s.committedAlready(req); commitTS > 0 {
			return doneAlready(req, commitTS), nil
		}
		return &kvrpcpb.PrewriteResponse{Errors: []*kvrpcpb.KeyError{missing}}, nil
	}
	if req.UseAsyncCommit || req.TryOnePc {
		s.fence.enter()
		defer s.fence.leave()
	}
	resp, err := s.Server.KvPrewrite(ctx, req)
	if err == nil && len(resp.Errors) > 0 {
		if commitTS := s.committedAlready(req); commitTS > 0 {
			return doneAlready(req, commitTS), nil
		}
	}
	return resp, err
}

// doneAlready answers the prewrite of a transaction that is committed.
func doneAlready(req *kvrpcpb.PrewriteRequest, commitTS uint64) *kvrpcpb.PrewriteResponse {
	resp := &kvrpcpb.PrewriteResponse{}
	switch {
	case req.TryOnePc:
		resp.OnePcCommitTs = commitTS
	case req.UseAsyncCommit:
		resp.MinCommitTs = commitTS
	}
	return resp
}

// recordConflict looks for rollbacks of an optimistic transaction, and for
// records younger than it. (A pessimistic one has its locks to look at.)
func (s *kvService) recordConflict(req *kvrpcpb.PrewriteRequest) *kvrpcpb.KeyError {
	if req.ForUpdateTs > 0 {
		return nil
	}
	conflict := func(key []byte, with writeRecord, reason kvrpcpb.WriteConflict_Reason) *kvrpcpb.KeyError {
		return &kvrpcpb.KeyError{Conflict: &kvrpcpb.WriteConflict{
			StartTs: req.StartVersion, ConflictTs: with.startTS, ConflictCommitTs: with.ts(),
			Key: key, Primary: req.PrimaryLock, Reason: reason,
		}}
	}
	for _, m := range req.Mutations {
		own, ok := s.data.records.of(m.Key, req.StartVersion)
		if ok && own.commitTS == 0 && m.Op != kvrpcpb.Op_CheckNotExists {
			return conflict(m.Key, own, kvrpcpb.WriteConflict_SelfRolledBack)
		}
		if ok {
			continue
		}
		if newer, found := s.data.records.after(m.Key, req.StartVersion); found && s.data.committed(m.Key, req.StartVersion) == 0 {
			if lock := s.data.lock(m.Key); lock == nil || lock.StartTS != req.StartVersion {
				return conflict(m.Key, newer, kvrpcpb.WriteConflict_Optimistic)
			}
		}
	}
	return nil
}

// leaveOutPrewritten takes the mutations out of a request that an earlier
// sending of it has prewritten already, and returns their locks.
func (s *kvService) leaveOutPrewritten(req *kvrpcpb.PrewriteRequest) (locks []*mvcc.Lock) {
	var left []int
	for i, m := range req.Mutations {
		lock := s.data.lock(m.Key)
		if lock != nil && lock.StartTS == req.StartVersion && lock.Op != uint8(kvrpcpb.Op_PessimisticLock) {
			locks = append(locks, lock)
		} else {
			left = append(left, i)
		}
	}
	if len(locks) == 0 {
		return nil
	}
	mutations, actions := req.Mutations, req.PessimisticActions
	constraints := req.ForUpdateTsConstraints
	req.Mutations, req.PessimisticActions, req.ForUpdateTsConstraints = nil, nil, nil
	for now, was := range left {
		req.Mutations = append(req.Mutations, mutations[was])
		if len(actions) > 0 {
			req.PessimisticActions = append(req.PessimisticActions, actions[was])
		}
		for _, c := range constraints {
			if int(c.Index) == was {
				c.Index = uint32(now)
				req.ForUpdateTsConstraints = append(req.ForUpdateTsConstraints, c)
			}
		}
	}
	return locks
}

// missingPessimisticLock is what is wrong if a lock that the client believes to
// hold is gone (unistore looks into it all the same).
func (s *kvService) missingPessimisticLock(req *kvrpcpb.PrewriteRequest) *kvrpcpb.KeyError {
	for i, action := range req.PessimisticActions {
		if action != kvrpcpb.PrewriteRequest_DO_PESSIMISTIC_CHECK {
			continue
		}
		key := req.Mutations[i].Key
		if lock := s.data.lock(key); lock == nil || lock.StartTS != req.StartVersion {
			return &kvrpcpb.KeyError{Abort: mvccError("PessimisticLockNotFound { start_ts: TimeStamp(%d), key: %s, reason: LockMissingAmendFail }", req.StartVersion, rustBytes(key))}
		}
	}
	return nil
}

func asyncMinCommitTS(locks []*mvcc.Lock) (ts uint64) {
	for _, lock := range locks {
		if !lock.UseAsyncCommit {
			return 0
		}
		ts = max(ts, lock.MinCommitTS)
	}
	return ts
}

// committedAlready is when a prewrite's transaction was committed, 0 if not.
func (s *kvService) committedAlready(req *kvrpcpb.PrewriteRequest) uint64 {
	for _, m := range req.Mutations {
		if m.Op == kvrpcpb.Op_CheckNotExists {
			continue
		}
		if ts := s.data.committed(m.Key, req.StartVersion); ts > 0 {
			return ts
		}
	}
	return 0
}

func (s *kvService) KvCommit(ctx context.Context, req *kvrpcpb.CommitRequest) (*kvrpcpb.CommitResponse, error) {
	if err := s.regionError(req.Context, req.Keys...); err != nil {
		return &kvrpcpb.CommitResponse{RegionError: err}, nil
	}
	if req.CommitVersion <= req.StartVersion {
		text := fmt.Sprintf("Error(Txn(Error(InvalidTxnTso { start_ts: TimeStamp(%d), commit_ts: TimeStamp(%d) })))", req.StartVersion, req.CommitVersion)
		return &kvrpcpb.CommitResponse{Error: &kvrpcpb.KeyError{Abort: text}}, nil
	}
	latch := s.txns.of(req.StartVersion)
	latch.RLock()
	defer latch.RUnlock()
	resp, err := s.Server.KvCommit(ctx, req)
	if err != nil || resp.Error.GetRetryable() == "" {
		return resp, err
	}
	// unistore missed a lock. Which keys are committed already (at whatever timestamp)?
	var open [][]byte
	for _, key := range req.Keys {
		if lock := s.data.lock(key); lock != nil && lock.StartTS == req.StartVersion {
			open = append(open, key)
		} else if s.data.committed(key, req.StartVersion) == 0 {
			return &kvrpcpb.CommitResponse{Error: &kvrpcpb.KeyError{Retryable: mvccError(
				"TxnLockNotFound { start_ts: TimeStamp(%d), commit_ts: TimeStamp(%d), key: %s }",
				req.StartVersion, req.CommitVersion, rustBytes(key))}}, nil
		}
	}
	if len(open) == 0 {
		return &kvrpcpb.CommitResponse{}, nil
	}
	req.Keys = open
	return s.Server.KvCommit(ctx, req)
}

func (s *kvService) KvBatchRollback(ctx context.Context, req *kvrpcpb.BatchRollbackRequest) (*kvrpcpb.BatchRollbackResponse, error) {
	if err := s.regionError(req.Context, req.Keys...); err != nil {
		return &kvrpcpb.BatchRollbackResponse{RegionError: err}, nil
	}
	latch := s.txns.of(req.StartVersion)
	latch.Lock()
	defer latch.Unlock()
	for _, key := range req.Keys {
		if ts := s.data.committed(key, req.StartVersion); ts > 0 {
			return &kvrpcpb.BatchRollbackResponse{Error: committedError(req.StartVersion, ts, key)}, nil
		}
	}
	return s.Server.KvBatchRollback(ctx, req)
}

func (s *kvService) KvCleanup(ctx context.Context, req *kvrpcpb.CleanupRequest) (*kvrpcpb.CleanupResponse, error) {
	if err := s.regionError(req.Context, req.Key); err != nil {
		return &kvrpcpb.CleanupResponse{RegionError: err}, nil
	}
	latch := s.txns.of(req.StartVersion)
	latch.Lock()
	defer latch.Unlock()
	if ts := s.data.committed(req.Key, req.StartVersion); ts > 0 {
		return &kvrpcpb.CleanupResponse{CommitVersion: ts}, nil
	}
	return s.Server.KvCleanup(ctx, req)
}

func (s *kvService) KvCheckTxnStatus(ctx context.Context, req *kvrpcpb.CheckTxnStatusRequest) (*kvrpcpb.CheckTxnStatusResponse, error) {
	if err := s.regionError(req.Context, req.PrimaryKey); err != nil {
		return &kvrpcpb.CheckTxnStatusResponse{RegionError: err}, nil
	}
	latch := s.txns.of(req.LockTs)
	latch.Lock()
	defer latch.Unlock()
	// A rollback by status check is the fence against a late prewrite: protected.
	s.hub.protecting.Store(req.Context, true)
	defer s.hub.protecting.Delete(req.Context)
	return s.Server.KvCheckTxnStatus(ctx, req)
}

func (s *kvService) KvCheckSecondaryLocks(ctx context.Context, req *kvrpcpb.CheckSecondaryLocksRequest) (*kvrpcpb.CheckSecondaryLocksResponse, error) {
	if err := s.regionError(req.Context, req.Keys...); err != nil {
		return &kvrpcpb.CheckSecondaryLocksResponse{RegionError: err}, nil
	}
	latch := s.txns.of(req.StartVersion)
	latch.Lock()
	defer latch.Unlock()
	s.hub.protecting.Store(req.Context, true)
	defer s.hub.protecting.Delete(req.Context)
	return s.Server.KvCheckSecondaryLocks(ctx, req)
}

func (s *kvService) KvResolveLock(ctx context.Context, req *kvrpcpb.ResolveLockRequest) (*kvrpcpb.ResolveLockResponse, error) {
	if len(req.TxnInfos) == 0 { // several transactions at once are the GC worker's, long past doubt
		latch := s.txns.of(req.StartVersion)
		latch.Lock()
		defer latch.Unlock()
	}
	return s.Server.KvResolveLock(ctx, req)
}

func (s *kvService) KvTxnHeartBeat(ctx context.Context, req *kvrpcpb.TxnHeartBeatRequest) (*kvrpcpb.TxnHeartBeatResponse, error) {
	if err := s.regionError(req.Context, req.PrimaryLock); err != nil {
		return &kvrpcpb.TxnHeartBeatResponse{RegionError: err}, nil
	}
	resp, err := s.Server.KvTxnHeartBeat(ctx, req)
	if err == nil && resp.Error.GetAbort() != "" {
		if lock := s.data.lock(req.PrimaryLock); lock == nil || lock.StartTS != req.StartVersion {
			resp.Error = &kvrpcpb.KeyError{TxnNotFound: &kvrpcpb.TxnNotFound{StartTs: req.StartVersion, PrimaryKey: req.PrimaryLock}}
		}
	}
	return resp, err
}

func (s *kvService) KvPessimisticLock(ctx context.Context, req *kvrpcpb.PessimisticLockRequest) (*kvrpcpb.PessimisticLockResponse, error) {
	if err := s.regionError(req.Context, keysOf(req.Mutations)...); err != nil {
		return &kvrpcpb.PessimisticLockResponse{RegionError: err}, nil
	}
	if req.WakeUpMode == kvrpcpb.PessimisticLockWakeUpMode_WakeUpModeForceLock && len(req.Mutations) == 1 {
		if lock := s.data.lock(req.Mutations[0].Key); lock != nil && lock.StartTS == req.StartVersion && lock.ForUpdateTS >= req.ForUpdateTs {
			return s.lockedAlready(req, lock), nil
		}
	}
	return s.Server.KvPessimisticLock(ctx, req)
}

// lockedAlready answers a repeated lock request in force-lock mode (unistore panics).
func (s *kvService) lockedAlready(req *kvrpcpb.PessimisticLockRequest, lock *mvcc.Lock) *kvrpcpb.PessimisticLockResponse {
	value := s.hub.valueAt(req.Mutations[0].Key, lock.ForUpdateTS)
	result := &kvrpcpb.PessimisticLockKeyResult{Existence: len(value) > 0}
	if lock.ForUpdateTS > req.ForUpdateTs {
		result.Type = kvrpcpb.PessimisticLockKeyResultType_LockResultLockedWithConflict
		result.LockedWithConflictTs = lock.ForUpdateTS
	}
	if req.ReturnValues || lock.ForUpdateTS > req.ForUpdateTs {
		result.Value = slices.Clone(value)
	}
	return &kvrpcpb.PessimisticLockResponse{Results: []*kvrpcpb.PessimisticLockKeyResult{result}}
}
