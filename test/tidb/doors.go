package main

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// doors lets a test disturb and watch the cluster over plain HTTP on PD's port.
// The README lists them.
func (c *cluster) doors() http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, act func(url.Values) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := act(r.URL.Query())
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			writeJSON(w, v)
		})
	}
	done := func(err error) (any, error) { return "ok", err }

	// Regions and stores
	open("POST /rig/split", func(q url.Values) (any, error) {
		raw, err := hex.DecodeString(q.Get("key"))
		if err != nil || len(raw) == 0 {
			return nil, fmt.Errorf("key: a hex string is wanted")
		}
		return c.pd.splitAt([][]byte{encodeKey(raw)}), nil
	})
	open("POST /rig/merge", func(q url.Values) (any, error) {
		merged, err := c.regions.mergeRight(number(q, "region", 0))
		if err != nil {
			return nil, err
		}
		return merged.Id, nil
	})
	open("POST /rig/transfer-leader", func(q url.Values) (any, error) {
		return done(c.regions.transferLeader(number(q, "region", 0), number(q, "store", 0)))
	})
	open("POST /rig/stop-store", func(q url.Values) (any, error) { return done(c.stopStore(number(q, "store", 0))) })
	open("POST /rig/start-store", func(q url.Values) (any, error) { return done(c.startStore(number(q, "store", 0))) })

	// PD
	open("POST /rig/pd-leader", func(q url.Values) (any, error) {
		c.pd.stepDown(milliseconds(q, 300))
		return "ok", nil
	})
	open("POST /rig/pd-lag", func(q url.Values) (any, error) {
		c.regions.pdLag.Store(int64(milliseconds(q, 0)))
		return "ok", nil
	})
	open("POST /rig/gc", func(q url.Values) (any, error) { return c.collect(number(q, "safe-point", 0), q.Get("force") != "") })
	open("GET /rig/tso", func(url.Values) (any, error) { return strconv.FormatUint(c.oracle.next(), 10), nil })

	// The feed
	open("POST /rig/pause-resolved", func(q url.Values) (any, error) {
		c.hub.pace.pause(milliseconds(q, 0))
		return "ok", nil
	})
	open("POST /rig/resolved-interval", func(q url.Values) (any, error) {
		c.hub.pace.set(milliseconds(q, 100))
		return "ok", nil
	})

	// Faults and statistics
	open("GET /rig/faults", func(url.Values) (any, error) { return c.faults.settings(), nil })
	open("POST /rig/faults", func(q url.Values) (any, error) {
		err := c.changeFaults(q)
		return c.faults.settings(), err
	})
	open("POST /rig/fault-next", func(q url.Values) (any, error) { return done(c.faults.next(shotOf(q, faultKind(q.Get("kind"))))) })
	open("POST /rig/drop-next-reply", func(q url.Values) (any, error) { return done(c.faults.next(shotOf(q, kvDropReply))) })
	open("GET /rig/stats", func(url.Values) (any, error) {
		all := c.stats.snapshot()
		all["subscriptions"], all["locks"] = c.hub.counts()
		all["regions"] = len(c.regions.now().sorted)
		return all, nil
	})
	open("GET /rig/signing", func(url.Values) (any, error) { return c.signing() })
	open("GET /rig/locks", func(url.Values) (any, error) { return c.hub.heldLocks(), nil })
	return mux
}

func number(q url.Values, name string, otherwise uint64) uint64 {
	n, err := strconv.ParseUint(q.Get(name), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

func milliseconds(q url.Values, otherwise uint64) time.Duration {
	return time.Duration(number(q, "ms", otherwise)) * time.Millisecond
}

// changeFaults understands spec=<list as of -faults>, or kind= and
// probability=; delay=<ms>; spare-tidb=<0 or 1>; clear=1 before all that.
func (c *cluster) changeFaults(q url.Values) error {
	if q.Get("clear") != "" {
		c.faults.clear()
	}
	spec := q.Get("spec")
	if kind := q.Get("kind"); kind != "" {
		if spec = kind; q.Get("probability") != "" {
			spec += "=" + q.Get("probability")
		}
	}
	if err := c.faults.set(spec); err != nil {
		return err
	}
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	if q.Get("delay") != "" {
		c.faults.maxDelay = time.Duration(number(q, "delay", 50)) * time.Millisecond
	}
	if q.Get("spare-tidb") != "" {
		c.faults.spareTiDB = q.Get("spare-tidb") == "1"
	}
	return nil
}

// shotOf reads count=, method= and from=; without from= TiDB's own requests,
// which come at any time, do not use the shot up.
func shotOf(q url.Values, kind faultKind) oneShot {
	from := q.Get("from")
	if from == "" {
		from = "client"
	}
	return oneShot{kind: kind, left: int(number(q, "count", 1)), method: q.Get("method"), from: from}
}

// collect is a round of GC: the transaction safe point first, as far as the
// barriers let it, then the data. From then on the feed's scans have lost what
// lies below, at once and without a word.
func (c *cluster) collect(safePoint uint64, force bool) (any, error) {
	reached, blocker := c.gc.advanceTxnPoint(safePoint)
	point := c.gc.advance(safePoint, force)
	c.data.mvcc.UpdateSafePoint(point)
	text := func(ts uint64) string { return strconv.FormatUint(ts, 10) }
	return map[string]string{"txnSafePoint": text(max(reached, point)), "safePoint": text(point), "blocker": blocker}, nil
}
