package main

import (
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Faults make the rare cases of a real cluster common. Each kind has a
// probability, which may change at any time, and one-shots that fire at the
// next chance. All randomness comes from one seeded generator; the order in
// which concurrent requests draw from it is the scheduler's, so a seed repeats
// the odds of a run, not the run.

type faultKind string

const (
	// Drawn once a registration.
	feedCongested      faultKind = "feed-congested"
	feedBusy           faultKind = "feed-busy"
	feedNotLeader      faultKind = "feed-not-leader"
	feedRegionNotFound faultKind = "feed-region-not-found"
	feedEpochNotMatch  faultKind = "feed-epoch-not-match" // without regions
	feedNoReason       faultKind = "feed-no-reason"       // an error event with nothing set
	feedLateScan       faultKind = "feed-late-scan"       // the scan waits: live rows overtake it
	feedStaleRow       faultKind = "feed-stale-row"       // a live row with commit_ts ≤ checkpoint
	feedDuplicate      faultKind = "feed-duplicate"       // rows twice, before and after INITIALIZED
	// Drawn once a tick of the resolved timestamp, a subscription.
	feedStrayRollback faultKind = "feed-stray-rollback" // ROLLBACK of what never was
	feedRewrite       faultKind = "feed-rewrite"        // PREWRITE again, without its value if that is long
	feedStop          faultKind = "feed-stop"           // a running subscription ends with some error
	// Drawn once a tick and request id.
	feedGroupedResolved faultKind = "feed-grouped-resolved" // one least ts for several regions
	feedZeroResolved    faultKind = "feed-zero-resolved"
	// Drawn once a message.
	feedBreak faultKind = "feed-break" // the stream ends, UNAVAILABLE
	feedDelay faultKind = "feed-delay"
	// Drawn once a KV RPC. The request is not executed, except for kv-drop-reply.
	kvBusy           faultKind = "kv-busy"
	kvStaleCommand   faultKind = "kv-stale-command"
	kvEpochNotMatch  faultKind = "kv-epoch-not-match" // with the region as it is
	kvEpochEmpty     faultKind = "kv-epoch-empty"     // without regions
	kvNotLeader      faultKind = "kv-not-leader"
	kvRegionNotFound faultKind = "kv-region-not-found"
	kvDropRequest    faultKind = "kv-drop-request"
	kvDropReply      faultKind = "kv-drop-reply" // executed, but the caller sees UNAVAILABLE or DEADLINE_EXCEEDED
	kvDelay          faultKind = "kv-delay"
	// Drawn once a PD call.
	pdNotLeader faultKind = "pd-not-leader"
	pdHole      faultKind = "pd-hole"      // a region is missing from a scan
	pdNoLeader  faultKind = "pd-no-leader" // a region without leader
	pdDelay     faultKind = "pd-delay"
	pdTSOBreak  faultKind = "pd-tso-break" // the timestamp stream ends
)

// usualOdds is what a kind gets when it is switched on without a probability.
var usualOdds = map[faultKind]float64{
	feedCongested: .03, feedBusy: .03, feedNotLeader: .03, feedRegionNotFound: .03, feedEpochNotMatch: .03, feedNoReason: .02,
	feedLateScan: .5, feedStaleRow: .3, feedDuplicate: .3,
	feedStrayRollback: .02, feedRewrite: .05, feedStop: .002, feedGroupedResolved: .2, feedZeroResolved: .01,
	feedBreak: .0005, feedDelay: .01,
	kvBusy: .0005, kvStaleCommand: .01, kvEpochNotMatch: .01, kvEpochEmpty: .005, kvNotLeader: .01, kvRegionNotFound: .005,
	kvDropRequest: .002, kvDropReply: .004, kvDelay: .02,
	pdNotLeader: .005, pdHole: .02, pdNoLeader: .02, pdDelay: .02, pdTSOBreak: .001,
}

// site is where a fault may strike.
type site struct {
	method   string // KvCommit, GetRegion …; empty in the feed
	fromTiDB bool   // the caller is TiDB, not the client under test
}

type oneShot struct {
	kind   faultKind
	left   int
	method string // any if empty
	from   string // client, tidb or any
}

type faults struct {
	mu        sync.Mutex
	random    *rand.Rand
	odds      map[faultKind]float64
	shots     []*oneShot
	maxDelay  time.Duration
	spareTiDB bool // probabilities leave TiDB's own requests alone
	stats     *stats
}

func newFaults(seed int64, stats *stats) *faults {
	return &faults{
		random: rand.New(rand.NewSource(seed)), odds: make(map[faultKind]float64),
		maxDelay: 50 * time.Millisecond, stats: stats,
	}
}

// set reads a list such as "all", "feed,kv-busy=0.1" or "kv=0": a kind or a
// group of them (its name up to the dash), with a probability or its usual one.
func (f *faults) set(spec string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, item := range strings.Split(spec, ",") {
		name, value, given := strings.Cut(strings.TrimSpace(item), "=")
		if name == "" {
			continue
		}
		odds := -1.0
		if given {
			var err error
			if odds, err = strconv.ParseFloat(value, 64); err != nil || odds < 0 || odds > 1 {
				return fmt.Errorf("%q: a probability from 0 to 1 is wanted", item)
			}
		}
		known := false
		for kind, usual := range usualOdds {
			if name != "all" && name != string(kind) && !strings.HasPrefix(string(kind), name+"-") {
				continue
			}
			known = true
			if f.odds[kind] = odds; odds < 0 {
				f.odds[kind] = usual
			}
		}
		if !known {
			return fmt.Errorf("%q: no such kind of fault", name)
		}
	}
	return nil
}

// clear ends all faults, one-shots too.
func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.odds, f.shots = make(map[faultKind]float64), nil
}

// next makes a kind fire at its next chances.
func (f *faults) next(shot oneShot) error {
	if _, known := usualOdds[shot.kind]; !known {
		return fmt.Errorf("%q: no such kind of fault", shot.kind)
	}
	if !slices.Contains([]string{"client", "tidb", "any"}, shot.from) {
		return fmt.Errorf("from: client, tidb or any is wanted")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shots = append(f.shots, &shot)
	return nil
}

// strikes draws whether a fault happens here and now.
func (f *faults) strikes(kind faultKind, at site) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, shot := range f.shots {
		if shot.kind != kind || shot.method != "" && shot.method != at.method ||
			shot.from == "client" && at.fromTiDB || shot.from == "tidb" && !at.fromTiDB {
			continue
		}
		if shot.left--; shot.left <= 0 {
			f.shots = slices.Delete(f.shots, i, i+1)
		}
		f.stats.add("faults", string(kind))
		return true
	}
	odds := f.odds[kind]
	if odds == 0 || at.fromTiDB && f.spareTiDB || f.random.Float64() >= odds {
		return false
	}
	f.stats.add("faults", string(kind))
	return true
}

// any is the first of several kinds that strikes, or none.
func (f *faults) any(at site, kinds ...faultKind) faultKind {
	for _, kind := range kinds {
		if f.strikes(kind, at) {
			return kind
		}
	}
	return ""
}

// pick is a number below n.
func (f *faults) pick(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.Intn(n)
}

// shuffle orders n things at random.
func (f *faults) shuffle(n int, swap func(i, j int)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.random.Shuffle(n, swap)
}

// delay is how long something that is to be late waits.
func (f *faults) delay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.maxDelay/2 + time.Duration(f.random.Int63n(int64(f.maxDelay/2)+1))
}

// settings is what is switched on.
func (f *faults) settings() map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	odds := make(map[faultKind]float64)
	for kind, p := range f.odds {
		if p > 0 {
			odds[kind] = p
		}
	}
	waiting := make(map[faultKind]int)
	for _, shot := range f.shots {
		waiting[shot.kind] += shot.left
	}
	return map[string]any{"odds": odds, "waiting": waiting, "delayMs": f.maxDelay.Milliseconds(), "spareTidb": f.spareTiDB}
}
