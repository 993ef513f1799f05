package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv/mvcc"
)

// kvService serves tikvpb.Tikv for one store. All stores share the data; each
// answers only for the regions it leads. Every request, alone or in a batch,
// goes through handle (in kvhandle.go); the transaction commands are in
// percolator.go, the coprocessor in coprocessor.go.
type kvService struct {
	*tikv.Server
	storeID uint64
	regions *regionManager
	oracle  *tsOracle
	data    *dataStore
	fence   *writeFence
	hub     *cdcHub
	faults  *faults
	stats   *stats
	txns    *txnLatches
}

// claim marks a request that was sent to the wrong store (its peer is on
// another one), so that the region manager answers store-not-match.
func (s *kvService) claim(req any) {
	if r, ok := req.(interface{ GetContext() *kvrpcpb.Context }); ok {
		if peer := r.GetContext().GetPeer(); peer != nil && peer.StoreId != s.storeID {
			r.GetContext().Peer = &metapb.Peer{}
		}
	}
}

// regionError is what is wrong with a request's region, or with keys that are
// not in it (unistore does not look at those).
func (s *kvService) regionError(ctx *kvrpcpb.Context, keys ...[]byte) *errorpb.Error {
	found, err := s.regions.GetRegionFromCtx(ctx)
	if err != nil {
		return err
	}
	r := found.(*region)
	for _, key := range keys {
		if !r.containsRaw(key) {
			return &errorpb.Error{
				Message: fmt.Sprintf("key %x is not in region %d", key, r.meta.Id),
				KeyNotInRegion: &errorpb.KeyNotInRegion{
					Key: key, RegionId: r.meta.Id, StartKey: r.meta.StartKey, EndKey: r.meta.EndKey,
				},
			}
		}
	}
	return nil
}

func keysOf(mutations []*kvrpcpb.Mutation) [][]byte {
	keys := make([][]byte, len(mutations))
	for i, m := range mutations {
		keys[i] = m.Key
	}
	return keys
}

func (s *kvService) KvGet(ctx context.Context, req *kvrpcpb.GetRequest) (*kvrpcpb.GetResponse, error) {
	if err := s.regionError(req.Context, req.Key); err != nil {
		return &kvrpcpb.GetResponse{RegionError: err}, nil
	}
	s.fence.wait()
	resp, err := s.Server.KvGet(ctx, req)
	if err == nil && resp.RegionError == nil && resp.Error == nil {
		resp.NotFound = len(resp.Value) == 0
		resp.Value = s.data.oldRows.asWritten(req.Key, resp.Value)
	}
	return resp, err
}

func (s *kvService) KvBatchGet(ctx context.Context, req *kvrpcpb.BatchGetRequest) (*kvrpcpb.BatchGetResponse, error) {
	if err := s.regionError(req.Context, req.Keys...); err != nil {
		return &kvrpcpb.BatchGetResponse{RegionError: err}, nil
	}
	s.fence.wait()
	resp, err := s.Server.KvBatchGet(ctx, req)
	if err == nil {
		s.data.oldRows.readBack(resp.Pairs)
	}
	return resp, err
}

func (s *kvService) KvScan(ctx context.Context, req *kvrpcpb.ScanRequest) (*kvrpcpb.ScanResponse, error) {
	r, regionErr := s.regions.GetRegionFromCtx(req.Context)
	if regionErr != nil {
		return &kvrpcpb.ScanResponse{RegionError: regionErr}, nil
	}
	if !clampScan(req, r.(*region)) {
		return &kvrpcpb.ScanResponse{}, nil
	}
	s.fence.wait()
	resp, err := s.Server.KvScan(ctx, req)
	if err == nil {
		s.data.oldRows.readBack(resp.Pairs)
	}
	if err == nil && req.KeyOnly {
		for _, pair := range resp.Pairs {
			pair.Value = nil
		}
	}
	return resp, err
}

// clampScan keeps a scan inside its region, as TiKV's region snapshot does, and
// tells whether anything is left of it. In a reverse scan the range is
// [end_key, start_key).
func clampScan(req *kvrpcpb.ScanRequest, r *region) bool {
	low, high := &req.StartKey, &req.EndKey
	if req.Reverse {
		low, high = high, low
	}
	if bytes.Compare(*low, r.rawStart) < 0 {
		*low = r.rawStart
	}
	if len(r.rawEnd) > 0 && (len(*high) == 0 || bytes.Compare(*high, r.rawEnd) > 0) {
		*high = r.rawEnd
	}
	if len(*high) == 0 {
		*high = []byte{0xff}
	}
	return bytes.Compare(*low, *high) < 0
}

// KvScanLock honours the key range and includes max_version, which unistore's does not.
func (s *kvService) KvScanLock(_ context.Context, req *kvrpcpb.ScanLockRequest) (*kvrpcpb.ScanLockResponse, error) {
	r, regionErr := s.regions.GetRegionFromCtx(req.Context)
	if regionErr != nil {
		return &kvrpcpb.ScanLockResponse{RegionError: regionErr}, nil
	}
	start, end := r.RawStart(), r.RawEnd()
	if bytes.Compare(req.StartKey, start) > 0 {
		start = req.StartKey
	}
	if len(req.EndKey) > 0 && (len(end) == 0 || bytes.Compare(req.EndKey, end) < 0) {
		end = req.EndKey
	}
	resp := &kvrpcpb.ScanLockResponse{}
	it := s.data.bundle.LockStore.NewIterator()
	for it.Seek(start); it.Valid() && within(it.Key(), start, end); it.Next() {
		if req.Limit > 0 && len(resp.Locks) == int(req.Limit) {
			break
		}
		if lock := mvcc.DecodeLock(it.Value()); lock.StartTS <= req.MaxVersion {
			resp.Locks = append(resp.Locks, lock.ToLockInfo(bytes.Clone(it.Key())))
		}
	}
	return resp, nil
}

func (s *kvService) GetStoreSafeTS(context.Context, *kvrpcpb.StoreSafeTSRequest) (*kvrpcpb.StoreSafeTSResponse, error) {
	return &kvrpcpb.StoreSafeTSResponse{SafeTs: s.hub.safeTS()}, nil
}

func (s *kvService) GetLockWaitInfo(context.Context, *kvrpcpb.GetLockWaitInfoRequest) (*kvrpcpb.GetLockWaitInfoResponse, error) {
	return &kvrpcpb.GetLockWaitInfoResponse{}, nil
}

func (s *kvService) GetHealthFeedback(context.Context, *kvrpcpb.GetHealthFeedbackRequest) (*kvrpcpb.GetHealthFeedbackResponse, error) {
	return &kvrpcpb.GetHealthFeedbackResponse{HealthFeedback: &kvrpcpb.HealthFeedback{StoreId: s.storeID, FeedbackSeqNo: 1, SlowScore: 1}}, nil
}

func (s *kvService) BroadcastTxnStatus(context.Context, *kvrpcpb.BroadcastTxnStatusRequest) (*kvrpcpb.BroadcastTxnStatusResponse, error) {
	return &kvrpcpb.BroadcastTxnStatusResponse{}, nil
}
