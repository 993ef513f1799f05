package main

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/golang/protobuf/proto"
	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv"
	"github.com/pingcap/tidb/pkg/util/codec"
)

// regionManager holds the region table of the whole cluster: which key range
// belongs to which region, its epoch, and the store that leads it. unistore
// asks it on every request (it implements tikv.RegionManager), the PD facade
// answers look-ups from it.
//
// It stands in for unistore's MockRegionManager, whose splits give the right
// half epoch version 1 (TiKV raises the version of both halves), whose
// epoch-not-match error names one region only, and which knows no leaders.
// What changes the table is in regionchanges.go.
type regionManager struct {
	mu      sync.RWMutex
	table   *regionTable
	past    []pastTable // oldest first
	pdLag   atomic.Int64
	stores  []*metapb.Store
	nextID  uint64
	latches *latches
	// onChange runs, with no lock held, after regions changed shape or leader.
	onChange func(regionChange)
}

// regionChange says what became of a region.
type regionChange struct {
	old     *metapb.Region
	kind    regionChangeKind
	current []*metapb.Region // after a split: all pieces
	leader  *metapb.Peer     // after a transfer: the new one
}

type regionChangeKind int

const (
	regionSplit  regionChangeKind = iota
	regionMoved                   // another leader
	regionGrew                    // another one was merged into it
	regionMerged                  // into another one
)

func newRegionManager(stores []*metapb.Store) *regionManager {
	rm := &regionManager{stores: stores, latches: &latches{}}
	for _, s := range stores {
		rm.nextID = max(rm.nextID, s.Id)
	}
	meta := &metapb.Region{Id: rm.allocID(), RegionEpoch: &metapb.RegionEpoch{ConfVer: 1, Version: 1}}
	for _, s := range stores {
		meta.Peers = append(meta.Peers, &metapb.Peer{Id: rm.allocID(), StoreId: s.Id})
	}
	rm.table = newRegionTable([]*region{rm.newRegion(meta, meta.Peers[0].StoreId)})
	return rm
}

// allocID needs rm.mu.
func (rm *regionManager) allocID() uint64 {
	rm.nextID++
	return rm.nextID
}

func (rm *regionManager) newRegion(meta *metapb.Region, leaderStore uint64) *region {
	r := &region{meta: meta, latches: rm.latches, rawStart: decodeKey(meta.StartKey), rawEnd: decodeKey(meta.EndKey)}
	for _, p := range meta.Peers {
		if p.StoreId == leaderStore {
			r.leader = p
		}
	}
	return r
}

// now is the table as the stores know it.
func (rm *regionManager) now() *regionTable {
	rm.mu.RLock()
	defer rm.mu.RUnlock()
	return rm.table
}

func (rm *regionManager) byID(id uint64) *region { return rm.now().byID(id) }

// tikv.RegionManager

func (rm *regionManager) GetRegionFromCtx(ctx *kvrpcpb.Context) (tikv.RegionCtx, *errorpb.Error) {
	if peer := ctx.GetPeer(); peer != nil && rm.store(peer.StoreId) == nil {
		return nil, &errorpb.Error{Message: "store not match", StoreNotMatch: &errorpb.StoreNotMatch{RequestStoreId: peer.StoreId}}
	}
	table := rm.now()
	r := table.byID(ctx.GetRegionId())
	if r == nil {
		return nil, &errorpb.Error{
			Message:        fmt.Sprintf("region %d not found", ctx.GetRegionId()),
			RegionNotFound: &errorpb.RegionNotFound{RegionId: ctx.GetRegionId()},
		}
	}
	if peer := ctx.GetPeer(); peer != nil && peer.StoreId != r.leader.StoreId && !ctx.ReplicaRead && !ctx.StaleRead {
		return nil, notLeader(r, r.leader)
	}
	if ctx.GetRegionEpoch().GetVersion() != r.meta.RegionEpoch.Version {
		// As TiKV does, with the neighbour that a split may have cut from it.
		current := []*metapb.Region{clone(r.meta)}
		if left := table.before(r.meta.StartKey); left != nil {
			current = append(current, clone(left.meta))
		}
		return nil, epochNotMatch(r, current)
	}
	return r, nil
}

func notLeader(r *region, leader *metapb.Peer) *errorpb.Error {
	err := &errorpb.NotLeader{RegionId: r.meta.Id}
	if leader != nil {
		err.Leader = clone(leader)
	}
	return &errorpb.Error{Message: fmt.Sprintf("peer is not leader for region %d", r.meta.Id), NotLeader: err}
}

func epochNotMatch(r *region, current []*metapb.Region) *errorpb.Error {
	return &errorpb.Error{
		Message:       fmt.Sprintf("epoch of region %d does not match", r.meta.Id),
		EpochNotMatch: &errorpb.EpochNotMatch{CurrentRegions: current},
	}
}

func (rm *regionManager) GetStoreInfoFromCtx(ctx *kvrpcpb.Context) (string, uint64, *errorpb.Error) {
	if s := rm.store(ctx.GetPeer().GetStoreId()); s != nil {
		return s.Address, s.Id, nil
	}
	return rm.stores[0].Address, rm.stores[0].Id, nil
}

func (rm *regionManager) GetStoreIDByAddr(addr string) (uint64, error) {
	for _, s := range rm.stores {
		if s.Address == addr {
			return s.Id, nil
		}
	}
	return 0, fmt.Errorf("no store at %s", addr)
}

func (rm *regionManager) GetStoreAddrByStoreID(id uint64) (string, error) {
	if s := rm.store(id); s != nil {
		return s.Address, nil
	}
	return "", fmt.Errorf("no store %d", id)
}

func (rm *regionManager) Close() error { return nil }

func (rm *regionManager) store(id uint64) *metapb.Store {
	for _, s := range rm.stores {
		if s.Id == id {
			return s
		}
	}
	return nil
}

// SplitRegion answers the KV RPC (its keys are raw).
func (rm *regionManager) SplitRegion(req *kvrpcpb.SplitRegionRequest) *kvrpcpb.SplitRegionResponse {
	r, regionErr := rm.GetRegionFromCtx(req.Context)
	if regionErr != nil {
		return &kvrpcpb.SplitRegionResponse{RegionError: regionErr}
	}
	keys := req.SplitKeys
	if len(keys) == 0 {
		keys = [][]byte{req.SplitKey} //nolint:staticcheck // both forms are in use
	}
	encoded := make([][]byte, len(keys))
	for i, k := range keys {
		encoded[i] = encodeKey(k)
	}
	return &kvrpcpb.SplitRegionResponse{Regions: rm.split(r.Meta().Id, encoded)}
}

// within tells whether a raw key lies in [start, end); an empty end is +∞.
func within(key, start, end []byte) bool {
	return bytes.Compare(start, key) <= 0 && (len(end) == 0 || bytes.Compare(key, end) < 0)
}

func encodeKey(raw []byte) []byte { return codec.EncodeBytes(nil, raw) }

func decodeKey(encoded []byte) []byte {
	if len(encoded) == 0 {
		return nil
	}
	_, raw, err := codec.DecodeBytes(encoded, nil)
	if err != nil {
		// Not a whole encoded key (PD lets clients ask with any bytes).
		return encoded
	}
	return raw
}

func clone[M proto.Message](m M) M { return proto.Clone(m).(M) }

// latches serialise writers of one key: a fixed set of mutexes picked by the
// key's hash, always taken in ascending order so that two batches cannot deadlock.
type latches struct{ slots [1024]sync.Mutex }

func latchSlots(hashes []uint64) []int {
	slots := make([]int, len(hashes))
	for i, h := range hashes {
		slots[i] = int(h % 1024)
	}
	slices.Sort(slots)
	return slices.Compact(slots)
}

func (l *latches) acquire(hashes []uint64) {
	for _, s := range latchSlots(hashes) {
		l.slots[s].Lock()
	}
}

func (l *latches) release(hashes []uint64) {
	for _, s := range latchSlots(hashes) {
		l.slots[s].Unlock()
	}
}
