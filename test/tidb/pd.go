package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/kvproto/pkg/meta_storagepb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	rmpb "github.com/pingcap/kvproto/pkg/resource_manager"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
)

// pdServer is a PD of one member: the gRPC services a client or TiDB calls,
// answered from the rig's own state. Like the real PD it lives inside an etcd
// server and shares its client port: gRPC (pdpb.PD, resource manager, meta
// storage, and etcd's own KV/Watch/Lease that TiDB uses for its elections and
// schema versions) as well as the HTTP API.
type pdServer struct {
	pdpb.UnimplementedPDServer
	clusterID uint64
	address   string // host:port
	oracle    *tsOracle
	gc        *gcState
	regions   *regionManager
	hub       *cdcHub
	faults    *faults
	stats     *stats
	started   time.Time
	// leaderless is until when (Unix nanoseconds) this member does not lead.
	leaderless atomic.Int64

	leadership sync.Mutex
	down       chan struct{} // closed when this member steps down

	mu           sync.Mutex
	globalConfig map[string]*pdpb.GlobalConfigItem
	externalTS   uint64
}

// start opens the port and waits until etcd is ready.
func (p *pdServer) start(dir string, admin http.Handler) (*embed.Etcd, error) {
	client := url.URL{Scheme: "http", Host: p.address}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	cfg := embed.NewConfig()
	cfg.Name = "rig"
	cfg.Dir = filepath.Join(dir, "etcd")
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.TickMs, cfg.ElectionMs = 20, 200
	cfg.UnsafeNoFsync = true
	cfg.LogLevel = "error"
	cfg.LogOutputs = []string{filepath.Join(dir, "etcd.log")}
	cfg.EnableGRPCGateway = false
	cfg.ServiceRegister = func(server *grpc.Server) {
		server.RegisterService(p.serviceDesc(), p)
		rmpb.RegisterResourceManagerServer(server, &resourceManager{groups: map[string]*rmpb.ResourceGroup{"default": defaultResourceGroup()}})
		meta_storagepb.RegisterMetaStorageServer(server, metaStorage{})
	}
	cfg.UserHandlers = map[string]http.Handler{
		"/pd/": p.httpAPI(), "/rig/": admin,
		// The stores' status port: TiDB reads and changes their configuration there.
		"/config": http.HandlerFunc(p.storeConfig),
	}
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(30 * time.Second):
		etcd.Close()
		return nil, errors.New("etcd did not become ready")
	}
}

func (p *pdServer) header() *pdpb.ResponseHeader {
	return &pdpb.ResponseHeader{ClusterId: p.clusterID}
}

func (p *pdServer) failure(kind pdpb.ErrorType, message string) *pdpb.ResponseHeader {
	return &pdpb.ResponseHeader{ClusterId: p.clusterID, Error: &pdpb.Error{Type: kind, Message: message}}
}

func (p *pdServer) member() *pdpb.Member {
	u := "http://" + p.address
	return &pdpb.Member{Name: "rig", MemberId: 1, ClientUrls: []string{u}, PeerUrls: []string{u}, BinaryVersion: "v" + storeVersion}
}

func (p *pdServer) GetClusterInfo(context.Context, *pdpb.GetClusterInfoRequest) (*pdpb.GetClusterInfoResponse, error) {
	return &pdpb.GetClusterInfoResponse{Header: p.header(), ServiceModes: []pdpb.ServiceMode{pdpb.ServiceMode_PD_SVC_MODE}}, nil
}

func (p *pdServer) GetMembers(context.Context, *pdpb.GetMembersRequest) (*pdpb.GetMembersResponse, error) {
	m := p.member()
	return &pdpb.GetMembersResponse{Header: p.header(), Members: []*pdpb.Member{m}, Leader: m, EtcdLeader: m}, nil
}

func (p *pdServer) GetClusterConfig(context.Context, *pdpb.GetClusterConfigRequest) (*pdpb.GetClusterConfigResponse, error) {
	return &pdpb.GetClusterConfigResponse{Header: p.header(), Cluster: &metapb.Cluster{Id: p.clusterID, MaxPeerCount: 1}}, nil
}

func (p *pdServer) IsBootstrapped(context.Context, *pdpb.IsBootstrappedRequest) (*pdpb.IsBootstrappedResponse, error) {
	return &pdpb.IsBootstrappedResponse{Header: p.header(), Bootstrapped: true}, nil
}

func (p *pdServer) AllocID(context.Context, *pdpb.AllocIDRequest) (*pdpb.AllocIDResponse, error) {
	p.regions.mu.Lock()
	defer p.regions.mu.Unlock()
	return &pdpb.AllocIDResponse{Header: p.header(), Id: p.regions.allocID()}, nil
}

// Timestamps

// Tso serves one stream of timestamps until its client or PD's leadership ends.
func (p *pdServer) Tso(stream pdpb.PD_TsoServer) error {
	at := site{method: "Tso", fromTiDB: fromTiDB(stream.Context())}
	down := p.steppedDown()
	ended := make(chan error, 1)
	go func() {
		for {
			req, err := stream.Recv()
			if err == nil && (p.notLeading() || p.faults.strikes(pdTSOBreak, at)) {
				err = errNotLeader
			}
			if err == nil {
				physical, logical := p.oracle.take(int64(req.Count))
				err = stream.Send(&pdpb.TsoResponse{
					Header: p.header(), Count: req.Count,
					Timestamp: &pdpb.Timestamp{Physical: physical, Logical: logical},
				})
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case err := <-ended:
		if err == io.EOF {
			return nil
		}
		return err
	case <-down:
		return errNotLeader
	}
}

func (p *pdServer) GetMinTS(context.Context, *pdpb.GetMinTSRequest) (*pdpb.GetMinTSResponse, error) {
	physical, logical := p.oracle.take(1)
	return &pdpb.GetMinTSResponse{Header: p.header(), Timestamp: &pdpb.Timestamp{Physical: physical, Logical: logical}}, nil
}

func (p *pdServer) SetExternalTimestamp(_ context.Context, req *pdpb.SetExternalTimestampRequest) (*pdpb.SetExternalTimestampResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if req.Timestamp > p.oracle.next() {
		return &pdpb.SetExternalTimestampResponse{Header: p.failure(pdpb.ErrorType_UNKNOWN, "external timestamp is greater than the newest timestamp")}, nil
	}
	if req.Timestamp < p.externalTS {
		return &pdpb.SetExternalTimestampResponse{Header: p.failure(pdpb.ErrorType_UNKNOWN, "cannot decrease the external timestamp")}, nil
	}
	p.externalTS = req.Timestamp
	return &pdpb.SetExternalTimestampResponse{Header: p.header()}, nil
}

func (p *pdServer) GetExternalTimestamp(context.Context, *pdpb.GetExternalTimestampRequest) (*pdpb.GetExternalTimestampResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &pdpb.GetExternalTimestampResponse{Header: p.header(), Timestamp: p.externalTS}, nil
}

// Stores

func (p *pdServer) GetStore(_ context.Context, req *pdpb.GetStoreRequest) (*pdpb.GetStoreResponse, error) {
	s := p.regions.store(req.StoreId)
	if s == nil {
		return &pdpb.GetStoreResponse{Header: p.failure(pdpb.ErrorType_UNKNOWN, "invalid store ID, not found")}, nil
	}
	return &pdpb.GetStoreResponse{Header: p.header(), Store: clone(s), Stats: &pdpb.StoreStats{StoreId: s.Id}}, nil
}

func (p *pdServer) GetAllStores(context.Context, *pdpb.GetAllStoresRequest) (*pdpb.GetAllStoresResponse, error) {
	resp := &pdpb.GetAllStoresResponse{Header: p.header()}
	for _, s := range p.regions.stores {
		resp.Stores = append(resp.Stores, clone(s))
	}
	return resp, nil
}

// Regions, as PD knows them (which is a little late)

func (p *pdServer) regionResponse(r *region) *pdpb.GetRegionResponse {
	resp := &pdpb.GetRegionResponse{Header: p.header()}
	if r != nil {
		resp.Region, resp.Leader = clone(r.meta), clone(r.leader)
	}
	return resp
}

func (p *pdServer) GetRegion(_ context.Context, req *pdpb.GetRegionRequest) (*pdpb.GetRegionResponse, error) {
	return p.regionResponse(p.regions.seenByPD().byKey(req.RegionKey)), nil
}

func (p *pdServer) GetPrevRegion(_ context.Context, req *pdpb.GetRegionRequest) (*pdpb.GetRegionResponse, error) {
	return p.regionResponse(p.regions.seenByPD().before(req.RegionKey)), nil
}

func (p *pdServer) GetRegionByID(_ context.Context, req *pdpb.GetRegionByIDRequest) (*pdpb.GetRegionResponse, error) {
	return p.regionResponse(p.regions.seenByPD().byID(req.RegionId)), nil
}

// scanned is a scan's answer, with the faults that a scan may have.
func (p *pdServer) scanned(ctx context.Context, method string, found []*region) (regions []*pdpb.Region) {
	at := site{method: method, fromTiDB: fromTiDB(ctx)}
	for i, r := range found {
		if len(found) > 1 && i > 0 && p.faults.strikes(pdHole, at) {
			continue
		}
		answer := &pdpb.Region{Region: clone(r.meta), Leader: clone(r.leader)}
		if p.faults.strikes(pdNoLeader, at) {
			answer.Leader = &metapb.Peer{}
		}
		regions = append(regions, answer)
	}
	return regions
}

func (p *pdServer) ScanRegions(ctx context.Context, req *pdpb.ScanRegionsRequest) (*pdpb.ScanRegionsResponse, error) {
	resp := &pdpb.ScanRegionsResponse{Header: p.header()}
	resp.Regions = p.scanned(ctx, "ScanRegions", p.regions.seenByPD().scan(req.StartKey, req.EndKey, int(req.Limit)))
	for _, r := range resp.Regions {
		resp.RegionMetas = append(resp.RegionMetas, r.Region)
		resp.Leaders = append(resp.Leaders, r.Leader)
	}
	return resp, nil
}

func (p *pdServer) BatchScanRegions(ctx context.Context, req *pdpb.BatchScanRegionsRequest) (*pdpb.BatchScanRegionsResponse, error) {
	table := p.regions.seenByPD()
	var found []*region
	seen := make(map[uint64]bool)
	for _, keys := range req.Ranges {
		for _, r := range table.scan(keys.StartKey, keys.EndKey, 0) {
			if !seen[r.meta.Id] && (req.Limit <= 0 || len(found) < int(req.Limit)) {
				seen[r.meta.Id] = true
				found = append(found, r)
			}
		}
	}
	regions := p.scanned(ctx, "BatchScanRegions", found)
	if req.ContainAllKeyRange && len(regions) < len(found) {
		return &pdpb.BatchScanRegionsResponse{
			Header: p.failure(pdpb.ErrorType_REGIONS_NOT_CONTAIN_ALL_KEY_RANGE, "found a hole in the regions"),
		}, nil
	}
	return &pdpb.BatchScanRegionsResponse{Header: p.header(), Regions: regions}, nil
}

func (p *pdServer) SplitRegions(_ context.Context, req *pdpb.SplitRegionsRequest) (*pdpb.SplitRegionsResponse, error) {
	return &pdpb.SplitRegionsResponse{Header: p.header(), RegionsId: p.splitAt(req.SplitKeys), FinishedPercentage: 100}, nil
}

func (p *pdServer) SplitAndScatterRegions(_ context.Context, req *pdpb.SplitAndScatterRegionsRequest) (*pdpb.SplitAndScatterRegionsResponse, error) {
	return &pdpb.SplitAndScatterRegionsResponse{
		Header: p.header(), RegionsId: p.splitAt(req.SplitKeys), SplitFinishedPercentage: 100, ScatterFinishedPercentage: 100,
	}, nil
}

// splitAt cuts at encoded keys and returns the ids of the pieces.
func (p *pdServer) splitAt(keys [][]byte) []uint64 {
	var ids []uint64
	for _, key := range keys {
		for _, piece := range p.regions.split(p.regions.now().byKey(key).meta.Id, [][]byte{key}) {
			ids = append(ids, piece.Id)
		}
	}
	return ids
}

// ScatterRegion spreads leaders: the region goes to the next store.
func (p *pdServer) ScatterRegion(_ context.Context, req *pdpb.ScatterRegionRequest) (*pdpb.ScatterRegionResponse, error) {
	if stores := p.regions.stores; len(stores) > 1 {
		for _, id := range append(req.RegionsId, req.RegionId) { //nolint:staticcheck // both forms are in use
			if id != 0 {
				_ = p.regions.transferLeader(id, stores[id%uint64(len(stores))].Id)
			}
		}
	}
	return &pdpb.ScatterRegionResponse{Header: p.header(), FinishedPercentage: 100}, nil
}

func (p *pdServer) GetOperator(_ context.Context, req *pdpb.GetOperatorRequest) (*pdpb.GetOperatorResponse, error) {
	return &pdpb.GetOperatorResponse{
		Header: p.header(), RegionId: req.RegionId, Desc: []byte("scatter-region"), Status: pdpb.OperatorStatus_SUCCESS,
	}, nil
}

// Global configuration (TiDB keeps a few cluster-wide switches there)

func (p *pdServer) StoreGlobalConfig(_ context.Context, req *pdpb.StoreGlobalConfigRequest) (*pdpb.StoreGlobalConfigResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, item := range req.Changes {
		name := req.ConfigPath + "/" + item.Name
		p.globalConfig[name] = &pdpb.GlobalConfigItem{Name: name, Payload: []byte(item.Value), Kind: item.Kind}
		if len(item.Payload) > 0 {
			p.globalConfig[name].Payload = item.Payload
		}
	}
	return &pdpb.StoreGlobalConfigResponse{}, nil
}

func (p *pdServer) LoadGlobalConfig(_ context.Context, req *pdpb.LoadGlobalConfigRequest) (*pdpb.LoadGlobalConfigResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	resp := &pdpb.LoadGlobalConfigResponse{}
	for _, name := range req.Names {
		if item := p.globalConfig[req.ConfigPath+"/"+name]; item != nil {
			resp.Items = append(resp.Items, item)
		} else {
			resp.Items = append(resp.Items, &pdpb.GlobalConfigItem{Name: name, Error: &pdpb.Error{Type: pdpb.ErrorType_GLOBAL_CONFIG_NOT_FOUND, Message: "not found"}})
		}
	}
	return resp, nil
}
