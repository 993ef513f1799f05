package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/pingcap/kvproto/pkg/metapb"
)

// split cuts a region at the encoded keys that lie inside it. As in TiKV the
// right-most piece keeps the region's id (right-derive), every piece gets the
// same, raised epoch version, and leadership stays where it was.
func (rm *regionManager) split(id uint64, keys [][]byte) []*metapb.Region {
	rm.mu.Lock()
	old := rm.table.byID(id)
	if old == nil {
		rm.mu.Unlock()
		return nil
	}
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	keys = slices.DeleteFunc(keys, func(k []byte) bool {
		return bytes.Compare(k, old.meta.StartKey) <= 0 || len(old.meta.EndKey) > 0 && bytes.Compare(k, old.meta.EndKey) >= 0
	})
	if len(keys) == 0 {
		rm.mu.Unlock()
		return []*metapb.Region{clone(old.meta)}
	}
	epoch := &metapb.RegionEpoch{ConfVer: old.meta.RegionEpoch.ConfVer, Version: old.meta.RegionEpoch.Version + uint64(len(keys))}
	var pieces []*region
	start := old.meta.StartKey
	for i := 0; i <= len(keys); i++ {
		meta := &metapb.Region{StartKey: start, EndKey: old.meta.EndKey, RegionEpoch: clone(epoch)}
		if i < len(keys) {
			meta.EndKey, start = keys[i], keys[i]
			meta.Id = rm.allocID()
			for _, p := range old.meta.Peers {
				meta.Peers = append(meta.Peers, &metapb.Peer{Id: rm.allocID(), StoreId: p.StoreId})
			}
		} else {
			meta.Id, meta.Peers = old.meta.Id, old.meta.Peers
		}
		pieces = append(pieces, rm.newRegion(meta, old.leader.StoreId))
	}
	i := rm.table.at(old.meta.StartKey)
	rm.replace(slices.Replace(slices.Clone(rm.table.sorted), i, i+1, pieces...))
	rm.mu.Unlock()

	metas := make([]*metapb.Region, len(pieces))
	for i, p := range pieces {
		metas[i] = clone(p.meta)
	}
	rm.changed(regionChange{old: old.meta, kind: regionSplit, current: metas})
	return metas
}

// merge joins two neighbours. The target survives, the source's id is gone.
// PrepareMerge raises the source's version, CommitMerge goes one above both.
func (rm *regionManager) merge(sourceID, targetID uint64) (*metapb.Region, error) {
	rm.mu.Lock()
	source, target := rm.table.byID(sourceID), rm.table.byID(targetID)
	if source == nil || target == nil {
		rm.mu.Unlock()
		return nil, fmt.Errorf("no region %d or no region %d", sourceID, targetID)
	}
	meta := clone(target.meta)
	i := rm.table.at(source.meta.StartKey)
	first := i
	switch {
	case bytes.Equal(source.meta.EndKey, target.meta.StartKey) && len(source.meta.EndKey) > 0:
		meta.StartKey = source.meta.StartKey
	case bytes.Equal(target.meta.EndKey, source.meta.StartKey) && len(target.meta.EndKey) > 0:
		meta.EndKey, first = source.meta.EndKey, i-1
	default:
		rm.mu.Unlock()
		return nil, fmt.Errorf("regions %d and %d are not neighbours", sourceID, targetID)
	}
	meta.RegionEpoch.Version = max(source.meta.RegionEpoch.Version+1, target.meta.RegionEpoch.Version) + 1
	rm.replace(slices.Replace(slices.Clone(rm.table.sorted), first, first+2, rm.newRegion(meta, target.leader.StoreId)))
	rm.mu.Unlock()
	rm.changed(regionChange{old: source.meta, kind: regionMerged})
	rm.changed(regionChange{old: target.meta, kind: regionGrew})
	return clone(meta), nil
}

// mergeRight merges the region's right neighbour into it.
func (rm *regionManager) mergeRight(id uint64) (*metapb.Region, error) {
	table := rm.now()
	left := table.byID(id)
	if left == nil || len(left.meta.EndKey) == 0 {
		return nil, fmt.Errorf("region %d has no right neighbour", id)
	}
	return rm.merge(table.byKey(left.meta.EndKey).meta.Id, id)
}

// transferLeader makes another store lead the region; its epoch stays.
func (rm *regionManager) transferLeader(id, store uint64) error {
	rm.mu.Lock()
	old := rm.table.byID(id)
	if old == nil || rm.store(store) == nil {
		rm.mu.Unlock()
		return fmt.Errorf("no region %d or no store %d", id, store)
	}
	if old.leader.StoreId == store {
		rm.mu.Unlock()
		return nil
	}
	sorted := slices.Clone(rm.table.sorted)
	moved := rm.newRegion(old.meta, store)
	sorted[rm.table.at(old.meta.StartKey)] = moved
	rm.replace(sorted)
	rm.mu.Unlock()
	rm.changed(regionChange{old: old.meta, kind: regionMoved, leader: moved.leader})
	return nil
}

// abandon gives the regions that a stopped store leads to the others, as an election would.
func (rm *regionManager) abandon(store uint64, running []uint64) {
	next := 0
	for _, r := range rm.now().sorted {
		if r.leader.StoreId == store && len(running) > 0 {
			_ = rm.transferLeader(r.meta.Id, running[next%len(running)])
			next++
		}
	}
}

func (rm *regionManager) changed(c regionChange) {
	if rm.onChange != nil {
		rm.onChange(c)
	}
}
