package main

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/pdpb"
)

// gcState follows the newer PD, where service safe points are barriers: the
// transaction safe point advances up to the least of them, GC follows it.
//
// (SetGCBarrier, DeleteGCBarrier and GetGCState are missing from the kvproto of
// this TiDB; clients get UNIMPLEMENTED, as from PD 8.5.)
type gcState struct {
	mu       sync.Mutex
	txnPoint uint64 // no transaction or snapshot below it
	point    uint64 // GC has been here
	barriers map[string]barrier
}

type barrier struct {
	point   uint64
	expires time.Time
}

// gcWorker is the service whose safe point is the transaction safe point itself.
const gcWorker = "gc_worker"

func newGCState() *gcState { return &gcState{barriers: make(map[string]barrier)} }

func (g *gcState) safePoint() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.point
}

// advanceTxnPoint moves the transaction safe point up to what no barrier
// forbids, and says where it is and who stopped it.
func (g *gcState) advanceTxnPoint(target uint64) (reached uint64, blocker string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, b := range g.barriers {
		if b.expires.Before(time.Now()) {
			delete(g.barriers, name)
		} else if b.point < target {
			target, blocker = b.point, name
		}
	}
	g.txnPoint = max(g.txnPoint, target)
	return g.txnPoint, blocker
}

// advance moves the GC safe point; it stays below the transaction safe point
// unless it is forced, as by an operator who does not ask PD.
func (g *gcState) advance(point uint64, force bool) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if force {
		g.txnPoint = max(g.txnPoint, point)
	}
	g.point = max(g.point, min(point, g.txnPoint))
	return g.point
}

// hold sets (or with ttl ≤ 0 removes) a service's barrier. One below the
// transaction safe point comes too late and is ignored without a word; the
// caller sees it by the point returned.
func (g *gcState) hold(service string, ttl int64, point uint64) (txnPoint uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case ttl <= 0:
		delete(g.barriers, service)
	case point >= g.txnPoint:
		expires := time.Unix(math.MaxInt32, 0)
		if ttl < math.MaxInt32 {
			expires = time.Now().Add(time.Duration(ttl) * time.Second)
		}
		g.barriers[service] = barrier{point, expires}
	}
	return g.txnPoint
}

// list is what PD's HTTP API tells.
func (g *gcState) list() any {
	type service struct {
		ServiceID string `json:"service_id"`
		ExpiredAt int64  `json:"expired_at"`
		SafePoint uint64 `json:"safe_point"`
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	least := g.txnPoint
	services := []service{{gcWorker, math.MaxInt64, g.txnPoint}}
	for name, b := range g.barriers {
		services = append(services, service{name, b.expires.Unix(), b.point})
		least = min(least, b.point)
	}
	return map[string]any{"service_gc_safe_points": services, "min_service_gc_safe_point": least, "gc_safe_point": g.point}
}

func (p *pdServer) GetGCSafePoint(context.Context, *pdpb.GetGCSafePointRequest) (*pdpb.GetGCSafePointResponse, error) {
	return &pdpb.GetGCSafePointResponse{Header: p.header(), SafePoint: p.gc.safePoint()}, nil
}

func (p *pdServer) UpdateGCSafePoint(_ context.Context, req *pdpb.UpdateGCSafePointRequest) (*pdpb.UpdateGCSafePointResponse, error) {
	return &pdpb.UpdateGCSafePointResponse{Header: p.header(), NewSafePoint: p.gc.advance(req.SafePoint, false)}, nil
}

func (p *pdServer) UpdateServiceGCSafePoint(_ context.Context, req *pdpb.UpdateServiceGCSafePointRequest) (*pdpb.UpdateServiceGCSafePointResponse, error) {
	var least uint64
	if string(req.ServiceId) == gcWorker {
		least, _ = p.gc.advanceTxnPoint(req.SafePoint)
	} else {
		least = p.gc.hold(string(req.ServiceId), req.TTL, req.SafePoint)
	}
	return &pdpb.UpdateServiceGCSafePointResponse{
		Header: p.header(), ServiceId: []byte(gcWorker), TTL: math.MaxInt64, MinSafePoint: least,
	}, nil
}
