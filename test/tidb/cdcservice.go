package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/cdcpb"
	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/tidb/pkg/util/codec"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// As TiKV bounds them; a single row may exceed the bytes.
const (
	maxEventRows     = 1024
	maxEventBytes    = 32 << 10
	maxMessageEvents = 64
	maxMessageBytes  = 6 << 20
)

// cdcConn is one EventFeed stream; a goroutine drains its queue.
type cdcConn struct {
	hub   *cdcHub
	mu    sync.Mutex
	queue []*cdcpb.ChangeDataEvent
	tail  int // bytes of the queue's last message
	ready chan struct{}
	// multiplexed: a region may be subscribed to under several request ids, and
	// resolved timestamps are grouped by request.
	multiplexed bool
	// version is the client's, from the stream's first request; 0.0.0 if it is
	// not a plain semantic version.
	version semver
	// batched: the client understands ChangeDataEvent.resolved_ts (TiCDC ≥ 4.0.8).
	batched bool
}

// push queues an event, in one message with those just before it if they fit.
func (c *cdcConn) push(e *cdcpb.Event) {
	c.count(e)
	c.mu.Lock()
	size, last := e.Size(), len(c.queue)-1
	if last >= 0 && c.queue[last].ResolvedTs == nil && len(c.queue[last].Events) < maxMessageEvents && c.tail+size < maxMessageBytes {
		c.queue[last].Events = append(c.queue[last].Events, e)
		c.tail += size
	} else {
		c.queue = append(c.queue, &cdcpb.ChangeDataEvent{Events: []*cdcpb.Event{e}})
		c.tail = size
	}
	c.mu.Unlock()
	c.wake()
}

func (c *cdcConn) pushMessage(m *cdcpb.ChangeDataEvent) {
	c.hub.stats.add("feed", "resolved")
	c.mu.Lock()
	c.queue = append(c.queue, m)
	c.mu.Unlock()
	c.wake()
}

func (c *cdcConn) wake() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

func (c *cdcConn) count(e *cdcpb.Event) {
	switch {
	case e.GetEntries() != nil:
		for _, row := range e.GetEntries().Entries {
			c.hub.stats.add("feed", row.Type.String())
		}
	case e.GetError() != nil:
		c.hub.stats.add("feed", "error")
	default:
		c.hub.stats.add("feed", "resolved")
	}
}

func (c *cdcConn) sendError(regionID, requestID uint64, err *cdcpb.Error) {
	c.push(&cdcpb.Event{RegionId: regionID, RequestId: requestID, Event: &cdcpb.Event_Error{Error: err}})
}

func (c *cdcConn) drain(ctx context.Context, send func(*cdcpb.ChangeDataEvent) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.ready:
		}
		c.mu.Lock()
		queue := c.queue
		c.queue = nil
		c.mu.Unlock()
		for _, e := range queue {
			if c.hub.faults.strikes(feedBreak, site{}) {
				return status.Error(codes.Unavailable, "rig: stream broken")
			}
			if c.hub.faults.strikes(feedDelay, site{}) {
				time.Sleep(c.hub.faults.delay())
			}
			if err := send(e); err != nil {
				return err
			}
		}
	}
}

// cdcService is the gRPC face, one per store.
type cdcService struct {
	hub       *cdcHub
	regions   *regionManager
	storeID   uint64
	clusterID uint64
}

func (s *cdcService) newConn() *cdcConn { return &cdcConn{hub: s.hub, ready: make(chan struct{}, 1)} }

func (s *cdcService) EventFeed(stream cdcpb.ChangeData_EventFeedServer) error {
	s.hub.stats.add("rpc", "EventFeed")
	return s.serve(stream, s.newConn())
}

func (s *cdcService) EventFeedV2(stream cdcpb.ChangeData_EventFeedV2Server) error {
	s.hub.stats.add("rpc", "EventFeedV2")
	conn := s.newConn()
	md, _ := metadata.FromIncomingContext(stream.Context())
	for _, value := range md.Get("features") {
		for _, feature := range strings.Split(value, ",") {
			if feature = strings.TrimSpace(feature); feature != "stream-multiplexing" {
				return status.Error(codes.Unimplemented, feature)
			}
			conn.multiplexed = true
		}
	}
	return s.serve(stream, conn)
}

type feedStream interface {
	Context() context.Context
	Recv() (*cdcpb.ChangeDataRequest, error)
	Send(*cdcpb.ChangeDataEvent) error
}

// downstreams are the subscriptions of one stream.
type downstreams map[downstreamID]*subscription

type downstreamID struct{ requestID, regionID uint64 }

func (s *cdcService) serve(stream feedStream, conn *cdcConn) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	subs := make(downstreams)
	defer func() {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		for _, sub := range subs {
			s.hub.stop(sub, nil)
		}
	}()
	sent := make(chan error, 1)
	go func() { sent <- conn.drain(ctx, stream.Send) }()
	requests := make(chan *cdcpb.ChangeDataRequest)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			req, err := stream.Recv()
			if err != nil {
				return
			}
			select {
			case requests <- req:
			case <-ctx.Done():
				return
			}
		}
	}()
	for first := true; ; first = false {
		select {
		case err := <-sent:
			return err
		case <-ended:
			return nil
		case req := <-requests:
			if first {
				conn.version = parseSemver(req.GetHeader().GetTicdcVersion())
				conn.batched = conn.version.atLeast(4, 0, 8)
			}
			s.handle(conn, subs, req)
		}
	}
}

func (s *cdcService) handle(conn *cdcConn, subs downstreams, req *cdcpb.ChangeDataRequest) {
	id := downstreamID{req.RequestId, req.RegionId}
	if !conn.multiplexed {
		id.requestID = 0
	}
	switch req.Request.(type) {
	case *cdcpb.ChangeDataRequest_NotifyTxnStatus_:
		abort("ChangeDataRequest.notify_txn_status (unreachable code)")
	case *cdcpb.ChangeDataRequest_Deregister_:
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		for k, sub := range subs {
			if k == id || req.RegionId == 0 && k.requestID == id.requestID {
				// A deregistered subscription says goodbye with an error.
				s.hub.stop(sub, &cdcpb.Error{RegionNotFound: &errorpb.RegionNotFound{RegionId: k.regionID}})
				delete(subs, k)
			}
		}
	default:
		if old := subs[id]; old != nil && !old.stopped.Load() {
			conn.sendError(req.RegionId, req.RequestId, &cdcpb.Error{DuplicateRequest: &cdcpb.DuplicateRequest{RegionId: req.RegionId}})
			return
		}
		sub, err := s.register(conn, req)
		if err != nil {
			conn.sendError(req.RegionId, req.RequestId, err)
			return
		}
		subs[id] = sub
		go s.hub.subscribe(sub)
	}
}

func (s *cdcService) register(conn *cdcConn, req *cdcpb.ChangeDataRequest) (*subscription, *cdcpb.Error) {
	s.hub.stats.add("feed", "registration")
	if id := req.GetHeader().GetClusterId(); id != s.clusterID && conn.version.atLeast(5, 3, 0) {
		return nil, &cdcpb.Error{ClusterIdMismatch: &cdcpb.ClusterIDMismatch{Current: s.clusterID, Request: id}}
	}
	r := s.regions.byID(req.RegionId)
	if r == nil {
		return nil, &cdcpb.Error{RegionNotFound: &errorpb.RegionNotFound{RegionId: req.RegionId}}
	}
	if r.leader.StoreId != s.storeID {
		return nil, &cdcpb.Error{NotLeader: &errorpb.NotLeader{RegionId: req.RegionId, Leader: clone(r.leader)}}
	}
	if req.RegionEpoch.GetVersion() != r.meta.RegionEpoch.Version {
		return nil, &cdcpb.Error{EpochNotMatch: &errorpb.EpochNotMatch{CurrentRegions: []*metapb.Region{clone(r.meta)}}}
	}
	if err := s.refuse(r); err != nil {
		return nil, err
	}
	sub := &subscription{
		conn: conn, region: r, regionID: req.RegionId, requestID: req.RequestId,
		start: r.rawStart, end: r.rawEnd, checkpoint: req.CheckpointTs, filterLoop: req.FilterLoop,
	}
	start, ok := decodeBound(req.StartKey)
	end, alsoOK := decodeBound(req.EndKey)
	if !ok || !alsoOK {
		return sub, nil // the whole region
	}
	if bytes.Compare(start, sub.start) > 0 {
		sub.start = start
	}
	if len(end) > 0 && (len(sub.end) == 0 || bytes.Compare(end, sub.end) < 0) {
		sub.end = end
	}
	return sub, nil
}

// refuse strikes with the faults of a registration.
func (s *cdcService) refuse(r *region) *cdcpb.Error {
	switch s.hub.faults.any(site{}, feedCongested, feedBusy, feedNotLeader, feedRegionNotFound, feedEpochNotMatch, feedNoReason) {
	case feedCongested:
		return &cdcpb.Error{Congested: &cdcpb.Congested{RegionId: r.meta.Id}}
	case feedBusy:
		return &cdcpb.Error{ServerIsBusy: &errorpb.ServerIsBusy{Reason: "too many pending incremental scans", BackoffMs: 20}}
	case feedNotLeader:
		return &cdcpb.Error{NotLeader: &errorpb.NotLeader{RegionId: r.meta.Id}}
	case feedRegionNotFound:
		return &cdcpb.Error{RegionNotFound: &errorpb.RegionNotFound{RegionId: r.meta.Id}}
	case feedEpochNotMatch:
		return &cdcpb.Error{EpochNotMatch: &errorpb.EpochNotMatch{}}
	case feedNoReason:
		return &cdcpb.Error{}
	default:
		return nil
	}
}

// decodeBound tells whether a bound is an encoded key, and which.
func decodeBound(encoded []byte) (raw []byte, ok bool) {
	if len(encoded) == 0 {
		return nil, true
	}
	rest, raw, err := codec.DecodeBytes(encoded, nil)
	return raw, err == nil && len(rest) == 0
}
