package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pingcap/log"
	pdhttp "github.com/tikv/pd/client/http"
	"go.uber.org/zap"
)

// httpAPI is the part of PD's HTTP API that TiDB asks for. Placement and label
// rules are accepted and forgotten: there is nothing to place.
func (p *pdServer) httpAPI() http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, make func(*http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { writeJSON(w, make(r)) })
	}
	always := func(v any) func(*http.Request) any { return func(*http.Request) any { return v } }

	answer("GET "+pdhttp.Status, func(*http.Request) any {
		return pdhttp.State{Version: "v" + storeVersion, GitHash: "rig", StartTimestamp: p.started.Unix()}
	})
	answer("GET "+pdhttp.Version, always(map[string]string{"version": "v" + storeVersion}))
	answer("GET "+pdhttp.ClusterVersion, always(storeVersion))
	answer("GET "+pdhttp.Cluster, always(map[string]any{"id": p.clusterID, "max_peer_count": 1}))
	answer("GET "+pdhttp.ClusterStatus, always(map[string]any{
		"raft_bootstrap_time": p.started, "is_initialized": true, "replication_status": "majority",
	}))
	answer("GET /pd/api/v1/health", always([]map[string]any{
		{"name": "rig", "member_id": 1, "client_urls": []string{"http://" + p.address}, "health": true},
	}))
	answer("GET /pd/api/v1/members", always(pdhttp.MembersInfo{Header: p.header()}))
	answer("GET "+pdhttp.Config, always(map[string]any{}))
	answer("GET "+pdhttp.ReplicateConfig, always(map[string]any{"max-replicas": 1, "enable-placement-rules": "true", "location-labels": ""}))
	answer("GET "+pdhttp.ScheduleConfig, always(map[string]any{}))
	answer("GET "+pdhttp.Stores, func(*http.Request) any { return p.storesInfo() })
	answer("GET "+pdhttp.MinResolvedTSPrefix, func(r *http.Request) any {
		ts := p.hub.safeTS()
		stores := make(map[uint64]uint64)
		for _, s := range p.regions.stores {
			stores[s.Id] = ts
		}
		return map[string]any{"min_resolved_ts": ts, "is_real_time": true, "persist_interval": "1s", "stores_min_resolved_ts": stores}
	})
	answer("GET "+pdhttp.Regions, func(*http.Request) any { return p.regionsInfo(p.regions.seenByPD().scan(nil, nil, 0)) })
	answer("GET "+pdhttp.Regions+"/key", func(r *http.Request) any {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		return p.regionsInfo(p.regions.seenByPD().scan([]byte(q.Get("key")), []byte(q.Get("end_key")), limit))
	})
	answer("GET "+pdhttp.Regions+"/replicated", always("REPLICATED"))
	answer("GET "+pdhttp.RegionByIDPrefix+"/{id}", func(r *http.Request) any {
		id, _ := strconv.ParseUint(r.PathValue("id"), 10, 64)
		if found := p.regions.seenByPD().byID(id); found != nil {
			return regionInfo(found)
		}
		return nil
	})
	answer("GET "+pdhttp.StatsRegion, func(r *http.Request) any {
		q := r.URL.Query()
		n := len(p.regions.seenByPD().scan([]byte(q.Get("start_key")), []byte(q.Get("end_key")), 0))
		return pdhttp.RegionStats{Count: n, StorageSize: int64(n), StorageKeys: int64(n)}
	})
	// Rules of placement and labels: none.
	for _, path := range []string{pdhttp.PlacementRules, pdhttp.PlacementRuleBundle, pdhttp.RegionLabelRules, pdhttp.RegionLabelRulesByIDs, "/pd/api/v1/config/rule_groups", "/pd/api/v1/schedulers"} {
		answer("GET "+path, always([]any{}))
	}
	answer("GET "+pdhttp.PlacementRules+"/group/{group}", always([]any{}))
	answer("GET "+pdhttp.PlacementRuleBundle+"/{group}", func(r *http.Request) any {
		return map[string]any{"group_id": r.PathValue("group"), "rules": []any{}}
	})
	answer("GET /pd/api/v2/ms/members/{service}", always([]any{})) // no microservices
	answer("GET /pd/api/v1/gc/safepoint", func(*http.Request) any { return p.gc.list() })
	mux.HandleFunc("POST /pd/api/v1/operators", p.operate)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		log.Warn("unknown PD HTTP request", zap.String("method", r.Method), zap.String("path", r.URL.Path))
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		writeJSON(w, "ok")
	})
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *pdServer) storesInfo() pdhttp.StoresInfo {
	var info pdhttp.StoresInfo
	for _, s := range p.regions.stores {
		info.Stores = append(info.Stores, pdhttp.StoreInfo{
			Store: pdhttp.MetaStore{
				ID: int64(s.Id), Address: s.Address, StateName: "Up", Version: s.Version,
				StatusAddress: s.StatusAddress, GitHash: s.GitHash, StartTimestamp: s.StartTimestamp,
			},
			Status: pdhttp.StoreStatus{
				Capacity: "100GiB", Available: "100GiB", LeaderWeight: 1, RegionWeight: 1,
				StartTS: p.started, LastHeartbeatTS: p.started, Uptime: "1s",
			},
		})
	}
	info.Count = len(info.Stores)
	return info
}

func (p *pdServer) regionsInfo(regions []*region) pdhttp.RegionsInfo {
	info := pdhttp.RegionsInfo{Count: int64(len(regions))}
	for _, r := range regions {
		info.Regions = append(info.Regions, regionInfo(r))
	}
	return info
}

func regionInfo(r *region) pdhttp.RegionInfo {
	info := pdhttp.RegionInfo{
		ID:              int64(r.meta.Id),
		StartKey:        strings.ToUpper(hex.EncodeToString(r.meta.StartKey)),
		EndKey:          strings.ToUpper(hex.EncodeToString(r.meta.EndKey)),
		Epoch:           pdhttp.RegionEpoch{ConfVer: int64(r.meta.RegionEpoch.ConfVer), Version: int64(r.meta.RegionEpoch.Version)},
		Leader:          pdhttp.RegionPeer{ID: int64(r.leader.Id), StoreID: int64(r.leader.StoreId)},
		ApproximateSize: 1,
	}
	for _, peer := range r.meta.Peers {
		info.Peers = append(info.Peers, pdhttp.RegionPeer{ID: int64(peer.Id), StoreID: int64(peer.StoreId)})
	}
	return info
}

// operate starts an operator; here they are done when the answer is sent.
func (p *pdServer) operate(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Name           string `json:"name"`
		RegionID       uint64 `json:"region_id"`
		ToStoreID      uint64 `json:"to_store_id"`
		SourceRegionID uint64 `json:"source_region_id"`
		TargetRegionID uint64 `json:"target_region_id"`
	}
	err := json.NewDecoder(r.Body).Decode(&asked)
	if err == nil {
		switch asked.Name {
		case "merge-region":
			_, err = p.regions.merge(asked.SourceRegionID, asked.TargetRegionID)
		case "transfer-leader":
			err = p.regions.transferLeader(asked.RegionID, asked.ToStoreID)
		default:
			err = fmt.Errorf("unknown operator %q", asked.Name)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, "The operator is created.")
}

// storeConfig plays the stores' /config, of which one item is live.
func (p *pdServer) storeConfig(w http.ResponseWriter, r *http.Request) {
	const item = "cdc.min-ts-interval"
	if r.Method == http.MethodGet {
		writeJSON(w, map[string]any{"cdc": map[string]any{"min-ts-interval": p.hub.pace.get().String()}})
		return
	}
	var asked map[string]string
	err := json.NewDecoder(r.Body).Decode(&asked)
	if err == nil && asked[item] != "" {
		var interval time.Duration
		if interval, err = time.ParseDuration(asked[item]); err == nil && interval > 0 {
			p.hub.pace.set(interval)
			return
		}
	}
	http.Error(w, fmt.Sprintf("only %s can be changed here: %v", item, err), http.StatusBadRequest)
}
