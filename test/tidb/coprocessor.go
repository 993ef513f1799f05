package main

import (
	"bytes"
	"context"
	"slices"

	"github.com/golang/protobuf/proto"
	"github.com/pingcap/kvproto/pkg/coprocessor"
	"github.com/pingcap/tidb/pkg/kv"
	"github.com/pingcap/tipb/go-tipb"
)

func (s *kvService) Coprocessor(ctx context.Context, req *coprocessor.Request) (*coprocessor.Response, error) {
	s.fence.wait()
	if req.Tp == kv.ReqTypeDAG && takesPoints(req.Data) {
		narrow(req.Ranges)
		for _, task := range req.Tasks {
			narrow(task.Ranges)
		}
	}
	return s.Server.Coprocessor(ctx, req)
}

// takesPoints tells whether the scan at the bottom of a plan reads a range that
// ends at the successor of its start as that one key: table scans without
// common handle and scans of unique indexes do.
func takesPoints(plan []byte) bool {
	dag := &tipb.DAGRequest{}
	if proto.Unmarshal(plan, dag) != nil {
		return false
	}
	var bottom *tipb.Executor
	if len(dag.Executors) > 0 {
		bottom = dag.Executors[0]
	} else {
		for bottom = dag.RootExecutor; childOf(bottom) != nil; {
			bottom = childOf(bottom)
		}
	}
	if scan := bottom.GetTblScan(); scan != nil {
		return len(scan.PrimaryColumnIds) == 0
	}
	return bottom.GetIdxScan().GetUnique()
}

func childOf(e *tipb.Executor) *tipb.Executor {
	switch {
	case e.GetSelection() != nil:
		return e.Selection.Child
	case e.GetProjection() != nil:
		return e.Projection.Child
	case e.GetAggregation() != nil:
		return e.Aggregation.Child
	case e.GetTopN() != nil:
		return e.TopN.Child
	case e.GetLimit() != nil:
		return e.Limit.Child
	default:
		return nil
	}
}

// narrow makes a point of each range [key, successor): only the very key is
// read, so that a whole table's [t{id}_r, t{id}_s) finds nothing.
func narrow(ranges []*coprocessor.KeyRange) {
	for _, r := range ranges {
		if bytes.Equal(r.End, successor(r.Start)) {
			r.End = append(slices.Clone(r.Start), 0)
		}
	}
}

// successor is the next key of the same length.
func successor(key []byte) []byte {
	next := slices.Clone(key)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next
		}
	}
	return append(slices.Clone(key), 0)
}
