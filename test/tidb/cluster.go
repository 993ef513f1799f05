package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"go.etcd.io/etcd/server/v3/embed"
)

// cluster is PD and the stores, without TiDB.
type cluster struct {
	oracle  *tsOracle
	gc      *gcState
	regions *regionManager
	hub     *cdcHub
	faults  *faults
	stats   *stats
	data    *dataStore
	servers []*storeServer
	signing func() (keyPair, error)
	pd      *pdServer
	etcd    *embed.Etcd
	cancel  context.CancelFunc
}

// startCluster returns when PD and the stores serve.
func startCluster(o options, dir string) (*cluster, error) {
	began := time.Now()
	pdPort, err := freePort(o.pdPort)
	if err != nil {
		return nil, err
	}
	pdAddress := fmt.Sprintf("127.0.0.1:%d", pdPort)

	// Stores: the listeners first, since PD has to know their addresses.
	// (PD's port also plays their status port, see httpAPI.)
	var listeners []net.Listener
	var metas []*metapb.Store
	for i := range o.stores {
		port := 0
		if o.kvPort > 0 {
			port = o.kvPort + i
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
		metas = append(metas, &metapb.Store{
			Id: uint64(i + 1), Address: l.Addr().String(), StatusAddress: pdAddress,
			Version: storeVersion, GitHash: "rig", StartTimestamp: began.Unix(), LastHeartbeat: began.UnixNano(),
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &cluster{oracle: &tsOracle{}, gc: newGCState(), regions: newRegionManager(metas), stats: newStats(), cancel: cancel}
	c.faults = newFaults(o.seed, c.stats)
	c.signing = sync.OnceValues(newKeyPair)
	fence := &writeFence{}
	c.hub = newCDCHub(c.oracle, fence, c.regions, c.gc, c.faults, c.stats, o.resolvedInterval)
	c.regions.onChange = c.hub.regionChanged
	if c.data, err = openStore(filepath.Join(dir, "store"), c.regions, &storePD{oracle: c.oracle, gc: c.gc}, c.hub); err != nil {
		return nil, err
	}
	txns := &txnLatches{}
	for i, l := range listeners {
		id := metas[i].Id
		server := &storeServer{
			meta: metas[i],
			kv: &kvService{
				Server: c.data.server, storeID: id, regions: c.regions, oracle: c.oracle, data: c.data,
				fence: fence, hub: c.hub, faults: c.faults, stats: c.stats, txns: txns,
			},
			cdc: &cdcService{hub: c.hub, regions: c.regions, storeID: id, clusterID: clusterID},
		}
		c.servers = append(c.servers, server)
		if err := server.serve(l); err != nil {
			return nil, err
		}
	}
	go c.hub.run(ctx)

	c.pd = &pdServer{
		clusterID: clusterID, address: pdAddress, oracle: c.oracle, gc: c.gc, regions: c.regions, hub: c.hub,
		faults: c.faults, stats: c.stats, started: began, globalConfig: make(map[string]*pdpb.GlobalConfigItem),
	}
	if c.etcd, err = c.pd.start(dir, c.doors()); err != nil {
		return nil, fmt.Errorf("PD: %w", err)
	}
	return c, nil
}

func (c *cluster) stop() {
	c.etcd.Close()
	c.cancel()
	for _, s := range c.servers {
		s.stop()
	}
	c.data.server.Stop()
}
