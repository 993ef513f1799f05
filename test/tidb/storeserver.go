package main

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/cdcpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/tikvpb"
	"github.com/pingcap/log"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
)

// storeServer is one store's port. It can be stopped, which refuses connections
// and breaks the open ones, and started again.
type storeServer struct {
	meta *metapb.Store
	kv   *kvService
	cdc  *cdcService

	mu     sync.Mutex
	server *grpc.Server // nil while stopped
}

// serve starts serving on the listener, or on the store's address.
func (s *storeServer) serve(listener net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return fmt.Errorf("store %d is running", s.meta.Id)
	}
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", s.meta.Address); err != nil {
			return err
		}
	}
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(1<<30),
		grpc.MaxSendMsgSize(1<<30),
		grpc.InitialWindowSize(1<<20),
		grpc.InitialConnWindowSize(1<<24),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Millisecond, PermitWithoutStream: true}), // TiKV bears any
		grpc.UnaryInterceptor(s.kv.intercept),
		grpc.StreamInterceptor(recoverStream),
	)
	tikvpb.RegisterTikvServer(server, s.kv)
	cdcpb.RegisterChangeDataServer(server, s.cdc)
	healthpb.RegisterHealthServer(server, health.NewServer())
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Error("store stopped serving", zap.Uint64("store", s.meta.Id), zap.Error(err))
		}
	}()
	s.server = server
	return nil
}

func (s *storeServer) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		s.server.Stop()
		s.server = nil
	}
}

func (s *storeServer) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server != nil
}

// electionDelay is how long after a store's end its regions get other leaders
// (TiKV takes some ten seconds).
const electionDelay = time.Second

// stopStore ends a store's service. Its regions move to the stores that are
// left, if any.
func (c *cluster) stopStore(id uint64) error {
	store := c.storeServer(id)
	if store == nil {
		return fmt.Errorf("no store %d", id)
	}
	store.stop()
	time.AfterFunc(electionDelay, func() {
		if store.running() {
			return
		}
		var left []uint64
		for _, s := range c.servers {
			if s.running() {
				left = append(left, s.meta.Id)
			}
		}
		c.regions.abandon(id, left)
	})
	return nil
}

func (c *cluster) startStore(id uint64) error {
	store := c.storeServer(id)
	if store == nil {
		return fmt.Errorf("no store %d", id)
	}
	return store.serve(nil)
}

func (c *cluster) storeServer(id uint64) *storeServer {
	for _, s := range c.servers {
		if s.meta.Id == id {
			return s
		}
	}
	return nil
}
