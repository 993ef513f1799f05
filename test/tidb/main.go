// Command rig runs a small but real TiDB cluster in one process, for tests of
// clients that speak TiKV's and PD's gRPC protocols:
//
//   - one or more TiKV stores: unistore (TiDB's own in-process TiKV, with MVCC,
//     locks and the coprocessor) behind tikvpb.Tikv, plus cdcpb.ChangeData;
//   - a PD: pdpb.PD and the HTTP API, inside an etcd server as in the real one;
//   - TiDB itself, joined to them over TCP through its ordinary TiKV driver.
//
// With -join it is one more tidb-server of a cluster that runs already, and
// nothing else.
//
// Everything listens on 127.0.0.1, unless -tidb-config says `host = "::1"`,
// which is TiDB's alone. Port 0 picks a free one. When all is ready
// the rig prints one line with the addresses: JSON, or with -fixed-ports
// "tidb ready: mysql=… status=… pd=…". It ends on SIGTERM, SIGINT, or when its
// standard input closes (with -stdin).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pingcap/log"
)

// storeVersion is the TiKV version the stores claim. TiDB picks features by it.
const storeVersion = "8.5.4"

const clusterID = 7_460_000_000_000_000_001

type options struct {
	stores, pdPort, kvPort, tidbPort, statusPort int
	fixedPorts, withTiDB, stdin, spareTiDB       bool
	resolvedInterval, pdLag, gracefulWait        time.Duration
	dir, logLevel, faults, join, labels          string
	tidbConfig                                   string
	seed                                         int64
}

func parseOptions() (o options) {
	flag.IntVar(&o.stores, "stores", 1, "number of TiKV stores (ports)")
	flag.IntVar(&o.pdPort, "pd-port", 0, "PD's port")
	flag.IntVar(&o.kvPort, "kv-port", 0, "first store's port; the others follow it")
	flag.IntVar(&o.tidbPort, "tidb-port", 0, "TiDB's MySQL port")
	flag.IntVar(&o.statusPort, "status-port", 0, "TiDB's status port")
	flag.BoolVar(&o.fixedPorts, "fixed-ports", false, "TiDB's usual ports (MySQL 4000, status 10080, PD 2379, stores from 20160) and the plain ready line")
	flag.BoolVar(&o.withTiDB, "tidb", true, "run TiDB; false leaves PD and the stores only")
	flag.StringVar(&o.join, "join", "", "only a TiDB, as one more server of the cluster of this PD (host:port)")
	flag.StringVar(&o.labels, "labels", "", "TiDB's labels, e.g. zone=east,rack=3")
	flag.DurationVar(&o.resolvedInterval, "resolved-interval", 100*time.Millisecond, "how often resolved timestamps are sent")
	flag.DurationVar(&o.pdLag, "pd-lag", 40*time.Millisecond, "how late PD knows of splits, merges and new leaders")
	flag.StringVar(&o.faults, "faults", "", "faults by kind or group with a probability, e.g. all, feed,kv-busy=0.1 (see README)")
	flag.BoolVar(&o.spareTiDB, "spare-tidb", false, "faults leave TiDB's own requests alone")
	flag.Int64Var(&o.seed, "seed", 1, "of the faults' randomness")
	flag.DurationVar(&o.gracefulWait, "graceful-wait", 0, "how long TiDB goes on serving after it was told to end, in whole seconds (graceful-wait-before-shutdown)")
	flag.StringVar(&o.tidbConfig, "tidb-config", "", "TOML file with more of TiDB's configuration, e.g. [security] ssl-cert")
	flag.StringVar(&o.dir, "dir", "", "directory for data and logs (default: a temporary one, removed at the end)")
	flag.StringVar(&o.logLevel, "log-level", "warn", "TiDB's log level")
	flag.BoolVar(&o.stdin, "stdin", false, "end when standard input closes")
	flag.Parse()
	if o.fixedPorts {
		o.tidbPort, o.statusPort, o.pdPort, o.kvPort = 4000, 10080, 2379, 20160
	}
	return o
}

func main() {
	if err := run(parseOptions()); err != nil {
		fmt.Fprintln(os.Stderr, "rig:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	began := time.Now()
	dir := o.dir
	if dir == "" {
		tmp, err := os.MkdirTemp("", "tidb-rig-")
		if err != nil {
			return err
		}
		beforeAbort = func() { _ = os.RemoveAll(tmp) }
		defer beforeAbort()
		dir = tmp
	}
	if err := quietLog(dir, o.logLevel); err != nil {
		return err
	}
	if o.join != "" {
		return joinCluster(o, dir, began)
	}
	c, err := startCluster(o, dir)
	if err != nil {
		return err
	}
	defer c.stop()

	ready := map[string]any{"pd": c.pd.address, "clusterId": fmt.Sprint(uint64(clusterID)), "dir": dir, "pid": os.Getpid()}
	var addresses []string
	for _, s := range c.servers {
		addresses = append(addresses, s.meta.Address)
	}
	ready["stores"] = addresses
	stopped := make(chan error, 1)
	if o.withTiDB {
		signing, err := c.signing()
		if err != nil {
			return err
		}
		tidb, err := addTiDB(o, c.pd.address, dir, signing, ready)
		if err != nil {
			return err
		}
		defer tidb.stop()
		go func() { stopped <- <-tidb.stopped }()
	}
	// What makes life hard begins when all is up.
	c.regions.pdLag.Store(int64(o.pdLag))
	c.faults.spareTiDB = o.spareTiDB
	if err := c.faults.set(o.faults); err != nil {
		return fmt.Errorf("-faults: %w", err)
	}
	ready["startMs"] = time.Since(began).Milliseconds()
	if o.fixedPorts {
		fmt.Printf("tidb ready: mysql=%s status=%s pd=%s\n", ready["tidb"], ready["status"], ready["pd"])
	} else {
		line, _ := json.Marshal(ready)
		fmt.Println(string(line))
	}
	return untilTold(o.stdin, stopped)
}

// joinCluster serves as one more tidb-server until it is told to end.
func joinCluster(o options, dir string, began time.Time) error {
	ready := map[string]any{"pd": o.join, "clusterId": fmt.Sprint(uint64(clusterID)), "dir": dir, "pid": os.Getpid(), "stores": []string{}}
	signing, err := fetchKeyPair(o.join)
	if err != nil {
		return err
	}
	tidb, err := addTiDB(o, o.join, dir, signing, ready)
	if err != nil {
		return err
	}
	defer tidb.stop()
	ready["startMs"] = time.Since(began).Milliseconds()
	line, _ := json.Marshal(ready)
	fmt.Println(string(line))
	return untilTold(o.stdin, tidb.stopped)
}

// addTiDB starts a TiDB over a PD, and says where it is.
func addTiDB(o options, pd, dir string, signing keyPair, ready map[string]any) (*tidbServer, error) {
	port, err := freePort(o.tidbPort)
	if err != nil {
		return nil, err
	}
	statusPort, err := freePort(o.statusPort)
	if err != nil {
		return nil, err
	}
	labels, err := parseLabels(o.labels)
	if err != nil {
		return nil, err
	}
	tidb, err := startTiDB(tidbOptions{
		pd: pd, port: port, statusPort: statusPort, dir: dir, logLevel: o.logLevel, labels: labels,
		signing: signing, gracefulWait: o.gracefulWait, config: o.tidbConfig,
	})
	if err != nil {
		return nil, fmt.Errorf("TiDB: %w", err)
	}
	ready["tidb"] = net.JoinHostPort(tidb.host, strconv.Itoa(port))
	ready["status"] = net.JoinHostPort(tidb.host, strconv.Itoa(statusPort))
	ready["version"] = tidbVersion()
	return tidb, nil
}

// parseLabels reads name=value,name=value.
func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("-labels: %q is not name=value", pair)
		}
		labels[name] = value
	}
	return labels, nil
}

// untilTold waits for a signal, the end of standard input, or TiDB's own end.
func untilTold(stdin bool, stopped <-chan error) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	closed := make(chan struct{})
	if stdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			close(closed)
		}()
	}
	select {
	case <-signals:
		return nil
	case <-closed:
		return nil
	case err := <-stopped:
		return err
	}
}

// freePort is port, or one that is free now if port is 0.
func freePort(port int) (int, error) {
	if port != 0 {
		return port, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// quietLog sends the log of everything (unistore and PD's client share TiDB's) to a file.
func quietLog(dir, level string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	logger, props, err := log.InitLogger(&log.Config{Level: level, File: log.FileLogConfig{Filename: filepath.Join(dir, "rig.log")}})
	if err != nil {
		return err
	}
	log.ReplaceGlobals(logger, props)
	return nil
}
