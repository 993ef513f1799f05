package main

import (
	"context"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	pd "github.com/tikv/pd/client"
)

const logicalBits = 18

// tsOracle hands out strictly increasing hybrid timestamps
// (milliseconds << 18 | logical), as PD's timestamp oracle does.
type tsOracle struct {
	mu       sync.Mutex
	physical int64
	logical  int64
}

// take reserves n consecutive timestamps of one millisecond and returns the last.
func (o *tsOracle) take(n int64) (physical, logical int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now().UnixMilli()
	if now > o.physical {
		o.physical, o.logical = now, 0
	}
	if o.logical+n >= 1<<logicalBits {
		o.physical, o.logical = o.physical+1, 0
	}
	o.logical += n
	return o.physical, o.logical
}

func (o *tsOracle) next() uint64 {
	physical, logical := o.take(1)
	return composeTS(physical, logical)
}

// given is the newest timestamp handed out so far.
func (o *tsOracle) given() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return composeTS(o.physical, o.logical)
}

func composeTS(physical, logical int64) uint64 {
	return uint64(physical)<<logicalBits + uint64(logical)
}

// storePD is what unistore's MVCC layer wants to know of PD: timestamps (for
// async commit and one-phase commit) and the GC safe point. Regions are the
// region manager's business, so the rest stays empty.
type storePD struct {
	oracle *tsOracle
	gc     *gcState
}

func (p *storePD) GetTS(context.Context) (int64, int64, error) {
	physical, logical := p.oracle.take(1)
	return physical, logical, nil
}

func (p *storePD) GetGCSafePoint(context.Context) (uint64, error) {
	return p.gc.safePoint(), nil
}

func (p *storePD) GetClusterID(context.Context) uint64                                   { return 0 }
func (p *storePD) AllocID(context.Context) (uint64, error)                               { return 0, nil }
func (p *storePD) IsBootstrapped(context.Context) (bool, error)                          { return true, nil }
func (p *storePD) PutStore(context.Context, *metapb.Store) error                         { return nil }
func (p *storePD) GetStore(context.Context, uint64) (*metapb.Store, error)               { return nil, nil }
func (p *storePD) ReportRegion(*pdpb.RegionHeartbeatRequest)                             {}
func (p *storePD) ReportBatchSplit(context.Context, []*metapb.Region) error              { return nil }
func (p *storePD) StoreHeartbeat(context.Context, *pdpb.StoreStats) error                { return nil }
func (p *storePD) SetRegionHeartbeatResponseHandler(func(*pdpb.RegionHeartbeatResponse)) {}
func (p *storePD) Close()                                                                {}

func (p *storePD) Bootstrap(context.Context, *metapb.Store, *metapb.Region) (*pdpb.BootstrapResponse, error) {
	return nil, nil
}

func (p *storePD) GetRegion(context.Context, []byte, ...pd.GetRegionOption) (*pd.Region, error) {
	return nil, nil
}

func (p *storePD) GetRegionByID(context.Context, uint64, ...pd.GetRegionOption) (*pd.Region, error) {
	return nil, nil
}

func (p *storePD) AskSplit(context.Context, *metapb.Region) (*pdpb.AskSplitResponse, error) {
	return nil, nil
}

func (p *storePD) AskBatchSplit(context.Context, *metapb.Region, int) (*pdpb.AskBatchSplitResponse, error) {
	return nil, nil
}
