package main

import (
	"bytes"
	"sort"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
)

// region is one immutable version of a region; a split, a merge or a change of
// leader puts new ones in its place.
type region struct {
	meta     *metapb.Region
	leader   *metapb.Peer
	rawStart []byte
	rawEnd   []byte
	latches  *latches
	diff     int64
}

// tikv.RegionCtx

func (r *region) Meta() *metapb.Region           { return r.meta }
func (r *region) Diff() *int64                   { return &r.diff }
func (r *region) RawStart() []byte               { return r.rawStart }
func (r *region) RawEnd() []byte                 { return r.rawEnd }
func (r *region) AcquireLatches(hashes []uint64) { r.latches.acquire(hashes) }
func (r *region) ReleaseLatches(hashes []uint64) { r.latches.release(hashes) }

func (r *region) containsRaw(key []byte) bool { return within(key, r.rawStart, r.rawEnd) }

// regionTable is all regions at one moment, by start key; it covers the whole
// key space without gaps and is never changed once it is made. Keys are
// memcomparable-encoded, as everywhere in PD and TiKV.
type regionTable struct {
	sorted []*region
	ids    map[uint64]*region
}

func newRegionTable(sorted []*region) *regionTable {
	t := &regionTable{sorted: sorted, ids: make(map[uint64]*region, len(sorted))}
	for _, r := range sorted {
		t.ids[r.meta.Id] = r
	}
	return t
}

// at is the index of the region that holds key.
func (t *regionTable) at(key []byte) int {
	return sort.Search(len(t.sorted), func(i int) bool {
		return bytes.Compare(t.sorted[i].meta.StartKey, key) > 0
	}) - 1
}

func (t *regionTable) byKey(key []byte) *region { return t.sorted[t.at(key)] }

// before is the region that ends where, or before, key's own region begins.
func (t *regionTable) before(key []byte) *region {
	if i := t.at(key); i > 0 {
		return t.sorted[i-1]
	}
	return nil
}

func (t *regionTable) byID(id uint64) *region { return t.ids[id] }

// scan returns the regions that overlap [start, end), at most limit (0: all).
func (t *regionTable) scan(start, end []byte, limit int) []*region {
	var found []*region
	for i := t.at(start); i < len(t.sorted); i++ {
		r := t.sorted[i]
		if len(end) > 0 && bytes.Compare(r.meta.StartKey, end) >= 0 || limit > 0 && len(found) == limit {
			break
		}
		found = append(found, r)
	}
	return found
}

// A store tells PD of a split or a new leader with its next heartbeat, so PD
// knows of it some tens of milliseconds later than whoever talks to the store.
// The region manager keeps the tables of that last moment for PD's answers.
type pastTable struct {
	until time.Time // when it was replaced
	table *regionTable
}

// seenByPD is the table that PD believes in.
func (rm *regionManager) seenByPD() *regionTable {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	horizon := time.Now().Add(-time.Duration(rm.pdLag.Load()))
	for len(rm.past) > 0 && !rm.past[0].until.After(horizon) {
		rm.past = rm.past[1:]
	}
	if len(rm.past) > 0 {
		return rm.past[0].table
	}
	return rm.table
}

// replace needs rm.mu.
func (rm *regionManager) replace(sorted []*region) {
	if rm.pdLag.Load() > 0 {
		rm.past = append(rm.past, pastTable{time.Now(), rm.table})
	} else {
		rm.past = nil
	}
	rm.table = newRegionTable(sorted)
}
