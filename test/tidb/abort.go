package main

import (
	"fmt"
	"math"
	"os"
	"time"

	"github.com/pingcap/kvproto/pkg/coprocessor"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
)

// Some requests make TiKV's process abort, for all its clients. The rig ends as
// TiKV does (SIGABRT's exit code), so that a test cannot miss it.

const abortExitCode = 134

// readSlack is how far beyond PD's clock a read may lie before TiKV takes its
// timestamp for garbage (storage.max-ts.max-drift).
const readSlack = 60 * time.Second

// beforeAbort tidies up; os.Exit runs no deferred calls.
var beforeAbort = func() {}

func abort(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "rig: TiKV would abort: "+format+"\n", args...)
	beforeAbort()
	os.Exit(abortExitCode)
}

// mustNotAbort ends the process if TiKV would.
func (s *kvService) mustNotAbort(method string, req any) {
	keys := -1
	switch r := req.(type) {
	case *kvrpcpb.PrewriteRequest:
		keys = len(r.Mutations)
	case *kvrpcpb.CommitRequest:
		keys = len(r.Keys)
	case *kvrpcpb.BatchRollbackRequest:
		keys = len(r.Keys)
	case *kvrpcpb.CheckSecondaryLocksRequest:
		keys = len(r.Keys)
		s.mustBeKnown(method, "start_version", r.StartVersion, 0)
	case *kvrpcpb.GetRequest:
		s.mustBeKnown(method, "version", r.Version, readSlack)
	case *kvrpcpb.BatchGetRequest:
		s.mustBeKnown(method, "version", r.Version, readSlack)
	case *kvrpcpb.ScanRequest:
		s.mustBeKnown(method, "version", r.Version, readSlack)
	case *coprocessor.Request:
		s.mustBeKnown(method, "start_ts", r.StartTs, readSlack)
	case *kvrpcpb.CheckTxnStatusRequest:
		s.mustBeKnown(method, "lock_ts", r.LockTs, 0)
		s.mustBeKnown(method, "caller_start_ts", r.CallerStartTs, 0)
		s.mustBeKnown(method, "current_ts", r.CurrentTs, 0)
	case *kvrpcpb.ScanLockRequest:
		s.mustBeKnown(method, "max_version", r.MaxVersion, 0)
	case *kvrpcpb.CleanupRequest:
		s.mustBeKnown(method, "current_ts", r.CurrentTs, 0)
	}
	if keys == 0 {
		abort("%s with no keys (write lock is expected for command)", method)
	}
}

// mustBeKnown checks that PD has given a timestamp (u64::MAX is exempt).
func (s *kvService) mustBeKnown(method, field string, ts uint64, slack time.Duration) {
	if ts == math.MaxUint64 || ts <= s.oracle.given() {
		return
	}
	if now := s.oracle.next(); ts > now+uint64(slack.Milliseconds())<<logicalBits {
		abort("%s with %s %d, PD's timestamp is %d (invalid max_ts update)", method, field, ts, now)
	}
}
